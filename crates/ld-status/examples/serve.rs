//! Serves the status of the engine that a configuration asks for: `serve CONFIG`.
//! CONFIG sets `status.listen`, for example to `127.0.0.1:9102`.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ld_status::ld_config::{Config, Environment, Scope};
use ld_status::ld_sync::Engine;
use ld_status::ld_zk::{Client, Options};
use ld_status::{Server, StatusView, fetch};
use tokio::runtime::Handle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: serve CONFIG")?;
    let config = Config::read(&path, &Environment::of_process(), Scope::Watcher)?.config;
    let listen = config.status.listen.clone().ok_or("the configuration sets no status.listen")?;
    let client = Client::new(&config.zookeeper, &config.secrets, Options::default())?;
    let engine = Engine::builder(Arc::new(client.clone()))
        .nodes(config.nodes.clone())
        .settings(config.watcher.clone())
        .start()?;
    let view = StatusView::new(Arc::new(engine), client, &config, env!("CARGO_PKG_VERSION"));
    let server = Server::start(&listen, view, &Handle::current())?;
    println!("the status is served at {}", server.address());
    loop {
        let report = fetch(server.address(), Duration::from_secs(5)).await?;
        println!("{} nodes, all fresh: {}", report.nodes.len(), report.is_fresh());
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}
