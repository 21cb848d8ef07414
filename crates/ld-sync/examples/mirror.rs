//! Keeps one file equal to one node: `mirror HOST:PORT ZNODE FILE`.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use ld_config::{Host, NodeConfig, SecretsConfig, WatcherConfig, ZooKeeperConfig};
use ld_sync::Engine;
use ld_zk::{Client, Options};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, znode, file] = arguments.as_slice() else {
        return Err("usage: mirror HOST:PORT ZNODE FILE".into());
    };
    let (name, port) = server.split_once(':').ok_or("HOST:PORT, please")?;
    let zookeeper = {
        let mut zookeeper = ZooKeeperConfig::default();
        zookeeper.hosts = vec![Host { name: name.to_owned(), port: port.parse()? }];
        zookeeper
    };
    let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?;
    let node = NodeConfig::new("mirror", znode, file);
    let engine = Engine::start(Arc::new(client), vec![node], WatcherConfig::default())?;
    loop {
        for node in engine.status() {
            println!("{}: {} {}", node.source, node.state.as_str(), node.last_error.unwrap_or_default());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
