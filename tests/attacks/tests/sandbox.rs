//! `watcher.sandbox`: what it does not take away, and what it does. Needs Linux 6.2 or later with
//! Landlock; without it the watcher does not start, and these tests fail with its message.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::PathBuf;

use ld_testkit::hostile::HostileServer;
use ld_testkit::{
    Acl, Admin, Authority, Daemon, Faults, Host, SOON, SecurePort, Server, ServerOptions, TempDir,
    TestOutput, install_script, wait_until,
};

use crate::target::Target;

const USER: u32 = 4324;
const HINT: &str = "watcher.sandbox allows writing only to the directories that destinations had";

fn sandboxed(host: Host) -> Host {
    host.setting("watcher.sandbox", "true").setting("watcher.drift_interval", "100 milliseconds")
}

/// Whether each thread of the process is bound: a sandbox forbids new privileges.
fn assert_all_threads_bound(watcher: &Daemon) {
    let threads = fs::read_dir(format!("/proc/{}/task", watcher.id())).unwrap();
    for thread in threads.flatten() {
        // A thread that has just ended is bound enough.
        let Ok(status) = fs::read_to_string(thread.path().join("status")) else { continue };
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    }
}

/// Follows, repairs and removes a file in the sandbox.
fn works(server: &HostileServer, host: &Host, watcher: &Daemon) {
    host.wait_for("flags", "version 0");
    assert_all_threads_bound(watcher);
    server.set("/flags", "version 1");
    host.wait_for("flags", "version 1");
    fs::remove_file(host.file("flags")).unwrap();
    host.wait_for("flags", "version 1");
    fs::write(host.file("flags"), "by hand").unwrap();
    host.wait_for("flags", "version 1");
    server.expire_sessions();
    server.set("/flags", "version 2");
    host.wait_for("flags", "version 2");
    server.delete("/flags");
    host.wait_until_gone("flags");
    server.set("/flags", "version 3");
    host.wait_for("flags", "version 3");
    assert!(!watcher.stderr().contains("sandbox"), "{}", watcher.stderr());
}

#[test]
fn a_sandboxed_watcher_follows_repairs_and_removes() {
    let server = HostileServer::start();
    server.set("/flags", "version 0");
    let host = sandboxed(Host::new(server.connect_string()).node("flags", "/flags"));
    // Makes its directory before it is bound, and gives the file away.
    let host = host.setting("nodes.flags.owner", USER.to_string());
    let socket = host.path("status");
    let host = host.setting("status.listen", format!("unix:{}", socket.display()));
    let watcher = host.watcher().start();
    works(&server, &host, &watcher);
    wait_until("the socket of the status", SOON, || socket.exists());
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0));
    assert!(!socket.exists(), "{}", watcher.stderr());
}

#[test]
fn a_sandboxed_watcher_needs_no_root() {
    let server = HostileServer::start();
    server.set("/flags", "version 0");
    let host = sandboxed(Host::new(server.connect_string()).node("flags", "/flags"));
    fs::create_dir(host.path("live")).unwrap();
    chown(host.path("live"), Some(USER), Some(USER)).expect("these tests run as root");
    works(&server, &host, &host.watcher_as(USER, &[]).start());
}

#[test]
fn a_sandboxed_watcher_writes_nowhere_else() {
    let mut target = Target::start_with(sandboxed);
    let (live, away) = (target.host.path("live"), target.host.path("away"));
    let elsewhere = target.host.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    // A link of root's, which a watcher without a sandbox follows.
    fs::rename(&live, &away).unwrap();
    symlink(&elsewhere, &live).unwrap();
    target.change();
    target.watcher.wait_for_stderr(HINT, SOON);
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert_all_threads_bound(&target.watcher);
    fs::remove_file(&live).unwrap();
    fs::rename(&away, &live).unwrap();
    target.assert_followed("a directory that came back");
}

#[test]
fn a_check_in_the_sandbox_reads_all_and_writes_nowhere_else() {
    let mut elsewhere = None;
    let mut target = Target::start_with(|host| {
        let (program, forbidden) = (host.path("check"), host.path("forbidden"));
        let text = format!(
            "#!/bin/sh\ngrep -q version \"$1\" && test -s {} > /dev/null && ! touch {}\n",
            host.path("config.ini").display(),
            forbidden.display()
        );
        install_script(&program, 0o755, &text);
        elsewhere = Some(forbidden);
        sandboxed(host).setting("nodes.flags.check", program.to_str().unwrap())
    });
    target.assert_followed("a check");
    assert!(!elsewhere.unwrap().exists());
}

#[test]
fn a_sandboxed_watcher_takes_new_secrets_over_tls() {
    const GOOD: &str = "live-data:planted-password";
    let authority = Authority::new();
    let secure = SecurePort { certificate: authority.issue(&["localhost"]), clients: None };
    let server = Server::start_with(ServerOptions { secure: Some(secure), ..ServerOptions::default() });
    let owner = Admin::new(server.address()).with_digest(GOOD);
    owner.create_with_acl("/closed", "over TLS", &[Acl::creator(Acl::ALL)]).unwrap();
    let host = Host::new(format!("localhost:{}", server.secure_address().port())).node("closed", "/closed");
    let ca = host.path("ca.pem");
    fs::write(&ca, authority.pem()).unwrap();
    let host =
        host.credentials(&["live-data:planted-mistake"]).setting("zookeeper.tls.ca", ca.to_str().unwrap());
    let watcher = sandboxed(host);
    let (host, watcher) = (&watcher, watcher.watcher().start());
    watcher.wait_for_stderr("not authorized", SOON);
    host.write_secrets(&[GOOD]);
    host.wait_for("closed", "over TLS");
    assert_all_threads_bound(&watcher);
}

#[test]
fn a_directory_that_cannot_be_made_costs_its_node_only() {
    let server = HostileServer::start();
    server.set("/flags", "version 0");
    let host = Host::new(server.connect_string()).node("flags", "/flags");
    let blocked = host.path("file");
    fs::write(&blocked, "").unwrap();
    let host = sandboxed(host)
        .setting("nodes.other.source", "/flags")
        .setting("nodes.other.dest", blocked.join("below").to_str().unwrap());
    let watcher = host.watcher().start();
    host.wait_for("flags", "version 0");
    let warning = format!("the sandbox keeps '{}' closed until a restart: ", blocked.display());
    watcher.wait_for_stderr(&warning, SOON);
    wait_until("the other node's error", SOON, || watcher.stderr().contains("nodes.other: "));
}

#[test]
fn a_kernel_without_landlock_is_an_error_with_a_remedy() {
    const ENOSYS: i32 = 38;
    const EOPNOTSUPP: i32 = 95;
    let server = HostileServer::start();
    server.set("/flags", "version 0");
    let host = sandboxed(Host::new(server.connect_string()).node("flags", "/flags"));
    for error in [ENOSYS, EOPNOTSUPP] {
        let faults = Faults::new();
        faults.refuse_landlock(error);
        let TestOutput { code, stderr, .. } = host.watcher().faults(&faults).run(SOON);
        assert_eq!(code, Some(1), "{stderr}");
        let reason = "this kernel cannot sandbox the process, for want of Landlock; use Linux 6.2 or later";
        assert!(stderr.starts_with(reason) && stderr.lines().count() == 1, "{stderr}");
        assert_eq!(host.read("flags"), None);
    }
}

#[test]
fn a_sandbox_with_a_destination_in_the_root_is_refused() {
    let links = TempDir::new();
    symlink("/", links.join("root")).unwrap();
    for directory in [PathBuf::new(), links.join("root")] {
        let dest = format!("{}/live-data-test", directory.display());
        let host = Host::new("127.0.0.1:1").setting("nodes.flags.source", "/flags");
        let host = sandboxed(host).setting("nodes.flags.dest", &dest);
        let TestOutput { code, stderr, .. } = host.watcher().run(SOON);
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains("which is the root directory: give the destinations"), "{stderr}");
    }
}

#[test]
fn destinations_beside_trusted_files_warn_in_the_sandbox() {
    let server = HostileServer::start();
    server.set("/flags", "version 0");
    let host = sandboxed(Host::new(server.connect_string()));
    let host = host.credentials(&["live-data:planted-password"]).setting("nodes.flags.source", "/flags");
    let dest = host.path("flags");
    let host = host.setting("nodes.flags.dest", dest.to_str().unwrap());
    let watcher = host.watcher().start();
    for file in ["config.ini", "secrets.json"] {
        let warning = format!("the sandbox leaves '{}' writable", host.path(file).display());
        watcher.wait_for_stderr(&warning, SOON);
    }
    assert_eq!(watcher.stderr().matches("the sandbox leaves").count(), 2, "{}", watcher.stderr());
    wait_until("the file", SOON, || dest.exists());
}

#[test]
fn a_reload_that_the_sandbox_does_not_allow_asks_for_a_restart() {
    let mut target = Target::start_with(sandboxed);
    let config = target.host.config();
    let before = fs::read_to_string(&config).unwrap();
    let other = |directory: &str| target.host.path(directory).join("other").display().to_string();
    let node = |dest| format!("nodes.other.source = /flags\nnodes.other.dest = {dest}\n");
    for (text, reason) in [
        (format!("{before}{}", node(other("elsewhere"))), "it needs a directory or a check"),
        (before.replace("sandbox = true", "sandbox = false"), "watcher.sandbox can only change at a start"),
    ] {
        fs::write(&config, text).unwrap();
        target.watcher.hang_up();
        target.watcher.wait_for_stderr(&format!("not reloaded: {reason}"), SOON);
    }
    fs::write(&config, format!("{before}{}", node(other("live")))).unwrap();
    target.watcher.hang_up();
    target.host.wait_for("other", target.content());
    target.assert_followed("reloads");
}
