//! Prints a node's states: `cargo run -p ld-zk --example watch_node -- localhost:2181 /live/flags`.

use ld_config::{Host, SecretsConfig, ZooKeeperConfig};
use ld_zk::{Client, NodeState, Options};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(host), Some(path)) = (arguments.next(), arguments.next()) else {
        return Err("usage: watch_node HOST:PORT PATH".into());
    };
    let (name, port) = host.rsplit_once(':').ok_or("the host needs a port, as in localhost:2181")?;
    let hosts = vec![Host { name: name.to_owned(), port: port.parse()? }];
    let config = {
        let mut zookeeper = ZooKeeperConfig::default();
        zookeeper.hosts = hosts;
        zookeeper
    };

    let client = Client::new(&config, &SecretsConfig::default(), Options::default())?;
    let mut watch = client.watch(&path)?;
    loop {
        watch.changed().await;
        let reading = watch.read().await;
        match reading.state {
            NodeState::Present { data, stat } => {
                println!("{path}: {} bytes, mzxid {:#x}", data.len(), stat.mzxid);
            }
            NodeState::TooLarge { bytes, limit } => println!("{path}: {bytes} bytes, more than {limit}"),
            NodeState::Absent(absence) => println!("{path}: not there ({absence:?})"),
            NodeState::Unreadable(why) => println!("{path}: unreadable ({why:?})"),
        }
    }
}
