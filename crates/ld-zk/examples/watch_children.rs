//! Creates a node that only its creator may change and where all may add children, and watches
//! these: `watch_children HOST:PORT[/CHROOT] ZNODE USER:PASSWORD`, for example
//! `cargo run -p ld-zk --example watch_children -- localhost:2181 /workers me:secret`.

use std::error::Error;
use std::process::ExitCode;

use ld_zk::ld_config::{SecretsConfig, ZooKeeperConfig};
use ld_zk::zookeeper::{Acl, Acls, AuthId, CreateMode, Permission};
use ld_zk::{ChildrenState, Client, Options};

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
    let [hosts, znode, credential] = arguments.as_slice() else {
        return Err("usage: watch_children HOST:PORT[/CHROOT] ZNODE USER:PASSWORD".into());
    };
    let (user, _) = credential.split_once(':').ok_or("give the credential as USER:PASSWORD")?;
    let zookeeper = ZooKeeperConfig::builder().hosts(hosts).build()?;
    let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?;

    // What this crate does not do, the session's plain client does. Ask for it each time: it ends
    // with its session.
    let session = client.session().await?;
    session.auth("digest", credential.as_bytes()).await?;
    let others = Permission::READ | Permission::CREATE;
    let acl = [Acl::new(Permission::ALL, AuthId::authed()), Acl::new(others, AuthId::anyone())];
    let options = CreateMode::Persistent.with_acls(Acls::new(&acl));
    match session.create(znode, b"", &options).await {
        Ok(_) => println!("{znode} is there; only {user} may change it"),
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
            other => println!("{other:?}"),
        }
    }
}
