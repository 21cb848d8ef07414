//! `live-data-ctl` when it loses the answer to its write: what it says is true.

use std::cell::Cell;
use std::time::Duration;

use ld_testkit::{Acl, Daemon, Host, Namespace, Proxy, ProxyMode, SOON, TestCommand, operation, wait_until};

const LOOKING: &str = "looking whether it was written, for 15 seconds at most\n";

const NEVER: Duration = Duration::from_secs(3_600);
/// Longer than a write of another client takes.
const LONG: Duration = Duration::from_secs(3);

/// How late answers are: the test notices a write before its answer arrives.
const LATE: ProxyMode =
    ProxyMode::Delay { to_server: Duration::ZERO, to_client: Duration::from_millis(1_500) };

struct Cut {
    zookeeper: Namespace,
    proxy: Proxy,
    host: Host,
}

impl Cut {
    fn new() -> Self {
        let zookeeper = Namespace::new();
        zookeeper.admin().create(&zookeeper.path("/flags"), "").unwrap();
        let proxy = Proxy::start(zookeeper.server().address());
        let host = Host::new(format!("{}{}", proxy.connect_string(), zookeeper.chroot()));
        let host = host.setting("zookeeper.timeout", "20 seconds");
        Self { zookeeper, proxy, host }
    }

    /// Starts the command, and cuts its connection when the server has done what it asks.
    fn lose_answer(&self, command: TestCommand, code: i32, is_done: impl Fn() -> bool) -> Daemon {
        self.proxy.set_mode(LATE);
        let ctl = command.start();
        wait_until("the write", 2 * SOON, || self.proxy.requests_of(code) == 1 && is_done());
        self.cut();
        ctl
    }

    /// Starts the command, and holds the write back that follows a read. Both are given by the code
    /// of their requests.
    fn hold(&self, command: TestCommand, [read, write]: [i32; 2], held: Duration) -> Daemon {
        // A new session asks for the stat of the chroot.
        let reads = if read == operation::EXISTS { 2 } else { 1 };
        self.proxy.set_mode(LATE);
        let ctl = command.start();
        // All answers before that to the read.
        let before = Cell::new(u64::MAX);
        let is_read = || {
            let is_asked = self.proxy.requests_of(read) == reads;
            if !is_asked {
                before.set(self.proxy.counts().bytes_from_server);
            }
            is_asked && self.proxy.counts().bytes_from_server > before.get()
        };
        wait_until("the read", 2 * SOON, is_read);
        self.proxy.set_mode(ProxyMode::Delay { to_server: held, to_client: Duration::ZERO });
        wait_until("the write", SOON, || self.proxy.requests_of(write) == 1);
        ctl
    }

    /// Loses what is held back.
    fn cut(&self) {
        self.proxy.reset_connections();
        self.proxy.set_mode(ProxyMode::Pass);
    }

    fn exists(&self, path: &str) -> bool {
        self.zookeeper.admin().exists(&self.zookeeper.path(path)).unwrap().is_some()
    }

    /// How often the ACL of `/flags` was set.
    fn aversion(&self) -> i32 {
        self.zookeeper.admin().exists(&self.zookeeper.path("/flags")).unwrap().unwrap().aversion
    }

    fn create(&self) -> TestCommand {
        self.host.ctl("create").args(["/new", "--acl", "world:anyone:all"])
    }

    fn delete(&self) -> TestCommand {
        self.host.ctl("delete").args(["/flags", "--yes"])
    }

    fn set_acl(&self) -> TestCommand {
        self.host.ctl("set-acl").args(["/flags", "--acl", "world:anyone:r"])
    }
}

#[track_caller]
fn ends(ctl: &Daemon, code: i32, text: &str) {
    assert_eq!(ctl.wait(3 * SOON).code(), Some(code), "{}", ctl.stderr());
    assert!(ctl.stderr().contains(LOOKING), "{}", ctl.stderr());
    assert!(ctl.stderr().contains(text), "{text} in {}", ctl.stderr());
}

#[test]
fn a_node_with_a_lost_answer_is_found_created() {
    let cut = Cut::new();
    let ctl = cut.lose_answer(cut.create(), operation::MULTI, || cut.exists("/new"));
    ends(&ctl, 0, "Created /new in ");
}

#[test]
fn a_node_that_is_lost_on_the_way_is_not_created() {
    let cut = Cut::new();
    let ctl = cut.hold(cut.create(), [operation::EXISTS, operation::MULTI], NEVER);
    cut.cut();
    ends(&ctl, 1, "not written: ");
    assert!(!cut.exists("/new"));
}

#[test]
fn another_node_in_place_of_the_lost_one_is_not_ours() {
    let cut = Cut::new();
    let ctl = cut.hold(cut.create(), [operation::EXISTS, operation::MULTI], NEVER);
    cut.zookeeper.admin().create(&cut.zookeeper.path("/new"), "theirs").unwrap();
    cut.cut();
    ends(&ctl, 1, "/new exists already; nothing was written");
}

#[test]
fn a_removal_with_a_lost_answer_is_found_done() {
    let cut = Cut::new();
    let ctl = cut.lose_answer(cut.delete(), operation::DELETE, || !cut.exists("/flags"));
    ends(&ctl, 0, "Removed /flags in ");
}

#[test]
fn a_removal_that_is_lost_on_the_way_is_not_done() {
    let cut = Cut::new();
    let ctl = cut.hold(cut.delete(), [operation::EXISTS, operation::DELETE], NEVER);
    cut.cut();
    ends(&ctl, 1, "not written: ");
    assert!(cut.exists("/flags"));
}

#[test]
fn an_acl_with_a_lost_answer_is_found_set() {
    let cut = Cut::new();
    let ctl = cut.lose_answer(cut.set_acl(), operation::SET_ACL, || cut.aversion() == 1);
    ends(&ctl, 0, "Set the ACL of /flags in ");
}

#[test]
fn an_acl_that_is_lost_on_the_way_is_not_set() {
    let cut = Cut::new();
    let ctl = cut.hold(cut.set_acl(), [operation::GET_ACL, operation::SET_ACL], NEVER);
    cut.cut();
    ends(&ctl, 1, "not written: ");
    assert_eq!(cut.aversion(), 0);
}

#[test]
fn a_node_that_changed_meanwhile_is_not_removed() {
    let cut = Cut::new();
    let ctl = cut.hold(cut.delete(), [operation::EXISTS, operation::DELETE], LONG);
    cut.zookeeper.admin().set(&cut.zookeeper.path("/flags"), "theirs").unwrap();
    assert_eq!(ctl.wait(SOON).code(), Some(1), "{}", ctl.stderr());
    assert!(ctl.stderr().contains("The data in ZooKeeper changed unexpectedly.\n"), "{}", ctl.stderr());
    assert!(cut.exists("/flags"));
}

#[test]
fn an_acl_that_changed_meanwhile_is_not_replaced() {
    let cut = Cut::new();
    let ctl = cut.hold(cut.set_acl(), [operation::GET_ACL, operation::SET_ACL], LONG);
    let path = cut.zookeeper.path("/flags");
    cut.zookeeper.admin().set_acl(&path, &[Acl::anyone(Acl::ALL)]).unwrap();
    assert_eq!(ctl.wait(SOON).code(), Some(1), "{}", ctl.stderr());
    assert!(
        ctl.stderr().contains("the ACL of /flags changed meanwhile; nothing was changed\n"),
        "{}",
        ctl.stderr()
    );
    assert_eq!(cut.aversion(), 1);
}
