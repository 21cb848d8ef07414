//! `zk-children HOSTS ZNODE USER:PASSWORD`: creates the register and prints its workers.

use std::error::Error;
use std::process::ExitCode;

use zk_children::{connect, create, follow};

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
        return Err("usage: zk-children HOSTS ZNODE USER:PASSWORD".into());
    };
    let client = connect(hosts)?;
    create(&client, znode, credential).await?;
    let print = |workers: &[String]| {
        println!("{} workers: {}", workers.len(), workers.join(", "));
        true
    };
    follow(client.watch_children(znode)?, print).await;
    Ok(())
}
