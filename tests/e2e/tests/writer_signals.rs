//! A writer that gets a signal: it reports whether the node was written. A second signal ends it at
//! once.

use std::fs;
use std::time::Duration;

use ld_testkit::{
    Daemon, HeldWriter, Host, Namespace, Proxy, ProxyMode, SOON, Server, ServerOptions, SleepingCheck,
    TestCommand, wait_until,
};

const NEVER: Duration = Duration::from_secs(3_600);
const NOTHING_WRITTEN: &str = "interrupted: nothing was written";
const LOOKING: &str = "interrupted: looking whether it was written, for 15 seconds at most\n";
const SIGNALS: [fn(&Daemon); 3] = [Daemon::interrupt, Daemon::terminate, Daemon::hang_up];

/// Asserts that `signal` ends the writer at once, and that nothing was written.
#[track_caller]
fn ends_with_nothing_written(writer: &Daemon, signal: fn(&Daemon)) {
    signal(writer);
    // Sooner than the limit of a request, 15 s.
    assert_eq!(writer.wait(Duration::from_secs(10)).code(), Some(1), "{}", writer.stderr());
    writer
        .wait_until("the last line", SOON, |writer| writer.stderr().lines().last() == Some(NOTHING_WRITTEN));
}

#[test]
fn interrupted_before_the_answer_it_finds_the_write() {
    for signal in SIGNALS {
        let held = HeldWriter::start("20 seconds", |host| host);
        held.proxy.set_mode(ProxyMode::OnlyToServer);
        held.send();
        wait_until("the write to be done", SOON, || held.version() == 1);
        signal(&held.writer);
        held.writer.wait_for_stderr(LOOKING, SOON);
        held.proxy.set_mode(ProxyMode::Pass);
        assert_eq!(held.end().0, Some(0), "{}", held.writer.stderr());
        assert!(held.writer.stderr().contains("\nWrote data to Zookeeper.\n"), "{}", held.writer.stderr());
    }
}

#[test]
fn interrupted_before_a_lost_write_it_reports_not_written() {
    for signal in SIGNALS {
        let held = HeldWriter::start("20 seconds", |host| host);
        held.proxy.set_mode(ProxyMode::Delay { to_server: NEVER, to_client: Duration::ZERO });
        held.send();
        signal(&held.writer);
        held.writer.wait_for_stderr(LOOKING, SOON);
        held.proxy.reset_connections();
        held.proxy.set_mode(ProxyMode::Pass);
        let line = "not written: interrupted; the node is unchanged, run again";
        assert_eq!(held.end(), (Some(1), line.to_owned()));
        assert_eq!(held.version(), 0);
    }
}

#[test]
fn a_second_signal_ends_it_at_once_exit_1() {
    let held = HeldWriter::start("60 seconds", |host| host);
    held.proxy.set_mode(ProxyMode::OnlyToServer);
    held.send();
    held.writer.interrupt();
    held.writer.wait_for_stderr(LOOKING, SOON);
    held.writer.terminate();
    assert_eq!(held.writer.wait(Duration::from_secs(10)).code(), Some(1));
    assert_eq!(held.end().1, "interrupted again: it may have been written, run again");
}

#[test]
fn interrupted_while_the_diff_is_unread_it_has_written_nothing() {
    for signal in SIGNALS {
        let held = HeldWriter::start("10 seconds", |host| host);
        ends_with_nothing_written(&held.writer, signal);
        assert_eq!(held.version(), 0);
    }
}

#[test]
fn interrupted_while_it_connects_it_has_written_nothing() {
    let server = Server::prepare(ServerOptions::default());
    let proxy = Proxy::start(server.address());
    proxy.set_mode(ProxyMode::Blackhole);
    for hosts in [server.connect_string(), proxy.connect_string()] {
        for signal in SIGNALS {
            let host = Host::new(&hosts);
            let writer = host.writer("new", "/flags").start();
            writer.wait_for_stderr("Writing to /flags in ZooKeeper...\n", SOON);
            ends_with_nothing_written(&writer, signal);
        }
    }
}

#[test]
fn interrupted_during_an_endless_source_it_writes_nothing() {
    let zookeeper = Namespace::new();
    // A warning in the log shows that it runs.
    let host = Host::new(zookeeper.connect_string()).setting("secrets.provider", "unknown");
    let writer = host.writer("", "/flags");
    let source = host.path("source");
    fs::remove_file(&source).unwrap();
    assert_eq!(TestCommand::new("mkfifo").arg(&source).run(SOON).code, Some(0));
    for signal in SIGNALS {
        let writer = writer.start();
        writer.wait_for_stderr("secrets.provider", SOON);
        ends_with_nothing_written(&writer, signal);
    }
}

/// Sends `signals` to a writer while its check runs.
fn with_a_running_check(signals: impl FnOnce(&Daemon)) {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "old").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let check = SleepingCheck::new(&host);
    let host = host.setting("nodes.flags.check", check.program());
    let temporary = host.path("tmp");
    fs::create_dir(&temporary).unwrap();
    let count = || fs::read_dir(&temporary).unwrap().count();
    let writer = host.writer("new", "/flags").env("TMPDIR", &temporary).start();
    check.wait_until_running();
    assert_eq!(count(), 1);

    signals(&writer);
    assert_eq!(writer.wait(SOON).code(), Some(1), "{}", writer.stderr());
    assert_eq!(count(), 0, "{}", writer.stderr());
    check.wait_until_gone();
    assert_eq!(zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().0, b"old");
}

#[test]
fn interrupted_during_a_check_it_leaves_nothing_behind() {
    for signal in SIGNALS {
        with_a_running_check(|writer| ends_with_nothing_written(writer, signal));
    }
}

#[test]
fn two_signals_at_once_while_a_check_runs_leave_nothing_behind() {
    with_a_running_check(|writer| {
        writer.freeze();
        writer.interrupt();
        writer.terminate();
        writer.thaw();
    });
}
