//! Watches all `*.conf` files below a directory as one value: `cargo run -p ld-filewatch --example
//! directory -- /tmp/conf.d`, then add, change and remove files there.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use ld_filewatch::DirectoryWatcher;

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
    let path = std::env::args().nth(1).ok_or("usage: directory <directory>")?;
    let sizes: DirectoryWatcher<BTreeMap<PathBuf, usize>> = DirectoryWatcher::builder(path)
        .glob("**/*.conf")
        .on_error(|error| eprintln!("keeping the last good state: {error}"))
        .build(|files| Ok(files.iter().map(|file| (file.path().into(), file.bytes().len())).collect()))?;

    let mut changes = sizes.subscribe().from_start();
    while let Some(change) = changes.recv() {
        println!("version {}: {:?}", change.version, change.data);
    }
    Ok(())
}
