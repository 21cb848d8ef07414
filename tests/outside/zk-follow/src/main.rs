//! `zk-follow HOSTS ZNODE`: prints what the node holds.

use std::error::Error;
use std::process::ExitCode;

use zk_follow::{Content, connect, follow};

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
        return Err("usage: zk-follow HOSTS ZNODE".into());
    };
    let client = connect(hosts)?;
    let watch = client.watch(znode)?;
    follow(watch, |content, _| match content {
        Content::Bytes(bytes) => println!("{}", bytes.escape_ascii()),
        Content::Missing => println!("the node does not exist"),
    })
    .await;
    Ok(())
}
