//! The progress bar: on a terminal, below the log lines, and nowhere else.

use ld_testkit::{Host, Namespace, SOON, Server, ServerOptions, Step, TestCommand, binary};

/// A host with so many nodes that all exist.
fn many(zookeeper: &Namespace, count: usize) -> Host {
    let create = |index: &usize| Step::create(zookeeper.path(&format!("/n{index}")), "x");
    for batch in (0..count).collect::<Vec<_>>().chunks(100) {
        zookeeper.admin().transaction(&batch.iter().map(create).collect::<Vec<_>>()).unwrap();
    }
    (0..count).fold(Host::new(zookeeper.connect_string()), |host, index| {
        host.node(&format!("n{index}"), &format!("/n{index}"))
    })
}

/// The watcher on a pseudo-terminal, which script(1) shows on its standard output.
fn on_terminal(host: &Host, options: &str, terminal: &str) -> TestCommand {
    let line = format!("{} {options} {}", binary("live-data-watcher").display(), host.config().display());
    TestCommand::new("script").args(["-qefc", &line, "/dev/null"]).env("TERM", terminal)
}

#[test]
fn a_terminal_shows_a_bar_below_whole_log_lines() {
    let zookeeper = Namespace::new();
    let host = many(&zookeeper, 500);
    let once = on_terminal(&host, "--once", "xterm").run(3 * SOON);
    assert_eq!(once.code, Some(0), "{}", once.stdout);
    assert!(once.stdout.contains("/500 nodes, "), "{}", once.stdout);
    assert_eq!(once.stdout.matches("Updating '").count(), 500, "{}", once.stdout);
    let last = once.stdout.trim_end().lines().last().unwrap_or_default();
    assert!(last.ends_with("500 nodes: 500 updated, 0 unchanged, 0 removed, 0 absent, 0 failed"), "{last}");
}

#[test]
fn a_first_sync_that_waits_shows_a_bar_until_it_ends() {
    let server = Server::prepare(ServerOptions::default());
    let host = (0..3).fold(Host::new(server.connect_string()), |host, index| {
        host.node(&format!("n{index}"), &format!("/n{index}"))
    });
    let watcher = on_terminal(&host, "", "xterm").start();
    watcher.wait_until("the bar", SOON, |watcher| watcher.stdout().contains("] 0/3 nodes, "));
}

#[test]
fn no_bar_is_shown_without_a_capable_terminal() {
    let zookeeper = Namespace::new();
    let host = many(&zookeeper, 20);
    let piped = host.once().env("TERM", "xterm").run(SOON);
    let dumb = on_terminal(&host, "--once", "dumb").run(SOON);
    let alone = many(&zookeeper, 0).node("n0", "/n0");
    let one_node = on_terminal(&alone, "--once", "xterm").run(SOON);
    for output in [piped, dumb, one_node] {
        let text = output.stdout + &output.stderr;
        assert!(output.code == Some(0) && !text.contains('\x1b') && !text.contains(" nodes, "), "{text}");
    }
}
