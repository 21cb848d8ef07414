//! `filewatch-threads SETTINGS RULES`: prints each change of the limit.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use filewatch_threads::{report, rules, settings};

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
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [file, directory] = arguments.as_slice() else {
        return Err("usage: filewatch-threads SETTINGS RULES".into());
    };
    let (settings, rules) = (settings(file)?, rules(directory)?);
    println!("{} rules; settings: {:?}", rules.get()?.len(), settings.status());
    report(&settings).join().map_err(|_| "the reporting thread panicked")?;
    Ok(())
}
