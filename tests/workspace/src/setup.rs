//! Installs the tools that the development commands need.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cargo;
use crate::failure::Failure;

/// The version of cargo-deny that deny.toml is written for.
const CARGO_DENY: &str = "0.20.2";

/// The versions that book.toml is written for.
const MDBOOK: &str = "0.5.4";
const MDBOOK_MERMAID: &str = "0.17.1";

/// The versions that the manifest of live-data-watcher is written for.
const CARGO_DEB: &str = "3.8.0";
const CARGO_GENERATE_RPM: &str = "0.21.1";

/// The tools that the tests run, in addition to Java and ZooKeeper.
#[rustfmt::skip]
const TEST_TOOLS: &[&str] = &[
    "setpriv", "prlimit", "unshare", "nsenter", "fsfreeze", "mkfs.ext4", "faketime", "python3", "cc", "chromium",
    "promtool", "systemd-analyze", "groff", "zsh", "fish", "ip", "openssl", "minisign", ZOOKEEPER_CLIENT,
    FILE_AGE_CHECK,
];

/// A header of the C library for aarch64.
const ARM_HEADER: &str = "/usr/aarch64-linux-gnu/include/stdio.h";

/// ZooKeeper's own client, which the documents use. It is not in PATH.
const ZOOKEEPER_CLIENT: &str = "/usr/share/zookeeper/bin/zkCli.sh";

/// The network of Podman's containers, and its names. They are not in PATH.
const NETAVARK: &str = "/usr/lib/podman/netavark";
const AARDVARK: &str = "/usr/lib/podman/aardvark-dns";

/// A check of the Nagios plugins, which the documents use.
const FILE_AGE_CHECK: &str = "/usr/lib/nagios/plugins/check_file_age";

/// Installs what the demo needs: Java and ZooKeeper.
pub fn for_demo() -> Result<(), Failure> {
    install_packages(packages(ld_testkit::missing_packages(), &["setpriv"]))
}

/// Installs what the tests need: servers, and tools that inject faults.
pub fn for_tests() -> Result<(), Failure> {
    install_packages(packages(ld_testkit::missing_packages(), TEST_TOOLS))
}

/// Installs what makes the Debian package and the RPM.
pub fn to_make_packages() -> Result<(), Failure> {
    to_make_deb()?;
    to_make_rpm()
}

fn to_make_deb() -> Result<(), Failure> {
    install_packages(packages(Vec::new(), &["dpkg-shlibdeps", "git", "strip"]))?;
    install_from_source("cargo-deb", CARGO_DEB, &[], cargo_has("deb"))
}

fn to_make_rpm() -> Result<(), Failure> {
    install_packages(packages(Vec::new(), &["git", "strip"]))?;
    install_from_source("cargo-generate-rpm", CARGO_GENERATE_RPM, &[], cargo_has("generate-rpm"))
}

/// Installs what makes and checks the Debian package.
pub fn for_deb() -> Result<(), Failure> {
    install_packages(packages(Vec::new(), &["lintian", "systemd-sysusers"]))?;
    to_make_deb()
}

/// Installs what builds the container image, reads the compose file and runs its services.
pub fn for_image() -> Result<(), Failure> {
    needs_root("containers with a network")?;
    let tools = ["buildah", "docker-compose", "podman", "runc", "iptables", NETAVARK, AARDVARK];
    install_packages(packages(Vec::new(), &tools))
}

/// Installs what makes and checks the RPM.
pub fn for_rpm() -> Result<(), Failure> {
    install_packages(packages(Vec::new(), &["rpm"]))?;
    to_make_rpm()
}

/// Installs what checks the files for Kubernetes.
pub fn for_kubernetes() -> Result<(), Failure> {
    install_packages(packages(Vec::new(), &["kubectl"]))
}

/// Installs what makes a Debian and boots it in a container.
pub fn for_machine() -> Result<(), Failure> {
    needs_root("containers that boot")?;
    install_packages(packages(Vec::new(), &["mmdebstrap", "systemd-nspawn", "nsenter"]))
}

/// Installs what builds and runs static programs for two architectures.
pub fn for_static_programs() -> Result<(), Failure> {
    for target in ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"] {
        to_build_for(target)?;
    }
    install_packages(packages(Vec::new(), &["qemu-aarch64-static", "readelf"]))
}

/// Installs what builds all programs for a target of the compiler.
pub fn to_build_for(target: &str) -> Result<(), Failure> {
    let mut missing = Vec::new();
    if target.ends_with("-musl") {
        missing = packages(missing, &["musl-gcc"]);
    }
    if target.starts_with("aarch64") && std::env::consts::ARCH != "aarch64" {
        missing = packages(missing, &["aarch64-linux-gnu-gcc"]);
        if !Path::new(ARM_HEADER).exists() {
            missing.push("libc6-dev-arm64-cross");
        }
    }
    install_packages(missing)
}

/// Installs what each chaos run needs. Its faults of the machine are a C library.
pub fn for_chaos() -> Result<(), Failure> {
    install_packages(packages(ld_testkit::missing_packages(), &["setpriv", "prlimit", "cc"]))
}

/// Installs what a chaos run needs to give watchers clocks of their own.
pub fn for_fake_clocks() -> Result<(), Failure> {
    install_packages(packages(Vec::new(), &["faketime"]))
}

/// Installs what the original needs: Python with virtual environments. Debian has these in a
/// package of their own.
pub fn for_original() -> Result<(), Failure> {
    let mut missing = packages(Vec::new(), &["python3"]);
    if !succeeds("python3", &["-c", "import ensurepip, venv"]) {
        missing.push("python3-venv");
    }
    install_packages(missing)
}

/// `missing`, and the packages of the `tools` that are not there: names in PATH, or whole paths.
fn packages(mut missing: Vec<&'static str>, tools: &[&str]) -> Vec<&'static str> {
    for tool in tools.iter().filter(|tool| !in_path(tool)) {
        let package = match *tool {
            "python3" => "python3",
            "faketime" => "faketime",
            "cc" => "build-essential",
            "dpkg-shlibdeps" => "dpkg-dev",
            "buildah" => "buildah",
            "docker-compose" => "docker-compose",
            "podman" => "podman",
            "runc" => "runc",
            "iptables" => "iptables",
            NETAVARK => "netavark",
            AARDVARK => "aardvark-dns",
            "git" => "git",
            "lintian" => "lintian",
            "kubectl" => "kubernetes-client",
            "mmdebstrap" => "mmdebstrap",
            "systemd-nspawn" => "systemd-container",
            "rpm" => "rpm",
            "strip" | "readelf" => "binutils",
            "musl-gcc" => "musl-tools",
            "aarch64-linux-gnu-gcc" => "gcc-aarch64-linux-gnu",
            "qemu-aarch64-static" => "qemu-user-static",
            "promtool" => "prometheus",
            "systemd-analyze" | "systemd-sysusers" => "systemd",
            "chromium" => "chromium",
            "groff" => "groff-base",
            "zsh" => "zsh",
            "fish" => "fish",
            "mkfs.ext4" => "e2fsprogs",
            "ip" => "iproute2",
            "minisign" => "minisign",
            "openssl" => "openssl",
            ZOOKEEPER_CLIENT => "zookeeper",
            FILE_AGE_CHECK => "monitoring-plugins-basic",
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
            "these Debian packages are missing, and there is no apt-get: {list}. Install them, then try again"
        )));
    }
    let become_root: &[&str] = if is_root() {
        &[]
    } else if succeeds("sudo", &["-n", "true"]) {
        &["sudo", "-n"]
    } else {
        return Err(Failure::new(format!(
            "these packages are missing: {list}. Run this as root, then try again:\n  {install}"
        )));
    };
    println!("These packages are missing: {list}. Installing them: {install}");
    let mut line = become_root.to_vec();
    line.extend(["sh", "-c", &install]);
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    let status = command.status().map_err(Failure::doing("cannot run apt-get"))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{install}` failed ({status})"))) }
}

/// Installs rustfmt and clippy, which a minimal toolchain does not have.
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
            "the toolchain has no {}, and there is no rustup to install it",
            missing.join(" and ")
        )));
    }
    println!("Installing: {install}");
    let mut command = Command::new("rustup");
    command.args(["component", "add"]).args(missing).current_dir(cargo::workspace());
    let status = command.status().map_err(Failure::doing("cannot run rustup"))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{install}` failed ({status})"))) }
}

/// Installs cargo-deny from source.
pub fn install_cargo_deny() -> Result<(), Failure> {
    install_from_source("cargo-deny", CARGO_DENY, &["--no-default-features"], cargo_has("deny"))
}

/// Installs what makes the book and draws its diagrams.
pub fn for_book() -> Result<(), Failure> {
    install_packages(packages(Vec::new(), &["chromium"]))?;
    let has = |program| succeeds(program, &["--version"]);
    install_from_source("mdbook", MDBOOK, &["--no-default-features"], has("mdbook"))?;
    install_from_source("mdbook-mermaid", MDBOOK_MERMAID, &[], has("mdbook-mermaid"))
}

/// Installs a program from source, unless it is there.
fn install_from_source(
    package: &str,
    version: &str,
    options: &[&str],
    is_there: bool,
) -> Result<(), Failure> {
    if is_there {
        return Ok(());
    }
    println!("Installing {package} {version} from source. This takes some minutes.");
    let arguments = ["install", package, "--version", version, "--locked"];
    cargo::run(cargo::command(&[&arguments[..], options].concat()))
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

/// Fails if this process does not run as root. `what` is plural: "disks".
pub fn needs_root(what: &str) -> Result<(), Failure> {
    if is_root() {
        return Ok(());
    }
    Err(Failure::new(format!("{what} need a mount namespace, which needs root: run this as root")))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(Path::new(program)).is_file())
}
