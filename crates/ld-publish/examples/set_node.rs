//! Writes a file into a node, with a diff: `set_node HOST:PORT[/CHROOT] ZNODE FILE`.

use std::error::Error;
use std::process::ExitCode;

use ld_publish::ld_config::{SecretsConfig, ZooKeeperConfig};
use ld_publish::ld_zk::{Client, Options};
use ld_publish::{Diff, DiffOptions, plan};

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
        return Err("usage: set_node HOST:PORT[/CHROOT] ZNODE FILE".into());
    };
    let zookeeper = ZooKeeperConfig::builder().hosts(hosts).build()?;
    let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?;
    let plan = plan(&client, znode, std::fs::read(file)?, zookeeper.max_node_bytes).await?;
    if !plan.is_change() {
        println!("{znode} holds that already");
        return Ok(());
    }
    match plan.diff(&DiffOptions::default()) {
        Diff::Unified(text) | Diff::Summary(text) => print!("{text}"),
        _ => println!("binary content changes"),
    }
    let interrupt = async {
        // Without a handler for Ctrl-C the program just ends.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let published = plan.commit(interrupt).await?;
    println!("{znode} has version {}, mzxid {:#x}", published.version, published.mzxid);
    Ok(())
}
