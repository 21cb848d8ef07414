//! The commands of docs/install.md for cargo, run from the first to the last.

use ld_workspace::Failure;

use crate::document;
use crate::machine::Machine;
use crate::tool;
use crate::upload;

/// Installs both programs from packaged crates. On a machine of its own, the next commands make a
/// file that follows a node.
pub fn check(private: &[String]) -> Result<(), Failure> {
    let programs = upload::install(private)?;
    tells_the_packaged_commit(&programs.join("live-data-watcher").to_string_lossy())?;
    let lines = document::commands("With cargo")?;
    let machine = Machine::boot(&[(&programs, "/root/.cargo/bin")])?;
    let is_cargo = |line: &&String| line.starts_with("cargo install ");
    let (last, others) = lines.split_last().ok_or_else(|| Failure::new("there is no command"))?;
    for line in others.iter().filter(|line| !is_cargo(line)) {
        machine.document(line)?;
    }
    println!("{last}");
    machine.start(last)?;
    machine.follows("/tmp/flags.json")
}

/// The packages name the commit that they were made from, with or without changes to it.
fn tells_the_packaged_commit(watcher: &str) -> Result<(), Failure> {
    let version = tool::run(watcher, &["--version"])?;
    let commit = tool::run("git", &["rev-parse", "--short=12", "HEAD"])?;
    if version.trim() == format!("live-data-watcher {} ({})", env!("CARGO_PKG_VERSION"), commit.trim()) {
        println!("{}", version.trim());
        return Ok(());
    }
    Err(Failure::new(format!("`{watcher} --version` prints {version}")))
}
