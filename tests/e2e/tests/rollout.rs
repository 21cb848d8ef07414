//! Staged rollouts: real watchers, the real tool, a real ZooKeeper.

use std::time::{Duration, Instant};

use ld_testkit::{
    Acl, Admin, Daemon, Host, Namespace, Publisher, SOON, TestCommand, TestOutput, binary, wait_until,
};
use serde_json::{Value, json};

const PLAN: &str = "/live-data/rollouts/flags";

/// The limit for a rollout in small steps: a share may be without hosts, and is passed after 30 s.
const STEPS_LIMIT: Duration = Duration::from_secs(30 + SOON.as_secs());

/// Abort reaches every connected host within this.
const ABORT_LIMIT: Duration = Duration::from_secs(2);

/// A node `/flags` with the content `old`, and hosts that follow it.
struct Fleet {
    zookeeper: Namespace,
    tool: Host,
    hosts: Vec<Host>,
    watchers: Vec<Daemon>,
}

impl Fleet {
    /// So many hosts that take part and report. `setup` changes the settings of each.
    fn new(count: usize, setup: impl Fn(Host) -> Host) -> Self {
        let zookeeper = Namespace::new();
        zookeeper.admin().create(&zookeeper.path("/flags"), "old").unwrap();
        let tool = Host::new(zookeeper.connect_string());
        let mut fleet = Self { zookeeper, tool, hosts: Vec::new(), watchers: Vec::new() };
        fleet.tool.init(&[]);
        for number in 0..count {
            let host = setup(fleet.host(number).setting("nodes.flags.rollout", "true"));
            fleet.start(host);
        }
        fleet
    }

    fn host(&self, number: usize) -> Host {
        Host::new(self.zookeeper.connect_string())
            .node("flags", "/flags")
            .setting("fleet.report", "true")
            .setting("fleet.report_interval", "100 milliseconds")
            .setting("fleet.host", format!("web-{number}"))
    }

    fn start(&mut self, host: Host) {
        self.watchers.push(host.watcher().start());
        host.wait_for("flags", "old");
        self.hosts.push(host);
        self.wait_for_reports(self.hosts.len());
    }

    #[track_caller]
    fn wait_for_reports(&self, count: usize) {
        let reports = self.zookeeper.path("/live-data/hosts");
        wait_until("the reports", SOON, || self.zookeeper.admin().children(&reports).unwrap().len() == count);
    }

    /// The tool with the configuration between `command` and `arguments`.
    fn ctl(&self, command: &[&str], arguments: &[&str]) -> TestCommand {
        TestCommand::new(binary("live-data-ctl")).args(command).arg(self.tool.config()).args(arguments)
    }

    fn begin(&self, candidate: &str, arguments: &[&str]) -> TestCommand {
        self.ctl(&["rollout", "start"], &["-", "/flags"]).args(arguments).stdin(candidate)
    }

    fn detached(&self, candidate: &str, share: &str) {
        let started = self.begin(candidate, &["--steps", share, "--detach"]).run(SOON);
        assert_eq!(started.code, Some(0), "{}", started.stderr);
    }

    fn rollout(&self, command: &str) -> TestOutput {
        self.ctl(&["rollout", command], &["/flags"]).run(SOON)
    }

    fn has_plan(&self) -> bool {
        self.zookeeper.admin().exists(&self.zookeeper.path(PLAN)).unwrap().is_some()
    }

    fn content(&self) -> Vec<u8> {
        self.zookeeper.admin().get(&self.zookeeper.path("/flags")).unwrap().0
    }

    #[track_caller]
    fn wait_for(&self, content: &str) {
        self.hosts.iter().for_each(|host| host.wait_for("flags", content));
    }
}

#[test]
fn a_good_candidate_is_promoted_and_rewrites_nothing() {
    let mut fleet = Fleet::new(3, |host| host);
    // A host without opt-in sees the node only.
    let other = fleet.host(3);
    fleet.start(other);
    let tool = fleet.begin("new", &["--steps", "99%,100%", "--soak", "2s"]).start();
    fleet.hosts[..3].iter().for_each(|host| host.wait_for_within("flags", "new", STEPS_LIMIT));
    assert_eq!(fleet.hosts[3].read("flags").unwrap(), b"old");
    let inodes: Vec<_> = fleet.hosts[..3].iter().map(|host| host.inode("flags")).collect();
    let status = tool.wait(SOON);
    assert_eq!(status.code(), Some(0), "{}", tool.stderr());
    fleet.wait_for("new");
    assert_eq!(fleet.content(), b"new");
    assert!(!fleet.has_plan());
    let now: Vec<_> = fleet.hosts[..3].iter().map(|host| host.inode("flags")).collect();
    assert_eq!(now, inodes);
}

#[test]
fn a_promotion_is_recorded_and_can_be_rolled_back() {
    let mut fleet = Fleet::new(2, |host| host);
    fleet.tool = fleet.tool.setting("publish.history", "20");
    let written = fleet.tool.writer("first", "/flags").args(["--message", "before"]).run(SOON);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    fleet.wait_for("first");
    let promoted = fleet.begin("second", &["--steps", "99%,100%", "--soak", "1s"]).run(STEPS_LIMIT);
    promoted.assert_ends(0, "The candidate is the content of /flags now.");

    let log = || -> Value {
        let output = fleet.tool.ctl("log").args(["/flags", "--json"]).run(SOON);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        serde_json::from_str(&output.stdout).unwrap()
    };
    let stat = fleet.zookeeper.admin().exists(&fleet.zookeeper.path("/flags")).unwrap().unwrap();
    let shown = log();
    let latest = &shown["publications"][0];
    // The entry has the transaction of the promotion.
    assert_eq!((&latest["zxid"], &latest["version"]), (&json!(stat.mzxid), &json!(2)), "{shown}");
    assert_eq!((&shown["now"]["state"], &latest["bytes"]), (&json!("published"), &json!(6)), "{shown}");
    assert!(latest["message"].as_str().unwrap().starts_with("rollout "), "{shown}");
    assert!(latest["author"].as_str().unwrap().contains('@'), "{shown}");
    let number = latest["publication"].to_string();
    let content = fleet.tool.ctl("show").args(["/flags", &number]).run(SOON);
    assert_eq!((content.code, content.stdout.as_str()), (Some(0), "second"));

    let back = fleet.tool.ctl("rollback").arg("/flags").run(SOON);
    back.assert_ends(0, "Rolling back /flags to publication ");
    fleet.wait_for("first");
    assert_eq!(fleet.content(), b"first");
    let shown = log();
    assert_eq!(shown["publications"][1]["publication"].to_string(), number, "{shown}");
}

#[test]
fn a_promotion_is_recorded_as_the_start_says() {
    let mut fleet = Fleet::new(1, |host| host);
    fleet.tool = fleet.tool.setting("publish.history", "20");
    let written = fleet.tool.writer("first", "/flags").run(SOON);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let begin = || fleet.begin("second", &["--steps", "100%", "--detach", "--author", "ops"]);
    let too_long = "m".repeat(1_001);
    begin().args(["--message", &too_long]).run(SOON).assert_ends(1, "the message has 1001 bytes");
    let begun = begin().args(["--message", "more for all"]).run(SOON);
    assert_eq!(begun.code, Some(0), "{}", begun.stderr);
    let status = fleet.rollout("status").stdout;
    assert!(status.contains("by ops\nmessage more for all\n"), "{status}");
    // Another tool than the one that started it.
    fleet.rollout("promote").assert_ends(0, "The candidate is the content of /flags now.");
    let log = fleet.tool.ctl("log").args(["/flags", "--json"]).run(SOON);
    let shown: Value = serde_json::from_str(&log.stdout).unwrap();
    let latest = &shown["publications"][0];
    assert_eq!((&latest["author"], &latest["message"]), (&json!("ops"), &json!("more for all")), "{shown}");
}

#[test]
fn a_candidate_that_hosts_reject_is_taken_back() {
    let fleet = Fleet::new(2, |host| host.setting("nodes.flags.max_bytes", "3"));
    let tool = fleet.begin("larger", &["--steps", "100%", "--soak", "1 hour"]).run(SOON);
    tool.assert_ends(4, "was taken back from all hosts: ");
    tool.assert_ends(4, "of 2 hosts with the candidate are bad (0.5% are allowed): web-");
    tool.assert_ends(4, "rejected: the content is rejected: it has 6 bytes, and max_bytes is 3");
    assert!(!fleet.has_plan());
    assert_eq!(fleet.content(), b"old");
    fleet.hosts.iter().for_each(|host| assert_eq!(host.read("flags").unwrap(), b"old"));
}

#[test]
fn a_failing_hook_takes_the_candidate_back() {
    let fleet = Fleet::new(2, |host| {
        let script = host.path("hook");
        ld_testkit::install_script(
            &script,
            0o755,
            &format!("#!/bin/sh\ngrep -q old {}\n", host.file("flags").display()),
        );
        host.setting("nodes.flags.on_change", script.to_str().unwrap())
    });
    let tool = fleet.begin("new", &["--steps", "100%", "--soak", "1 hour"]).run(SOON);
    tool.assert_ends(4, "hook-failed: ");
    fleet.wait_for("old");
}

#[test]
fn abort_reaches_all_connected_hosts_within_two_seconds() {
    let mut fleet = Fleet::new(3, |host| host);
    fleet.detached("new", "100%");
    fleet.wait_for("new");
    // One host is away.
    fleet.watchers.pop().unwrap().kill();
    fleet.rollout("abort").assert_ends(0, "was taken back from all hosts");
    let began = Instant::now();
    for host in &fleet.hosts[..2] {
        host.wait_for_within("flags", "old", ABORT_LIMIT.saturating_sub(began.elapsed()));
    }
    assert_eq!(fleet.hosts[2].read("flags").unwrap(), b"new");
    fleet.watchers.push(fleet.hosts[2].watcher().start());
    fleet.hosts[2].wait_for("flags", "old");
    fleet.rollout("abort").assert_ends(1, "there is no rollout of /flags");
}

#[test]
fn two_rollouts_of_a_node_exclude_each_other() {
    let fleet = Fleet::new(1, |host| host);
    fleet.detached("new", "100%");
    let second = fleet.begin("other", &["--steps", "100%", "--detach"]).run(SOON);
    second.assert_ends(1, "there is a rollout of /flags already (");
    assert_eq!(second.stdout, "", "it is refused before anything is compared");
    fleet.wait_for("new");
}

#[test]
fn what_publishes_during_a_rollout_says_so() {
    let mut fleet = Fleet::new(0, |host| host);
    fleet.tool = fleet.tool.setting("publish.history", "20");
    let write = |content: &str| fleet.tool.writer(content, "/flags");
    let warning = "a rollout of /flags runs (ops started it at ";
    let quiet = write("first").run(SOON);
    quiet.assert_ends(0, "");
    assert!(!quiet.stderr.contains("rollout"), "{}", quiet.stderr);
    // A host that takes part holds the candidate.
    let host = fleet.host(0).setting("nodes.flags.rollout", "true");
    let watcher = host.watcher().start();
    wait_until("the start of a rollout", SOON, || {
        let start = fleet.begin("new", &["--steps", "100%", "--detach", "--author", "ops"]);
        start.run(SOON).code == Some(0)
    });
    for change in [
        write("second").arg("--dry-run"),
        fleet.tool.ctl("rollback").args(["/flags", "--dry-run"]),
        fleet.tool.ctl("rollback").args(["/flags", "--dry-run", "--json"]),
        write("second"),
        fleet.tool.ctl("rollback").arg("/flags"),
    ] {
        let done = change.run(SOON);
        done.assert_ends(0, warning);
        done.assert_ends(0, "`live-data-ctl rollout abort`");
    }
    // A configuration that uses nothing of it makes no more requests.
    let plain = Host::new(fleet.zookeeper.connect_string());
    let quiet = plain.writer("second", "/flags").arg("--dry-run").run(SOON);
    quiet.assert_ends(0, "Dry run. Not writing.");
    assert!(!quiet.stderr.contains("a rollout of"), "{}", quiet.stderr);
    // What changes nothing undoes no rollout.
    let same = write("first").run(SOON);
    same.assert_ends(0, "No changes detected. Not writing.");
    assert!(!same.stderr.contains("a rollout of"), "{}", same.stderr);
    fleet.rollout("abort").assert_ends(0, "was taken back from all hosts");
    drop(watcher);
}

#[test]
fn steps_that_do_not_grow_are_wrong_usage() {
    let fleet = Fleet::new(1, |host| host);
    for steps in ["50%,20%", "50%,50%", "0%,100%"] {
        let refused = fleet.begin("new", &["--steps", steps]).run(SOON);
        refused.assert_ends(2, "each step must be more than 0% and more than the one before");
        assert_eq!(refused.stdout, "", "it comes before the difference");
    }
    assert!(!fleet.has_plan());
}

#[test]
fn a_node_that_changed_meanwhile_stops_the_promotion() {
    let fleet = Fleet::new(1, |host| host);
    fleet.detached("new", "100%");
    fleet.wait_for("new");
    fleet.zookeeper.admin().set(&fleet.zookeeper.path("/flags"), "hotfix").unwrap();
    fleet.rollout("promote").assert_ends(1, "/flags was changed since the rollout started");
    assert_eq!(fleet.content(), b"hotfix");
    fleet.rollout("abort").assert_ends(0, "");
    fleet.wait_for("hotfix");
}

#[test]
fn an_interrupted_tool_leaves_the_rollout_for_another_one() {
    let fleet = Fleet::new(2, |host| host);
    let tool = fleet.begin("new", &["--steps", "100%", "--soak", "3s"]).start();
    fleet.wait_for("new");
    tool.interrupt();
    let status = tool.wait(SOON);
    assert_eq!(status.code(), Some(1), "{}", tool.stderr());
    assert!(tool.stderr().contains("`live-data-ctl rollout resume` goes on"), "{}", tool.stderr());
    assert!(fleet.has_plan());
    fleet.rollout("pause").assert_ends(0, "is paused: 100% of the hosts have the candidate");
    let status = fleet.rollout("status").stdout;
    assert!(status.starts_with("/flags: paused at 100% of the hosts\n"), "{status}");
    wait_until("good reports", SOON, || {
        fleet.rollout("status").stdout.contains("2 hosts good, 0 pending, 0 bad")
    });
    fleet.rollout("resume").assert_ends(0, "The candidate is the content of /flags now.");
    assert_eq!(fleet.content(), b"new");
}

#[test]
fn a_check_decides_whether_a_rollout_goes_on() {
    let fleet = Fleet::new(1, |host| host);
    let check = fleet.tool.path("check");
    ld_testkit::install_script(&check, 0o755, "#!/bin/sh\n[ \"$1 $2\" = '/flags 100%' ] && exit 3\n");
    let check = check.to_str().unwrap();
    let tool = fleet.begin("new", &["--steps", "100%", "--soak", "1 hour", "--check", check]).run(SOON);
    tool.assert_ends(4, "rejects it with exit code 3");
    fleet.wait_for("old");
    let detached = fleet.begin("new", &["--steps", "100%", "--check", check, "--detach"]).run(SOON);
    assert_eq!(detached.code, Some(0), "{}", detached.stderr);
    fleet.rollout("resume").assert_ends(2, "the rollout was started with a check: give --check PROGRAM");
}

#[test]
fn a_rollout_needs_a_host_that_takes_part() {
    let mut fleet = Fleet::new(0, |host| host);
    let other = fleet.host(0);
    fleet.start(other);
    let tool = fleet.begin("new", &[]).run(SOON);
    tool.assert_ends(1, "nothing was started: no host reports that it takes part in rollouts of /flags");
    assert!(!fleet.has_plan());
}

#[test]
fn a_start_names_hosts_that_may_not_read_plans() {
    let mut fleet = Fleet::new(0, |host| host);
    fleet.tool = fleet.tool.credentials(&["publisher:secret"]);
    fleet.tool.config();
    let publisher = Admin::new(fleet.zookeeper.server().address()).with_digest("publisher:secret");
    let plans = fleet.zookeeper.path("/live-data/rollouts");
    publisher.set_acl(&plans, &[Acl::creator(Acl::ALL)]).unwrap();
    let outside = fleet.host(0).setting("nodes.flags.rollout", "true");
    let inside = fleet.host(1).setting("nodes.flags.rollout", "true").credentials(&["publisher:secret"]);
    fleet.start(outside);
    fleet.watchers[0].wait_for_stderr("no rollout is followed: /live-data/rollouts cannot be read", SOON);
    let why = "follows no rollout: /live-data/rollouts cannot be read: not authorized";
    wait_until("its reason in the table", SOON, || {
        fleet.ctl(&["hosts"], &["/flags"]).run(SOON).stdout.contains(why)
    });
    let alone = fleet.begin("new", &[]).run(SOON);
    alone.assert_ends(1, "web-0 follows no rollout of /flags");
    alone.assert_ends(1, "no host reports that it takes part in rollouts of /flags");

    fleet.start(inside);
    let promoted = fleet.begin("new", &["--steps", "100%", "--soak", "1s"]).run(SOON);
    promoted.assert_ends(0, "web-0 follows no rollout of /flags, and gets the content when it is promoted: ");
    promoted.assert_ends(0, "100% of the hosts: 1 good, 0 pending, 0 bad; promoting it");
    fleet.wait_for("new");
}

#[test]
fn a_reload_lets_a_host_take_part() {
    let mut fleet = Fleet::new(0, |host| host);
    let other = fleet.host(0);
    fleet.start(other);
    let host = fleet.hosts.remove(0).setting("nodes.flags.rollout", "true");
    fleet.hosts.push(host);
    fleet.hosts[0].config();
    fleet.watchers[0].hang_up();
    fleet.watchers[0].wait_for_stderr("reloaded: 0 nodes added, 0 removed, 1 changed", SOON);
    wait_until("a report that it takes part", SOON, || {
        fleet.begin("new", &["--steps", "100%", "--detach"]).run(SOON).code == Some(0)
    });
    fleet.wait_for("new");
}

#[test]
fn nothing_grows_while_no_host_takes_part() {
    let mut fleet = Fleet::new(1, |host| host);
    fleet.detached("new", "1%,100%");
    fleet.watchers.clear();
    fleet.wait_for_reports(0);
    let tool = fleet.ctl(&["rollout", "resume"], &["/flags"]).start();
    tool.wait_for_stderr("no host reports that it takes part", SOON);
    let status = fleet.rollout("status");
    assert!(!tool.stderr().contains("next 100%"), "{}", tool.stderr());
    assert!(status.stdout.contains("1%"), "{}", status.stdout);
}

#[test]
fn hosts_that_crashed_before_a_resume_take_the_candidate_back() {
    let fleet = Fleet::new(3, |host| host);
    let begun = fleet.begin("new", &["--steps", "100%", "--soak", "1s", "--detach"]).run(SOON);
    assert_eq!(begun.code, Some(0), "{}", begun.stderr);
    fleet.wait_for("new");
    fleet.watchers[1..].iter().for_each(Daemon::kill);
    fleet.wait_for_reports(1);
    let status = fleet.rollout("status").stdout;
    assert!(status.contains("no report from 2 of the 3 hosts that took part"), "{status}");
    let resumed = fleet.ctl(&["rollout", "resume"], &["/flags"]).run(STEPS_LIMIT);
    resumed.assert_ends(4, "2 of 3 hosts with the candidate are bad (0.5% are allowed): no report from 2 of");
    assert_eq!(fleet.content(), b"old");
    assert!(!fleet.has_plan());
}

#[test]
fn a_report_that_may_not_be_read_stops_a_rollout() {
    let fleet = Fleet::new(1, |host| host);
    let report = fleet.zookeeper.path("/live-data/hosts/web-other");
    let other = Admin::new(fleet.zookeeper.server().address()).with_digest("other:secret");
    other.create_with_acl(&report, "{}", &[Acl::creator(Acl::ALL)]).unwrap();
    let refused = "not authorized to read /live-data/hosts/web-other";
    fleet.begin("new", &["--steps", "100%"]).run(SOON).assert_ends(1, refused);
}

#[test]
fn a_plan_that_cannot_be_read_gives_no_candidate() {
    let fleet = Fleet::new(2, |host| host);
    let plan = fleet.zookeeper.path(PLAN);
    fleet.detached("new", "100%");
    fleet.wait_for("new");
    fleet.zookeeper.admin().set(&plan, "{\"format\": 2}").unwrap();
    fleet.wait_for("old");
    fleet.rollout("status").assert_ends(1, "the plan has format 2");
    fleet.rollout("abort").assert_ends(0, "was taken back from all hosts");
    // A candidate that was overwritten is not the one of the plan.
    fleet.detached("new", "100%");
    fleet.wait_for("new");
    fleet.zookeeper.admin().set(&format!("{plan}/candidate"), "forged").unwrap();
    fleet.wait_for("old");
    fleet
        .rollout("promote")
        .assert_ends(1, "the candidate of the rollout of /flags is missing, or not the one");
}

#[test]
fn a_signed_candidate_can_be_taken_back() {
    let mut fleet = Fleet::new(0, |host| host);
    let publisher = Publisher::new();
    let key = publisher.key().to_str().unwrap().to_owned();
    let signed = fleet.tool.writer("old", "/flags").args(["--sign", &key]).run(SOON);
    assert_eq!(signed.code, Some(0), "{}", signed.stderr);
    let host = fleet.host(0).setting("nodes.flags.rollout", "true");
    fleet.start(host.setting("nodes.flags.verify", publisher.public().to_str().unwrap()));

    let unsigned = fleet.begin("new", &["--steps", "100%", "--soak", "1 hour"]).run(SOON);
    unsigned.assert_ends(4, "rejected: ");
    unsigned.assert_ends(4, "it has no signature in /live-data/signatures/");
    fleet.wait_for("old");
    let started = fleet.begin("new", &["--steps", "100%", "--sign", &key, "--detach"]).run(SOON);
    assert_eq!(started.code, Some(0), "{}", started.stderr);
    fleet.wait_for("new");
    // The counter of the candidate is higher, and the node counts all the same.
    fleet.rollout("abort").assert_ends(0, "was taken back from all hosts");
    fleet.wait_for("old");
}
