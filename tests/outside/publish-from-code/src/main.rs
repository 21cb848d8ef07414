//! `publish-from-code HOSTS ZNODE FILE`: publishes a JSON file.

use std::error::Error;
use std::process::ExitCode;

use ld_publish::ld_config::{Format, NodeConfig, SecretsConfig, ZooKeeperConfig};
use ld_publish::ld_zk::{Client, Options};
use publish_from_code::publish;

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
        return Err("usage: publish-from-code HOSTS ZNODE FILE".into());
    };
    let zookeeper = ZooKeeperConfig::builder().hosts(hosts).build()?;
    let node = NodeConfig::builder("published", znode, file).format(Format::Json).min_bytes(2).build()?;
    let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?;
    let show = |change: &str| {
        print!("{change}");
        true
    };
    let interrupt = async { drop(tokio::signal::ctrl_c().await) };
    match publish(&client, &node, std::fs::read(file)?, zookeeper.max_node_bytes, show, interrupt).await? {
        Some(published) => println!("version {}, {} bytes", published.version, published.bytes),
        None => println!("nothing to write"),
    }
    Ok(())
}
