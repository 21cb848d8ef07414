//! The ways of docs/install.md that README.md has not: the RPM, and a service without a package.
//! Their commands run as they stand, on a Debian that boots.

use std::fs;
use std::path::Path;

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::document;
use crate::gather::assets;
use crate::machine::{Machine, Mount};
use crate::readme::DEB_FILE as FILE;
use crate::root::fresh_directory;
use crate::rpm;

const PAGE: &str = "docs/install.md";

/// The user's part is done by scripts: an editor that adds a node, and a dnf without a network.
const STANDS_FOR_DNF: &str = r#"printf '#!/bin/sh\nshift\nexec rpm --install --force-debian --nodeps "$@"\n' > /usr/bin/dnf && chmod +x /usr/bin/dnf"#;
const STANDS_FOR_EDITORS: &str = r#"printf '#!/bin/sh\nprintf "nodes.flags.source = /flags\\nnodes.flags.dest = /var/lib/live-data/flags.json\\n" >> $1\n' > /usr/bin/vi && chmod +x /usr/bin/vi && ln -sf vi /usr/bin/editor"#;

/// Checks both ways with what was gathered.
pub(crate) fn check() -> Result<(), Failure> {
    let directory = fresh_directory(&cargo::target_directory()?, "other-ways")?;
    has_a_service_without_a_package(&directory)?;
    installs_the_rpm(&directory)?;
    fs::remove_dir_all(&directory).map_err(Failure::doing("cannot remove what the check made"))
}

fn has_a_service_without_a_package(directory: &Path) -> Result<(), Failure> {
    let packaging = cargo::workspace().join("packaging");
    let programs = assets().join("bin");
    let home = fresh_directory(directory, "home")?;
    let mounts = [
        Mount::writable(&home, "/root"),
        Mount::read_only(&packaging, "/root/packaging"),
        Mount::read_only(&programs, "/root/.cargo/bin"),
    ];
    for place in ["packaging", ".cargo/bin"] {
        fresh_directory(&home, place)?;
    }
    let machine = machine_with_node(&mounts)?;
    let shell = machine.paste(&document::commands(PAGE, "As a service, without a package")?, &[])?;
    machine.follows(FILE, shell)?;
    machine.run("test $(stat -c %U:%G /var/lib/live-data/flags.json) = live-data:live-data")?;
    println!("a service runs without a package, by the commands of {PAGE}");
    Ok(())
}

fn installs_the_rpm(directory: &Path) -> Result<(), Failure> {
    let packages = fresh_directory(directory, "packages")?;
    let quick = ["--payload-compress", "gzip"];
    rpm::make(&packages, &quick)?;
    let next = [&quick[..], &["--set-metadata", "release = \"2\""]].concat();
    rpm::make(&fresh_directory(directory, "next")?, &next)?;
    let machine = machine_with_node(&[
        Mount::read_only(&packages, "/srv/packages"),
        Mount::read_only(&directory.join("next"), "/srv/next"),
    ])?;
    machine.run("apt-get install --yes --no-install-recommends rpm")?;
    machine.run("mkdir target && ln -s /srv/packages target/packages")?;
    let mut commands = document::commands(PAGE, "Fedora, Red Hat, SUSE")?;
    let made = commands.iter().position(|line| line.starts_with("cargo dev packages"));
    let made = made.ok_or_else(|| Failure::new(format!("{PAGE} does not make the RPM")))?;
    commands.drain(..=made);
    let shell = machine.paste(&commands, &[])?;
    machine.follows(FILE, shell)?;
    is_upgraded(&machine)?;
    machine.run("rpm --erase live-data")?;
    machine.run(&format!(
        "! systemctl is-active live-data-watcher && test -e {FILE} \
         && test -e /etc/live-data/live-data.ini.rpmsave && test ! -e /usr/bin/live-data-watcher \
         && test ! -L /etc/systemd/system/multi-user.target.wants/live-data-watcher.service"
    ))?;
    println!("the RPM installs, upgrades and removes the service, by the commands of {PAGE}");
    Ok(())
}

/// Another process runs, with the same configuration.
fn is_upgraded(machine: &Machine) -> Result<(), Failure> {
    const PROCESS: &str = "systemctl show --value -p MainPID live-data-watcher";
    let process = machine.run(PROCESS)?;
    machine.run("rpm --upgrade --force-debian --nodeps /srv/next/*.rpm")?;
    machine.wait_until(&format!("test $({PROCESS}) -ne 0 -a $({PROCESS}) -ne {}", process.trim()))?;
    machine.wait_until("systemctl is-active live-data-watcher")?;
    machine.run("grep -q nodes.flags.source /etc/live-data/live-data.ini")?;
    Ok(())
}

/// A machine with a ZooKeeper that has the node.
fn machine_with_node(mounts: &[Mount]) -> Result<Machine, Failure> {
    let machine = Machine::boot(mounts)?;
    for line in [
        STANDS_FOR_DNF,
        STANDS_FOR_EDITORS,
        "apt-get install --yes --no-install-recommends zookeeperd default-jre-headless",
        r#"/usr/share/zookeeper/bin/zkCli.sh -waitforconnection create /flags '{"new": false}'"#,
    ] {
        machine.run(line)?;
    }
    Ok(machine)
}
