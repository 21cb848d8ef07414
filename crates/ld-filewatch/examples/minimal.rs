//! Watches a number in a file: `cargo run -p ld-filewatch --example minimal -- /tmp/limit`, then
//! `echo 20 > /tmp/limit` from another terminal.

use std::error::Error;
use std::process::ExitCode;

use ld_filewatch::FileWatcher;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: minimal <file with a number>")?;
    let limit: FileWatcher<u32> = FileWatcher::builder(path)
        .on_error(|error| eprintln!("{error}"))
        .text(Default::default(), |text| Ok(text.trim().parse::<u32>()?))?;

    let mut changes = limit.subscribe().from_start();
    while let Some(change) = changes.recv() {
        println!("version {}: the limit is {}", change.version, change.data);
    }
    Ok(())
}
