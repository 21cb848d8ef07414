//! Programs that are linked statically with musl, and so need nothing of the system that they run
//! on.

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::programs::{Build, PROGRAMS};
use crate::tool;

/// Each target, and what runs its programs on this machine.
const TARGETS: [(&str, &str); 2] = [
    ("x86_64-unknown-linux-musl", "qemu-x86_64-static"),
    ("aarch64-unknown-linux-musl", "qemu-aarch64-static"),
];

const EXAMPLE: &str = "packaging/etc/live-data.ini";

/// Builds all programs for each target, and runs them.
pub fn check() -> Result<(), Failure> {
    for (target, emulator) in TARGETS {
        let directory = Build::new().target(target).fast().run(&cargo::target_directory()?)?;
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
    println!("programs for {} targets are static, have no path of this machine, and run", TARGETS.len());
    Ok(())
}
