//! Secrets that hang when they are read, and a configuration that never arrives.

use std::fs;
use std::time::{Duration, Instant};

use ld_testkit::{
    Acl, Daemon, Faults, Host, Namespace, SOON, TestCommand, binary, replace_by_fifo, wait_until,
};

use crate::bounds::{AT_ONCE, LOADED_MACHINE, OUTAGE, PATIENCE};
use crate::harness::tests;
use crate::rig::bare_host;
use crate::serving::{Nodes, lines_with, with_node};

tests! {
    hung_secrets_cost_one_thread_and_delay_no_public_node: 60,
    secrets_in_a_fifo_cost_one_thread_only: 60,
    many_sessions_open_side_by_side_while_secrets_hang: 40,
    a_configuration_that_never_comes_can_be_terminated: 10,
    a_configuration_that_hangs_at_a_reload_delays_nothing: 20,
}

const CREDENTIAL: &str = "reader:planted-password";
/// How long the fault lasts. A watcher that starts further reads beside a hung one does so every
/// 13 s.
const LENGTH: Duration = Duration::from_secs(30);

/// A node that every client may read, and one that needs the credential.
///
/// The client reads its secrets again while it may not read the second one.
struct Setup<'a> {
    host: Host,
    public: Nodes<'a>,
    private: Nodes<'a>,
}

impl<'a> Setup<'a> {
    fn new(namespace: &'a Namespace) -> Self {
        let host = bare_host(namespace.connect_string()).credentials(&["reader:old-password"]);
        let (public, private) = (host.file("public"), host.file("private"));
        let host = with_node(with_node(host, "public", &public), "private", &private);
        let nodes = |name: &str, file| Nodes::create(namespace, vec![(name.to_owned(), file)]);
        let (public, private) = (nodes("public", public), nodes("private", private));
        let closed = [Acl::anyone(Acl::ALL - Acl::READ), Acl::creator(Acl::READ)];
        let admin = namespace.server().admin().with_digest(CREDENTIAL);
        admin.set_acl(&namespace.path("/private"), &closed).expect("the node is there");
        Self { host, public, private }
    }

    /// The whole test. `hung` counts the watcher's reads that hang.
    fn hang(
        &self,
        command: TestCommand,
        fault: impl FnOnce(),
        hung: impl Fn(&Daemon) -> usize,
        heal: impl FnOnce(),
    ) {
        let watcher = command.start();
        self.public.converge(&watcher, "at start", PATIENCE);
        fault();
        let start = Instant::now();
        while start.elapsed() < LENGTH {
            self.public.follow_for(&watcher, Duration::from_secs(2), "beside secrets that hang");
            let reads = hung(&watcher);
            assert!(reads <= 1, "{reads} reads hang at once\n{}", watcher.stderr());
        }
        assert!(!self.private.are_current());
        self.reported(&watcher);
        self.host.write_secrets(&[CREDENTIAL]);
        heal();
        self.private.converge(&watcher, "after the secrets come", OUTAGE);
        self.public.follow_for(&watcher, Duration::ZERO, "after the secrets come");
        watcher.terminate();
        assert_eq!(watcher.wait(PATIENCE).code(), Some(0), "{}", watcher.stderr());
    }

    /// Asserts that the log names the file.
    fn reported(&self, watcher: &Daemon) {
        let path = self.host.path("secrets.json");
        let path = path.to_str().expect("an ASCII name");
        let hung = lines_with(watcher, &[path, "has hung since"]);
        let refused = lines_with(watcher, &[path, "regular file"]);
        assert!((1..=2).contains(&(hung + refused)), "{}", watcher.stderr());
    }
}

fn hung_secrets_cost_one_thread_and_delay_no_public_node() {
    let (namespace, faults) = (Namespace::new(), Faults::new());
    let setup = Setup::new(&namespace);
    let secrets = setup.host.path("secrets.json");
    let command = setup.host.watcher().faults(&faults);
    let begin = || faults.hang_files(&[&secrets]);
    setup.hang(command, begin, |_| faults.hung(), || faults.release_files());
}

fn secrets_in_a_fifo_cost_one_thread_only() {
    let namespace = Namespace::new();
    let setup = Setup::new(&namespace);
    let secrets = setup.host.path("secrets.json");
    setup.hang(setup.host.watcher(), || replace_by_fifo(&secrets), fifo_readers, || ());
}

/// Number of threads that wait for the writer of a FIFO.
fn fifo_readers(watcher: &Daemon) -> usize {
    let tasks = fs::read_dir(format!("/proc/{}/task", watcher.id())).into_iter().flatten().flatten();
    let waits = tasks.map(|task| fs::read_to_string(task.path().join("wchan")).unwrap_or_default());
    waits.filter(|call| call.contains("fifo_open") || call.contains("wait_for_partner")).count()
}

/// A session has at most 96 KiB of watched paths, so these nodes need five sessions.
const SESSIONS: usize = 5;
const PATH: usize = 1000;

fn many_sessions_open_side_by_side_while_secrets_hang() {
    let (namespace, faults) = (Namespace::new(), Faults::new());
    let count = SESSIONS * (96 << 10) / PATH;
    let name = |node: usize| format!("{node:0>width$}", width = PATH);
    let host = bare_host(namespace.connect_string()).credentials(&["reader:old-password"]);
    let host = (0..count).fold(host, |host, node| {
        let dest = host.file(&node.to_string());
        host.setting(&format!("nodes.{node}.source"), format!("/{}", name(node)))
            .setting(&format!("nodes.{node}.dest"), dest.to_str().expect("an ASCII name"))
    });
    let admin = namespace.admin();
    for node in 0..count {
        admin.create(&namespace.path(&format!("/{}", name(node))), "content").expect("it is new");
    }
    faults.hang_files(&[host.path("secrets.json")]);
    let watcher = host.watcher().faults(&faults).start();
    let start = Instant::now();
    wait_until("the secrets to hang", SOON, || faults.hung() > 0);
    // One limit of 10 s for any number of sessions.
    watcher.wait_until("all files", OUTAGE + LOADED_MACHINE, |_| {
        (0..count).all(|node| host.read(&node.to_string()).is_some())
    });
    println!("  {SESSIONS} sessions beside secrets that hang: {:.1} s", start.elapsed().as_secs_f64());
    assert_eq!(faults.hung(), 1, "one read, and no second one beside it");
}

fn a_configuration_that_never_comes_can_be_terminated() {
    let namespace = Namespace::new();
    let host = bare_host(namespace.connect_string());
    replace_by_fifo(host.path("config.ini"));
    let watcher = TestCommand::new(binary("live-data-watcher")).arg(host.path("config.ini")).start();
    wait_until("the watcher to run", SOON, || {
        fs::read_to_string(format!("/proc/{}/comm", watcher.id()))
            .is_ok_and(|name| name.starts_with("live-data"))
    });
    watcher.terminate();
    watcher.wait(AT_ONCE + LOADED_MACHINE);
}

fn a_configuration_that_hangs_at_a_reload_delays_nothing() {
    let (namespace, faults) = (Namespace::new(), Faults::new());
    let host = bare_host(namespace.connect_string());
    let file = host.file("public");
    let host = with_node(host, "public", &file);
    let nodes = Nodes::create(&namespace, vec![("public".to_owned(), file)]);
    let watcher = host.watcher().faults(&faults).start();
    nodes.converge(&watcher, "at start", PATIENCE);
    faults.hang_files(&[host.path("config.ini")]);
    watcher.hang_up();
    wait_until("the read to hang", PATIENCE, || faults.hung() > 0);
    nodes.follow_for(&watcher, Duration::from_secs(2), "beside a configuration that hangs");
    let start = Instant::now();
    watcher.terminate();
    assert_eq!(watcher.wait(SOON).code(), Some(0), "{}", watcher.stderr());
    assert!(start.elapsed() < Duration::from_secs(2) + LOADED_MACHINE, "{:?}", start.elapsed());
    faults.release_files();
}
