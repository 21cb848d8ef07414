//! An engine inside a program that serves its own status page:
//! `status_page HOST:PORT[/CHROOT] LISTEN ZNODE=FILE...`, for example
//! `status_page localhost:2181 127.0.0.1:8080 /app/flags=/tmp/flags`, then `curl 127.0.0.1:8080`.

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ld_sync::ld_config::{NodeConfig, SecretsConfig, ZooKeeperConfig};
use ld_sync::ld_zk::{Client, Options};
use ld_sync::{Engine, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How long a visitor may take.
const LIMIT: Duration = Duration::from_secs(5);

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
    let [hosts, listen, nodes @ ..] = arguments.as_slice() else {
        return Err("usage: status_page HOST:PORT[/CHROOT] LISTEN ZNODE=FILE...".into());
    };
    let zookeeper = ZooKeeperConfig::builder().hosts(hosts).build()?;
    let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?;
    let mut engine = Engine::builder(Arc::new(client));
    for (index, node) in nodes.iter().enumerate() {
        let (znode, file) = node.split_once('=').ok_or("give each node as ZNODE=FILE")?;
        engine = engine.node(NodeConfig::builder(format!("node{index}"), znode, file).build()?);
    }
    let engine = engine.start()?;

    let listener = TcpListener::bind(listen).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (visitor, _) = listener.accept().await?;
        let page = page(&engine.status());
        tokio::spawn(async move { tokio::time::timeout(LIMIT, answer(visitor, page)).await });
    }
}

fn page(nodes: &[Status]) -> String {
    let mut page = String::new();
    for node in nodes {
        let (state, error) = (node.state.as_str(), node.last_error.as_deref().unwrap_or_default());
        let _ = writeln!(page, "{:<10} {} {error}", state, node.source);
    }
    page
}

async fn answer(mut visitor: TcpStream, page: String) -> std::io::Result<()> {
    // The page is the answer to every request.
    let _ = visitor.read(&mut [0; 1024]).await?;
    let length = page.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n");
    visitor.write_all(format!("{head}{page}").as_bytes()).await
}
