//! `sync-embedded HOSTS DIRECTORY TENANT...`: keeps the files until Ctrl+C.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use sync_embedded::{Tenants, describe};

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

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [hosts, directory, names @ ..] = arguments.as_slice() else {
        return Err("usage: sync-embedded HOSTS DIRECTORY TENANT...".into());
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let tenants = Tenants::start(hosts, Path::new(directory), &names)?;
    let mut changes = tenants.changes();
    loop {
        tokio::select! {
            Some(changed) = changes.next() => {
                changed.iter().for_each(|status| println!("{}", describe(status)));
            }
            end = tokio::signal::ctrl_c() => break end?,
        }
    }
    if !tenants.stop().await {
        eprintln!("a write hangs");
    }
    Ok(())
}
