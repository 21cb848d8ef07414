//! What a bare machine lacks, and installing it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cargo;
use crate::failure::Failure;

/// The version that the checks were written for.
const CARGO_DENY: &str = "0.20.2";

/// What the tests run besides Java and ZooKeeper.
#[rustfmt::skip]
const TEST_TOOLS: &[&str] = &[
    "setpriv", "prlimit", "unshare", "nsenter", "fsfreeze", "mkfs.ext4", "faketime", "python3", "cc", "chromium",
    "promtool",
];

/// What only the demo needs: Java and ZooKeeper.
pub fn for_demo() -> Result<(), Failure> {
    install_packages(packages(ld_testkit::missing_packages(), &["setpriv"]))
}

/// What the tests need: servers, and tools that break things.
pub fn for_tests() -> Result<(), Failure> {
    install_packages(packages(ld_testkit::missing_packages(), TEST_TOOLS))
}

/// What every chaos run needs: its faults of the machine are compiled.
pub fn for_chaos() -> Result<(), Failure> {
    install_packages(packages(ld_testkit::missing_packages(), &["setpriv", "prlimit", "cc"]))
}

/// What a chaos run needs when its watchers have clocks of their own.
pub fn for_fake_clocks() -> Result<(), Failure> {
    install_packages(packages(Vec::new(), &["faketime"]))
}

/// What installing the original needs: a Python that can make virtual environments. Debian has
/// that in a package of its own.
pub fn for_original() -> Result<(), Failure> {
    let mut missing = packages(Vec::new(), &["python3"]);
    if !succeeds("python3", &["-c", "import ensurepip, venv"]) {
        missing.push("python3-venv");
    }
    install_packages(missing)
}

/// `missing`, and the packages of those `tools` that are not in PATH.
fn packages(mut missing: Vec<&'static str>, tools: &[&str]) -> Vec<&'static str> {
    for tool in tools.iter().filter(|tool| !in_path(tool)) {
        let package = match *tool {
            "python3" => "python3",
            "faketime" => "faketime",
            "cc" => "build-essential",
            "promtool" => "prometheus",
            "chromium" => "chromium",
            "mkfs.ext4" => "e2fsprogs",
            _ => "util-linux",
        };
        if !missing.contains(&package) {
            missing.push(package);
        }
    }
    missing
}

fn install_packages(packages: Vec<&str>) -> Result<(), Failure> {
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    let install = format!("apt-get update && apt-get install --yes --no-install-recommends {list}");
    if !in_path("apt-get") {
        return Err(Failure::new(format!(
            "this machine lacks {list} (Debian's names) and has no apt-get: install them, then run this again"
        )));
    }
    let become_root: &[&str] = if is_root() {
        &[]
    } else if succeeds("sudo", &["-n", "true"]) {
        &["sudo", "-n"]
    } else {
        return Err(Failure::new(format!(
            "this machine lacks {list}, and installing needs root. Run this as root, then try again:\n  {install}"
        )));
    };
    println!("This machine lacks {list}. Installing: {install}");
    let mut line = become_root.to_vec();
    line.extend(["sh", "-c", &install]);
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    let status = command.status().map_err(Failure::doing("cannot run apt-get"))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{install}` failed ({status})"))) }
}

/// rustfmt and clippy, which a minimal toolchain leaves out.
pub fn install_components() -> Result<(), Failure> {
    let missing: Vec<_> = [("fmt", "rustfmt"), ("clippy", "clippy")]
        .into_iter()
        .filter(|(subcommand, _)| !cargo_has(subcommand))
        .map(|(_, component)| component)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!("rustup component add {}", missing.join(" "));
    if !in_path("rustup") {
        return Err(Failure::new(format!(
            "this toolchain lacks {} and there is no rustup",
            missing.join(" and ")
        )));
    }
    println!("Installing: {install}");
    let mut command = Command::new("rustup");
    command.args(["component", "add"]).args(missing).current_dir(cargo::workspace());
    let status = command.status().map_err(Failure::doing("cannot run rustup"))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{install}` failed ({status})"))) }
}

/// cargo-deny, built from source.
pub fn install_cargo_deny() -> Result<(), Failure> {
    if cargo_has("deny") {
        return Ok(());
    }
    println!(
        "Installing cargo-deny {CARGO_DENY} (licenses, layering) from source; this takes about four minutes."
    );
    let arguments = ["install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--no-default-features"];
    cargo::run(cargo::command(&arguments))
}

fn cargo_has(subcommand: &str) -> bool {
    let mut command = cargo::command(&[subcommand, "--version"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Fails if this is not root.
pub fn needs_root(what: &str) -> Result<(), Failure> {
    if is_root() {
        return Ok(());
    }
    Err(Failure::new(format!("{what} need a mount namespace, and that needs root: run this as root")))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(Path::new(program)).is_file())
}
