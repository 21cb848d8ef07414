//! What another process of the same user may learn of watcher and writer.

use std::fs;
use std::os::unix::fs::chown;

use ld_testkit::hostile::{Delivery, HostileServer, Rule};
use ld_testkit::{Daemon, Host, SOON, TestCommand, install_script, operation};

const USER: u32 = 4325;

/// The process gives no core, and another one of its user reads neither its environment nor its
/// memory.
#[track_caller]
fn assert_closed(process: &Daemon) {
    let proc = format!("/proc/{}", process.id());
    let limits = fs::read_to_string(format!("{proc}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
    for file in ["environ", "mem", "maps"] {
        let read = TestCommand::new("head").args(["-c1"]).arg(format!("{proc}/{file}"));
        let read = read.user(USER, USER).run(SOON);
        assert!(read.stderr.contains("Permission denied"), "{file}: {read:?}");
    }
}

#[test]
fn another_process_of_the_user_does_not_read_the_watcher() {
    let server = HostileServer::start();
    server.set("/flags", "version 0");
    let host = Host::new(server.connect_string()).node("flags", "/flags");
    fs::create_dir(host.path("live")).unwrap();
    chown(host.path("live"), Some(USER), Some(USER)).expect("these tests run as root");
    // A program that it starts is as any other: another process of the user reads it.
    let program = host.path("check");
    install_script(&program, 0o755, "#!/bin/sh\ncat /proc/$$/environ > /dev/null\n");
    let host = host.setting("nodes.flags.check", program.to_str().unwrap());
    let watcher = host.watcher_as(USER, &[]).start();
    host.wait_for("flags", "version 0");
    assert_closed(&watcher);
    // It still reads all of /proc that it needs.
    fs::write(host.file("flags"), "by hand").unwrap();
    server.set("/flags", "version 1");
    host.wait_for("flags", "version 1");
}

#[test]
fn another_process_of_the_user_does_not_read_the_writer() {
    let server = HostileServer::start();
    server.set("/flags", "old");
    server.add(Rule::on(operation::GET_DATA, |_, reply| reply.delivery = Delivery::Never));
    let host = Host::new(server.connect_string());
    // Everything that it opens is open to its user.
    let copy = host.path("live-data-writer");
    fs::copy(ld_testkit::binary("live-data-writer"), &copy).unwrap();
    host.open();
    let source = host.path("source");
    fs::write(&source, "new").unwrap();
    let writer = TestCommand::new(copy).arg(host.config()).arg(source).arg("/flags").user(USER, USER).start();
    writer.wait_until("the writer to read", SOON, |_| server.requests_of(operation::GET_DATA) > 0);
    assert_closed(&writer);
}
