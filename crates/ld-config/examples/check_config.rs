//! Checks a configuration file: prints its warnings and errors, or the settings that it stands for.
//!
//! `cargo run -p ld-config --example check_config -- live-data.ini`

use std::process::ExitCode;

use ld_config::{Config, ConfigError, Environment, Scope};

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: check_config CONFIG");
        return ExitCode::from(2);
    };
    match Config::read(path, &Environment::of_process(), Scope::Watcher) {
        Ok(parsed) => {
            parsed.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
            print!("{}", parsed.config);
            ExitCode::SUCCESS
        }
        Err(error) => {
            if let ConfigError::Invalid { warnings, .. } = &error {
                warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
            }
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
