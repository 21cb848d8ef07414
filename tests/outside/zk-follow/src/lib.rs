//! What one node holds, for as long as the program runs.

use ld_zk::ld_config::{SecretsConfig, ZooKeeperConfig};
use ld_zk::{Absence, Client, Error, NodeState, NodeWatch, Options, SessionKey, Unreadable};

/// What was found in the node.
#[derive(Debug, PartialEq)]
pub enum Content {
    Bytes(Vec<u8>),
    /// It is missing from an ensemble that holds data.
    Missing,
}

/// A client of the servers in `hosts`, such as `zk1:2181,zk2:2181/production`.
pub fn connect(hosts: &str) -> Result<Client, Box<dyn std::error::Error>> {
    let zookeeper = ZooKeeperConfig::builder().hosts(hosts).build()?;
    Ok(Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?)
}

/// Gives `tell` what the node holds, at first and after each change, and the session in which it
/// was read. Ends when the client is closed.
pub async fn follow(mut watch: NodeWatch, mut tell: impl FnMut(Content, SessionKey)) {
    let mut last = None;
    loop {
        watch.changed().await;
        let reading = watch.read().await;
        let (content, mzxid) = match reading.state {
            NodeState::Present { data, stat } => (Content::Bytes(data.to_vec()), Some(stat.mzxid)),
            NodeState::Absent(Absence::Deleted | Absence::Confirmed) => (Content::Missing, None),
            NodeState::Unreadable(Unreadable::Other(Error::Closed)) => return,
            // The last content still holds. The watch tries again.
            other => {
                eprintln!("{}: {other:?}", watch.path());
                continue;
            }
        };
        // A new session reads again what has not changed.
        if last != Some(mzxid) {
            last = Some(mzxid);
            tell(content, reading.session);
        }
    }
}
