//! Java and ZooKeeper's classes: where they are, and the flags of a small server that starts fast.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::process::child::bound_command;

/// Debian's ZooKeeper: its manifest names every other jar that a server needs.
const ZOOKEEPER_JAR: &str = "/usr/share/java/zookeeper.jar";
/// Without a logger of its own choice the server is silent; this one writes to standard error.
const LOGGER_JAR: &str = "/usr/share/java/slf4j-simple.jar";
/// A secure port needs it, and the manifest does not name it.
const TLS_JAR: &str = "/usr/share/java/netty-codec.jar";
const MAIN_CLASS: &str = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

/// Serial collector, first compiler only, shared classes: 0.25 s to serve instead of 0.6, at 50 MiB.
const FAST_START: [&str; 4] =
    ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData"];

/// Servers of tests lose nothing when a process is killed, so they need not wait for the disk; and 64 MiB of log file for
/// each of them would fill a small one.
const FAST_DISK: [&str; 2] = ["-Dzookeeper.forceSync=no", "-Dzookeeper.preAllocSize=64"];

const LOG_WARNINGS: [&str; 3] = [
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
];

/// What a machine lacks to run servers: nothing when the list is empty. Each item is a Debian package.
#[must_use]
pub fn missing_packages() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if find_java().is_none() {
        missing.push("default-jre-headless");
    }
    if !Path::new(ZOOKEEPER_JAR).exists() {
        missing.push("zookeeper");
    }
    missing
}

/// The command of a server that reads `config`, with a heap of `heap` MiB at most and `properties` as further `-D` flags.
///
/// # Panics
///
/// Without Java or ZooKeeper, with the command that installs them: a test that passes without its server lies.
pub(crate) fn server_command(config: &Path, heap: u32, properties: &[String]) -> Command {
    let missing = missing_packages();
    assert!(
        missing.is_empty(),
        "this test needs a real ZooKeeper; install it with: apt-get install {}",
        missing.join(" ")
    );
    let mut command = bound_command(find_java().expect("java was there a moment ago"));
    command
        .arg(format!("-Xmx{heap}m"))
        .args(FAST_START)
        .args(FAST_DISK)
        .args(properties.iter().map(|property| format!("-D{property}")));
    command.args(LOG_WARNINGS);
    command.arg("-cp").arg(format!("{ZOOKEEPER_JAR}:{LOGGER_JAR}:{TLS_JAR}")).arg(MAIN_CLASS).arg(config);
    command
}

fn find_java() -> Option<PathBuf> {
    let executable = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|meta| {
            meta.is_file() && std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0
        })
    };
    env::split_paths(&env::var_os("PATH")?).map(|directory| directory.join("java")).find(executable)
}
