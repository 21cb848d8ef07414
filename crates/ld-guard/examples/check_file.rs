//! Judges a file by its format, and by a program if there is one:
//! `check_file FORMAT FILE [PROGRAM]`.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use ld_guard::ld_config::{Format, Guards};
use ld_guard::{Checks, judge};

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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (format, file, program) = match arguments.as_slice() {
        [format, file] => (format, file, None),
        [format, file, program] => (format, file, Some(program.into())),
        _ => return Err("usage: check_file json|toml|yaml|utf8 FILE [PROGRAM]".into()),
    };
    let format = match format.as_str() {
        "json" => Format::Json,
        "toml" => Format::Toml,
        "yaml" => Format::Yaml,
        "utf8" => Format::Utf8,
        other => return Err(format!("'{other}' is no format: json, toml, yaml or utf8").into()),
    };
    let guards = {
        let mut guards = Guards::default();
        guards.format = Some(format);
        guards.check = program;
        guards
    };
    let content = std::fs::read(file)?;
    // The program is shown the file itself: it already is where the content is.
    judge(&guards, &content, &Checks::default(), |_| Ok::<_, String>(Path::new(file)))?;
    println!("{file} is accepted");
    Ok(())
}
