//! An S3 server to try clients with: `cargo run -p ld-testkit --example s3`. It ends with its
//! standard input.

use std::io;

use ld_testkit::{S3_ACCESS_KEY, S3_SECRET_KEY, S3Server};

fn main() -> io::Result<()> {
    let server = S3Server::start();
    println!("export AWS_ENDPOINT_URL={}", server.url());
    println!("export AWS_ACCESS_KEY_ID={S3_ACCESS_KEY} AWS_SECRET_ACCESS_KEY={S3_SECRET_KEY}");
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
