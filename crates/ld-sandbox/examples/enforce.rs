//! Gives up all that a configuration does not need, and shows it: `enforce CONFIG`.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use ld_sandbox::Rules;
use ld_sandbox::ld_config::{Config, Environment, Scope};

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
    let path = std::env::args_os().nth(1).ok_or("usage: enforce CONFIG")?;
    let config = Config::read(&path, &Environment::of_process(), Scope::Watcher)?.config;
    let open = |directory: &Path| File::open(directory).map(Into::into);
    for gap in Rules::new(path.as_ref(), &config).enforce(open)? {
        eprintln!("{gap}");
    }
    let outside = std::env::temp_dir().join("ld-sandbox-example");
    println!("a file outside of the destinations: {:?}", File::create(outside).map(|_| ()));
    Ok(())
}
