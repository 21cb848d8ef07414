//! Programs that are linked statically with musl, and so need nothing of the system that they run
//! on.

use std::path::PathBuf;

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::gather::PROGRAMS;
use crate::tool;

/// Each target, and what runs its programs on this machine.
const TARGETS: [(&str, &str); 2] = [
    ("x86_64-unknown-linux-musl", "qemu-x86_64-static"),
    ("aarch64-unknown-linux-musl", "qemu-aarch64-static"),
];

const EXAMPLE: &str = "packaging/etc/live-data.ini";

/// Builds both programs for each target, and runs them.
pub fn check() -> Result<(), Failure> {
    for (target, emulator) in TARGETS {
        let directory = build(target)?;
        for program in PROGRAMS {
            let path = directory.join(program);
            let path = path.to_string_lossy();
            let header = tool::run("readelf", &["--wide", "--program-headers", &path])?;
            if header.contains("INTERP") {
                return Err(Failure::new(format!("{path} needs a dynamic linker:\n{header}")));
            }
            let run = |arguments: &[&str]| {
                if target.starts_with(std::env::consts::ARCH) {
                    return tool::run(&path, arguments);
                }
                tool::run(emulator, &[&[&*path], arguments].concat())
            };
            println!("{target}: {}", run(&["--version"])?.trim());
            if program == "live-data-watcher" {
                println!("{target}: {}", run(&["check", "--strict", EXAMPLE])?.trim());
            }
        }
    }
    println!("programs for {} targets are static and run", TARGETS.len());
    Ok(())
}

/// Builds both programs for a target; where they are.
pub(crate) fn build(target: &str) -> Result<PathBuf, Failure> {
    tool::run("rustup", &["target", "add", target])?;
    let mut command = cargo::command(&["build", "--locked", "--target", target]);
    command.args(PROGRAMS.into_iter().flat_map(|program| ["--package", program]));
    // What rustc brings links without a C compiler for the target.
    let variable = target.replace('-', "_");
    command.env(format!("CARGO_TARGET_{}_LINKER", variable.to_uppercase()), "rust-lld");
    if !target.starts_with(std::env::consts::ARCH) {
        let (architecture, _) = target.split_once('-').unwrap_or_default();
        command.env(format!("CC_{variable}"), format!("{architecture}-linux-gnu-gcc"));
    }
    command.env("CARGO_PROFILE_DEV_DEBUG", "0");
    cargo::run(command)?;
    Ok(cargo::target_directory()?.join(target).join("debug"))
}
