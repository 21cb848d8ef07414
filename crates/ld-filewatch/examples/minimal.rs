//! Watches a number in a file: `cargo run -p ld-filewatch --example minimal -- /tmp/limit`, then
//! `echo 20 > /tmp/limit` from another terminal.

use ld_filewatch::FileWatcher;

fn main() -> Result<(), Box<dyn std::error::Error>> {
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
