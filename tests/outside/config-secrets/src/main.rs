//! `config-secrets STORE HOSTS SECRET FEATURE...`: prints the settings, and whether the secret can
//! be read.

use std::error::Error;
use std::process::ExitCode;

use config_secrets::{nodes, secrets, zookeeper};

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
    let [store, hosts, secret, features @ ..] = arguments.as_slice() else {
        return Err("usage: config-secrets STORE HOSTS SECRET FEATURE...".into());
    };
    let zookeeper = zookeeper(hosts, secret)?;
    println!("{zookeeper:?}");
    for node in nodes(&features.iter().map(String::as_str).collect::<Vec<_>>())? {
        println!("{node:?}");
    }
    let secrets = secrets(store, &zookeeper.credentials, |warning| eprintln!("warning: {warning}"))?;
    for (path, secret) in zookeeper.credentials.iter().zip(&secrets) {
        println!("{path} can be read");
        if let Some(problem) = secret.stray_characters() {
            eprintln!("warning: {path}: {problem}");
        }
    }
    Ok(())
}
