//! `cargo dev test --only original`: what docs/migration.md says of going back to the original.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ld_testkit::{Host, Server, TestCommand, wait_until};
use ld_workspace::{Failure, cargo};

use crate::programs;

/// The original starts within seconds, and gives a missing file of secrets 30 s.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs ours, then the original, on one configuration.
pub fn check_going_back() -> Result<(), Failure> {
    let python = programs::install_original(&cargo::target_directory()?)?;
    let server = Server::start();
    let admin = server.admin();
    admin.create("/flags", "content").map_err(|error| Failure::new(error.to_string()))?;
    let host =
        Host::new(server.connect_string()).node("flags", "/flags").setting("nodes.flags.on_delete", "keep");
    let written = host.once().run(LIMIT);
    ensure(written.code == Some(0), &format!("ours writes the file: {}", written.stderr))?;
    let before = host.inode("flags");
    host.once().run(LIMIT);
    ensure(host.inode("flags") == before, "ours leaves a right file alone")?;

    let secrets = host.path("secrets.json");
    let missing = secrets.to_string_lossy().into_owned();
    let host = host
        .setting("secrets.path", missing)
        .setting("zookeeper.tls.ca", "/nonexistent/ca.pem")
        .setting("nodes.flags.format", "json");
    let without_secrets = start(&python, &host);
    let ended = without_secrets.wait(LIMIT);
    ensure(!ended.success() && host.inode("flags") == before, "without a file of secrets the original ends")?;

    let text = r#"{"secrets": {}, "vault": {"token": "none", "url": "none"}}"#;
    fs::write(&secrets, text).map_err(Failure::doing("cannot write the file of secrets"))?;
    let original = start(&python, &host);
    wait_until("the original to rewrite a right file", LIMIT, || host.inode("flags") != before);
    host.wait_for("flags", "content");
    admin.set("/flags", "no json").map_err(|error| Failure::new(error.to_string()))?;
    host.wait_for("flags", "no json");
    admin.delete("/flags").map_err(|error| Failure::new(error.to_string()))?;
    host.wait_until_gone("flags");
    ensure(original.is_running(), "the original runs on plain text, whatever zookeeper.tls.ca is")?;
    println!("The original rewrote the file once, spoke plain text, and removed the file of a deleted node.");
    Ok(())
}

fn start(python: &Path, host: &Host) -> ld_testkit::Daemon {
    TestCommand::new(python).args(["-m", programs::ORIGINAL_WATCHER]).arg(host.config()).start()
}

fn ensure(holds: bool, what: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(format!("this does not hold: {what}"))) }
}
