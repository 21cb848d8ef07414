//! A program with the frame of live data's own: it counts the nodes of a configuration.
//! `program CONFIG`.

use std::path::Path;
use std::process::ExitCode;

use ld_cli::ld_config::Scope;
use ld_cli::{Exit, LogOptions, read_config, run_main};

fn main() -> ExitCode {
    let options = LogOptions::default();
    // A problem of the file is logged as a line of its own, and is the exit code.
    let prepare = || {
        let path = std::env::args_os().nth(1).ok_or(Exit::Usage)?;
        read_config(Path::new(&path), Scope::Watcher)
    };
    run_main(options, prepare, |config| {
        println!("{} nodes", config.nodes.len());
        Ok(Exit::Done)
    })
}
