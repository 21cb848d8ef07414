//! Java, and the flags of a small server that starts fast.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::process::child::bound_command;
use crate::zookeeper::class_path;

const MAIN_CLASS: &str = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

/// Serial collector, first compiler only, shared classes: a start takes 0.25 s instead of 0.6 s.
const FAST_START: [&str; 4] =
    ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData"];

/// A killed process loses nothing that it wrote, so servers of tests need not wait for the disk.
/// Log files of 64 MiB each would fill a small disk.
const FAST_DISK: [&str; 2] = ["-Dzookeeper.forceSync=no", "-Dzookeeper.preAllocSize=64"];

/// For Debian's logger.
const LOG_WARNINGS: [&str; 3] = [
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
];

/// For the logger of Apache's archives since 3.8, which logs everything by default.
const LOGBACK: &str = r#"<configuration>
  <appender name="stderr" class="ch.qos.logback.core.ConsoleAppender">
    <target>System.err</target>
    <encoder><pattern>%d{HH:mm:ss.SSS} %level %logger - %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="stderr"/></root>
</configuration>
"#;

/// For the logger of Apache's archives up to 3.7.
const LOG4J: &str = "log4j.rootLogger=WARN, stderr
log4j.appender.stderr=org.apache.log4j.ConsoleAppender
log4j.appender.stderr.target=System.err
log4j.appender.stderr.layout=org.apache.log4j.PatternLayout
log4j.appender.stderr.layout.ConversionPattern=%d{HH:mm:ss,SSS} %p %c - %m%n
";

/// The Debian packages that a machine lacks to run servers; none when the list is empty.
#[must_use]
pub fn missing_packages() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if find_java().is_none() {
        missing.push("default-jre-headless");
    }
    if !class_path::is_given() && !class_path::is_debian_installed() {
        missing.push("zookeeper");
    }
    missing
}

/// The command of a server that runs in `directory` and reads `config`.
///
/// It has a heap of at most `heap` MiB, and `properties` as further `-D` flags.
///
/// # Panics
///
/// When Java or ZooKeeper is missing; the message says how to get them.
pub(crate) fn server_command(directory: &Path, config: &Path, heap: u32, properties: &[String]) -> Command {
    let missing = missing_packages();
    assert!(
        missing.is_empty(),
        "this test needs a real ZooKeeper; install it with: apt-get install {}",
        missing.join(" ")
    );
    let class_path = class_path::class_path().unwrap_or_else(|error| panic!("{error}"));
    let (logback, log4j) = (directory.join("logback.xml"), directory.join("log4j.properties"));
    fs::write(&logback, LOGBACK).expect("a private directory is writable");
    fs::write(&log4j, LOG4J).expect("a private directory is writable");
    let mut command = bound_command(find_java().expect("java was there a moment ago"));
    command
        .arg(format!("-Xmx{heap}m"))
        .args(FAST_START)
        .args(FAST_DISK)
        .args(properties.iter().map(|property| format!("-D{property}")))
        .args(LOG_WARNINGS)
        .arg(format!("-Dlogback.configurationFile={}", logback.display()))
        .arg(format!("-Dlog4j.configuration=file:{}", log4j.display()));
    command.arg("-cp").arg(class_path).arg(MAIN_CLASS).arg(config).current_dir(directory);
    command
}

/// Where the classes of a server that does not start come from; empty for Debian's.
pub(crate) fn class_path_note() -> String {
    if class_path::is_given() {
        format!(" (its classes come from {})", class_path::VARIABLE)
    } else {
        String::new()
    }
}

fn find_java() -> Option<PathBuf> {
    let is_executable = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|meta| {
            meta.is_file() && std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0
        })
    };
    env::split_paths(&env::var_os("PATH")?).map(|directory| directory.join("java")).find(is_executable)
}
