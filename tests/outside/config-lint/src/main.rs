//! `config-lint CONFIG`: exits with 0 without problems, 1 with problems, 2 without a file.

use std::path::Path;
use std::process::ExitCode;

use ld_config::Environment;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: config-lint CONFIG");
        return ExitCode::from(2);
    };
    match config_lint::lint(Path::new(&path), &Environment::of_process(), &mut std::io::stdout()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
