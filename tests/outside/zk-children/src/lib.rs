//! A register of workers: each worker is a child of one node, and other programs follow which
//! workers there are.

use ld_zk::ld_config::{SecretsConfig, ZooKeeperConfig};
use ld_zk::zookeeper::{self, Acl, Acls, AuthId, CreateMode, Permission};
use ld_zk::{ChildrenState, ChildrenWatch, Client, Error, Options, Unreadable};

/// A client of the servers in `hosts`, such as `zk1:2181,zk2:2181/production`.
pub fn connect(hosts: &str) -> Result<Client, Box<dyn std::error::Error>> {
    let zookeeper = ZooKeeperConfig::builder().hosts(hosts).build()?;
    Ok(Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?)
}

/// Creates the register, in which only the user of `credential` (`user:password`) may write, and
/// which all may read. One that is there already stays as it is.
pub async fn create(client: &Client, path: &str, credential: &str) -> Result<(), Box<dyn std::error::Error>> {
    let session = client.session().await?;
    session.auth("digest", credential.as_bytes()).await?;
    let acl = [Acl::new(Permission::ALL, AuthId::authed()), Acl::new(Permission::READ, AuthId::anyone())];
    let options = CreateMode::Persistent.with_acls(Acls::new(&acl));
    match session.create(path, b"", &options).await {
        Ok(_) | Err(zookeeper::Error::NodeExists) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Follows the workers in the register, sorted. `tell` gets each list that differs from the one
/// before it, until it returns false or the client is closed.
pub async fn follow(mut watch: ChildrenWatch, mut tell: impl FnMut(&[String]) -> bool) {
    let mut last = None;
    loop {
        watch.changed().await;
        let workers = match watch.read().await.state {
            ChildrenState::Present { children, .. } => children,
            ChildrenState::Absent => Vec::new(),
            ChildrenState::Unreadable(Unreadable::Other(Error::Closed)) => return,
            ChildrenState::Unreadable(why) => {
                eprintln!("{}: {why}", watch.path());
                continue;
            }
            other => {
                eprintln!("{}: {other:?}", watch.path());
                continue;
            }
        };
        if last.as_ref() != Some(&workers) && !tell(last.insert(workers)) {
            return;
        }
    }
}
