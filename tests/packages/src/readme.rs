//! The commands of README.md for each way of installation, run from nothing to a file that follows
//! a node. CONTRIBUTING.md says what stands for the network here.

use std::fs;
use std::path::Path;

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::document;
use crate::machine::{Machine, Mount};
use crate::programs::{FAST, cargo_home, static_target};
use crate::root::fresh_directory;
use crate::tool;
use crate::upload;

const README: &str = "README.md";

/// A way of installation: its heading, what its machine has beforehand, and the file in the end.
struct Way {
    heading: &'static str,
    beforehand: &'static [&'static str],
    file: &'static str,
}

const WAYS: [Way; 3] = [
    Way { heading: "With cargo", beforehand: &[], file: "/tmp/flags.json" },
    Way { heading: "Debian package", beforehand: &[], file: DEB_FILE },
    Way { heading: "Container", beforehand: PODMAN, file: "/tmp/flags.json" },
];

/// Where the commands for Debian's package have their file.
pub(crate) const DEB_FILE: &str = "/var/lib/live-data/flags.json";

/// `docker` is Podman, as Debian's package podman-docker makes it. In a machine that is itself a
/// container, it cannot make cgroups or mount an overlay.
const PODMAN: &[&str] = &[
    "apt-get install --yes --no-install-recommends podman podman-docker crun",
    "mkdir -p /etc/containers && touch /etc/containers/nodocker",
    r#"printf '[containers]\ncgroups = "disabled"\n' > /etc/containers/containers.conf"#,
    r#"printf '[storage]\ndriver = "vfs"\nrunroot = "/run/containers"\ngraphroot = "/root/images"\n' > /etc/containers/storage.conf"#,
];

/// The machine's name of the repository of this checkout.
const REPOSITORY: &str = "/srv/live-data.git";

/// The commands for Debian's package that follow the one that makes it.
pub(crate) fn commands_after_deb() -> Result<Vec<String>, Failure> {
    let mut commands = commands("Debian package")?;
    let made = commands.iter().position(|line| line.contains("cargo dev packages"));
    let made = made.ok_or_else(|| Failure::new("README.md does not make the Debian package"))?;
    commands.drain(..=made);
    Ok(commands)
}

fn commands(heading: &str) -> Result<Vec<String>, Failure> {
    let commands = document::commands(README, heading)?;
    if commands.len() > document::MOST {
        let (count, most) = (commands.len(), document::MOST);
        return Err(Failure::new(format!("{README} needs {count} commands for '{heading}', at most {most}")));
    }
    Ok(commands)
}

/// Runs each way on a machine of its own.
pub fn check() -> Result<(), Failure> {
    let directory = fresh_directory(&cargo::target_directory()?, "readme")?;
    tool::run("rustup", &["target", "add", &static_target()])?;
    upload::vendor(&directory.join("crates"))?;
    let repository = directory.join("live-data.git");
    tool::run("git", &["clone", "--quiet", "--bare", ".", &repository.to_string_lossy()])?;
    fresh_directory(&directory, "built")?;
    for way in &WAYS {
        println!("\n--- {README}, {}", way.heading);
        let machine = Machine::boot(&mounts(&directory)?)?;
        for line in way.beforehand {
            machine.run(line)?;
        }
        let shell = machine.paste(&commands(way.heading)?, &variables())?;
        machine.follows(way.file, shell)?;
    }
    fs::remove_dir_all(&directory).map_err(Failure::doing("cannot remove what the check made"))
}

/// Rust of this machine, crates, and the repository; and a home on a disk.
fn mounts(directory: &Path) -> Result<Vec<Mount>, Failure> {
    let home = fresh_directory(directory, "home")?;
    let write = |path: &str, text: &str| {
        fs::write(home.join(path), text).map_err(Failure::doing(format!("cannot write {path}")))
    };
    write(
        ".gitconfig",
        &format!("[url \"{REPOSITORY}\"]\n\tinsteadOf = {}\n", env!("CARGO_PKG_REPOSITORY")),
    )?;
    fresh_directory(&home, ".cargo")?;
    write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"crates\"\n\n[source.crates]\ndirectory = \"/srv/crates\"\n",
    )?;
    let rustup = tool::run("rustup", &["show", "home"])?;
    Ok(vec![
        Mount::writable(&home, "/root"),
        Mount::writable(&directory.join("built"), "/srv/built"),
        Mount::read_only(Path::new(rustup.trim()), "/srv/rustup"),
        Mount::read_only(&cargo_home().join("bin"), "/srv/cargo"),
        Mount::read_only(&directory.join("crates"), "/srv/crates"),
        Mount::read_only(&directory.join("live-data.git"), REPOSITORY),
    ])
}

/// Rust's place, and builds that take less time.
fn variables() -> Vec<(&'static str, &'static str)> {
    let others = [
        ("RUSTUP_HOME", "/srv/rustup"),
        ("PATH", "/root/.cargo/bin:/srv/cargo:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("CARGO_TARGET_DIR", "/srv/built"),
        ("CARGO_PROFILE_DEV_DEBUG", "0"),
        ("CARGO_INCREMENTAL", "0"),
        ("DEBIAN_FRONTEND", "noninteractive"),
    ];
    others.into_iter().chain(FAST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_installation_takes_five_commands_at_most() {
        for way in &WAYS {
            assert!(!commands(way.heading).unwrap().is_empty());
        }
        assert!(!commands_after_deb().unwrap().is_empty());
    }
}
