//! `filewatch-axum FLAGS`: serves on 127.0.0.1:8080.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use filewatch_axum::{flags, follow, service};

#[tokio::main]
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
    let path = std::env::args_os().nth(1).map(PathBuf::from).ok_or("usage: filewatch-axum FLAGS")?;
    let flags = flags(&path)?;
    // A service that cannot work without its flags waits for them, without blocking the runtime.
    flags.available().await?;
    tokio::spawn(follow(flags.clone(), |version, flags| println!("version {version}: {flags:?}")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, service(flags)).await?;
    Ok(())
}
