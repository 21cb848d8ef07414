//! Loads what a pointer on standard input points to, and writes it to standard output:
//! `cargo run -p ld-s3 --example load < pointer.json > object`

use std::io::{self, Read, Write};

use ld_s3::S3Loader;
use ld_s3::ld_config::S3Config;
use ld_s3::ld_sync::{Again, BoxFuture, LoadError, Loader, Sink};

/// Standard output. What was written cannot be taken back.
struct Output {
    is_started: bool,
}

impl Sink for Output {
    fn start(&mut self) -> BoxFuture<'_, Result<(), LoadError>> {
        let again = std::mem::replace(&mut self.is_started, true);
        let result = if again { Err(LoadError::new("it broke off", Again::Never)) } else { Ok(()) };
        Box::pin(async { result })
    }

    fn write(&mut self, piece: Vec<u8>) -> BoxFuture<'_, Result<(), LoadError>> {
        let written = io::stdout().write_all(&piece);
        Box::pin(async { written.map_err(|error| LoadError::new(error.to_string(), Again::Never)) })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut json = String::new();
    io::stdin().read_to_string(&mut json)?;
    let pointer = S3Loader::new(&S3Config::default()).parse(&json)?;
    eprintln!("loading {}", pointer.target());
    pointer.load(None, &mut Output { is_started: false }).await?;
    Ok(())
}
