//! Descriptors, threads and file sizes that the system refuses, and a signal that does not end the
//! watcher.

use std::fs;

use ld_testkit::{Host, Namespace, SOON, Server, ServerOptions, TestCommand, TestOutput, binary};

/// Descriptors that the programs need at the start, besides the three standard ones.
const DESCRIPTORS: u64 = 16;

/// Asserts that a program reported in one line why it cannot start.
#[track_caller]
fn cannot_start(output: &TestOutput, reason: &str) {
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{}", output.stderr);
    assert!(output.stderr.starts_with("cannot start: "), "{}", output.stderr);
    assert!(output.stderr.contains(reason), "{}", output.stderr);
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
}

/// The command lines of both programs on this host's configuration.
fn commands(host: &Host) -> [TestCommand; 2] {
    [host.watcher(), host.writer("new", "/flags")]
}

#[test]
fn without_enough_descriptors_they_exit_1_with_one_line() {
    let server = Server::prepare(ServerOptions::default());
    let host = Host::new(server.connect_string()).node("flags", "/flags");
    for command in commands(&host) {
        for limit in 6..3 + DESCRIPTORS {
            cannot_start(&command.clone().limit("nofile", limit).run(SOON), "ulimit -n");
        }
    }
}

#[test]
fn without_a_thread_they_exit_1_with_one_line() {
    let server = Server::prepare(ServerOptions::default());
    let host = Host::new(server.connect_string()).node("flags", "/flags");
    host.open();
    for (index, name) in ["live-data-watcher", "live-data-writer"].into_iter().enumerate() {
        // Other users may not reach the build directory. `install` copies: if this process did, a
        // fork in another test could hold the copy open for writing, and it could not be executed.
        let copy = host.path(name);
        let install = TestCommand::new("install").args(["-m", "755"]).arg(binary(name)).arg(&copy);
        assert_eq!(install.run(SOON).code, Some(0));
        let source = host.path("source");
        fs::write(&source, "new").unwrap();
        let mut command = TestCommand::new(copy).arg(host.config());
        if name.ends_with("writer") {
            command = command.arg(source).arg("/flags");
        }
        // A user without other processes.
        let user = 4_100_000_000 + std::process::id() % 100_000 * 2 + index as u32;
        let output = command.user(user, user).limit("nproc", 1).run(SOON);
        cannot_start(&output, "ulimit -u");
    }
}

#[test]
fn a_file_beyond_the_size_limit_fails_alone() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/large"), vec![b'x'; 100_000]).unwrap();
    zookeeper.admin().create(&zookeeper.path("/small"), "small").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("large", "/large").node("small", "/small");
    let watcher = host.watcher().limit("fsize", 50_000).start();
    host.wait_for("small", "small");
    watcher.wait_for_stderr("File too large", SOON);
    zookeeper.admin().set(&zookeeper.path("/small"), "changed").unwrap();
    host.wait_for("small", "changed");
    assert_eq!(host.read("large"), None);
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0), "{}", watcher.stderr());
}

#[test]
fn the_size_limit_of_files_does_not_kill_the_writer() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "old").unwrap();
    // Its check gets the content in a file.
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let host = host.setting("nodes.flags.check", "/bin/true");
    let writer = host.writer("x".repeat(100_000), "/flags").limit("fsize", 50_000).run(SOON);
    assert_eq!(writer.code, Some(1), "{}", writer.stderr);
    assert!(writer.stderr.contains("File too large"), "{}", writer.stderr);
    assert_eq!(zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().0, b"old");
}
