//! Standard input as a file, at once or not at all:
//!
//! ```sh
//! echo '{"percent": 5}' | cargo run -p ld-file --example replace -- /tmp/flags
//! ```

use std::error::Error;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ld_file::ld_blocking::{BoundedCalls, Spawner};
use ld_file::{Target, replace};

/// How long the file system may take.
const LIMIT: Duration = Duration::from_secs(10);

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
    let dest: PathBuf = std::env::args_os().nth(1).ok_or("usage: replace FILE < CONTENT")?.into();
    let mut content = Vec::new();
    std::io::stdin().read_to_end(&mut content)?;
    let writes = BoundedCalls::new(format!("writing {}", dest.display()), Spawner::Threads, 1);
    let replaced = writes.run(LIMIT, move || replace(Target::new(&dest), &content)).await??;
    println!("{}", if replaced { "replaced" } else { "right already" });
    Ok(())
}
