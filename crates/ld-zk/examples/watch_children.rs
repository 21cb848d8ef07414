//! Creates a node that only its creator may change, and watches its children:
//! `watch_children HOST:PORT[/CHROOT] ZNODE USER:PASSWORD`.

use std::error::Error;

use ld_zk::ld_config::{SecretsConfig, ZooKeeperConfig};
use ld_zk::zookeeper::{Acl, Acls, AuthId, CreateMode, Permission};
use ld_zk::{ChildrenState, Client, Options};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [hosts, znode, credential] = arguments.as_slice() else {
        return Err("usage: watch_children HOST:PORT[/CHROOT] ZNODE USER:PASSWORD".into());
    };
    let zookeeper = ZooKeeperConfig::builder().hosts(hosts).build()?;
    let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?;

    // What this crate does not do, the session's plain client does. Ask for it each time: it ends
    // with its session.
    let session = client.session().await?;
    session.auth("digest", credential.as_bytes()).await?;
    let acl = [Acl::new(Permission::ALL, AuthId::authed()), Acl::new(Permission::READ, AuthId::anyone())];
    let options = CreateMode::Persistent.with_acls(Acls::new(&acl));
    match session.create(znode, b"", &options).await {
        Ok(_) => println!("{znode} is there; only {credential} may change it"),
        Err(ld_zk::zookeeper::Error::NodeExists) => println!("{znode} was there already"),
        Err(error) => return Err(error.into()),
    }

    let mut watch = client.watch_children(znode)?;
    loop {
        watch.changed().await;
        match watch.read().await.state {
            ChildrenState::Present { children, .. } => println!("children: {}", children.join(", ")),
            ChildrenState::Absent => println!("{znode} does not exist"),
            ChildrenState::Unreadable(why) => println!("cannot be listed: {why}"),
        }
    }
}
