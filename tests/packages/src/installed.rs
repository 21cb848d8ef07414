//! What cargo installs once the crates are published.

use ld_workspace::Failure;

use crate::tool;
use crate::upload;

/// Installs all programs from packaged crates, by the command of docs/install.md. They tell the
/// packaged commit.
pub fn check(private: &[String]) -> Result<(), Failure> {
    let programs = upload::install(private)?;
    let watcher = programs.join("live-data-watcher");
    let version = tool::run(&watcher.to_string_lossy(), &["--version"])?;
    let commit = tool::run("git", &["rev-parse", "--short=12", "HEAD"])?;
    if version.trim() != format!("live-data-watcher {} ({})", env!("CARGO_PKG_VERSION"), commit.trim()) {
        return Err(Failure::new(format!("`{} --version` prints {version}", watcher.display())));
    }
    println!("{}", version.trim());
    Ok(())
}
