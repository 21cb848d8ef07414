//! Prints a node's states: `watch_node HOST:PORT[/CHROOT] ZNODE`, for example
//! `cargo run -p ld-zk --example watch_node -- localhost:2181 /live/flags`.

use std::error::Error;
use std::process::ExitCode;

use ld_zk::ld_config::{SecretsConfig, ZooKeeperConfig};
use ld_zk::{Absence, Client, NodeState, Options};

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
    let [hosts, znode] = arguments.as_slice() else {
        return Err("usage: watch_node HOST:PORT[/CHROOT] ZNODE".into());
    };
    let zookeeper = ZooKeeperConfig::builder().hosts(hosts).build()?;
    let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?;
    let mut watch = client.watch(znode)?;
    loop {
        watch.changed().await;
        let reading = watch.read().await;
        match reading.state {
            NodeState::Present { data, stat } => {
                println!("{znode}: {} bytes, mzxid {:#x}", data.len(), stat.mzxid);
            }
            NodeState::TooLarge { bytes, limit } => println!("{znode}: {bytes} bytes, more than {limit}"),
            NodeState::Absent(Absence::Unconfirmed { reason }) => println!("{znode}: missing, but {reason}"),
            NodeState::Absent(_) => println!("{znode}: does not exist"),
            NodeState::Unreadable(why) => println!("{znode}: unreadable ({why})"),
            other => println!("{znode}: {other:?}"),
        }
    }
}
