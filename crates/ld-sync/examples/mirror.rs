//! Keeps one file equal to one node: `mirror HOST:PORT[/CHROOT] ZNODE FILE`.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use ld_sync::Engine;
use ld_sync::ld_config::{NodeConfig, SecretsConfig, ZooKeeperConfig};
use ld_sync::ld_zk::{Client, Options};

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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [hosts, znode, file] = arguments.as_slice() else {
        return Err("usage: mirror HOST:PORT[/CHROOT] ZNODE FILE".into());
    };
    let zookeeper = ZooKeeperConfig::builder().hosts(hosts).build()?;
    let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?;
    let node = NodeConfig::builder("mirror", znode, file).build()?;
    let engine = Engine::builder(Arc::new(client)).node(node).start()?;

    let mut changes = engine.changes();
    while let Some(nodes) = changes.next().await {
        for node in nodes {
            println!("{}: {} {}", node.source, node.state.as_str(), node.last_error.unwrap_or_default());
        }
    }
    Ok(())
}
