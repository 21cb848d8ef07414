//! Reads a file that may lie on a hung file system: `read_with_limit FILE`.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use ld_blocking::{BoundedCalls, Spawner};

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
    let path = std::env::args_os().nth(1).ok_or("usage: read_with_limit FILE")?;
    let reads = BoundedCalls::new("reading the file", Spawner::Threads, 1);
    let content = reads.run(Duration::from_secs(2), move || std::fs::read(path)).await??;
    println!("{} bytes", content.len());
    Ok(())
}
