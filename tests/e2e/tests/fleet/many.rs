//! 200 hosts in this process, beside real watchers.

use std::sync::Arc;

use ld_config::Config;
use ld_fleet::{ContentHash, NodeReport, NodeState, Report, Reporter};
use ld_testkit::{SOON, wait_for};
use tokio::sync::watch;

use super::{hosts, reporting, wait_for_report, with_flags};

const SIMULATED: usize = 200;

fn report(host: &str, mzxid: i64, content: &str, state: NodeState) -> Arc<Report> {
    let mut report = Report::new(host, "9.9.9", 0);
    let mut node = NodeReport::new("/flags", state, 0);
    (node.mzxid, node.hash) = (Some(mzxid), Some(ContentHash::of(content.as_bytes())));
    report.nodes.push(node);
    Arc::new(report)
}

#[test]
fn two_hundred_hosts_and_real_watchers_are_counted() {
    let zookeeper = with_flags("one");
    let real = ["real-1", "real-2"].map(|name| reporting(zookeeper.connect_string(), name));
    let _watchers = real.each_ref().map(|host| host.watcher().start());
    for name in ["real-1", "real-2"] {
        wait_for_report(&zookeeper, name, |node| node["state"] == "current");
    }
    let text = std::fs::read_to_string(real[0].config()).unwrap();
    let environment = ld_config::Environment::empty();
    let config = Config::parse(text, "c", &environment, ld_config::Scope::Watcher).unwrap().config;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mzxid = zookeeper.admin().exists(&zookeeper.path("/flags")).unwrap().unwrap().mzxid;
    let senders: Vec<_> = (0..SIMULATED)
        .map(|index| {
            let _guard = runtime.enter();
            let options = ld_zk::Options::default();
            let client = ld_zk::Client::new(&config.zookeeper, &config.secrets, options).unwrap();
            let name = format!("simulated-{index}");
            let reporter = Reporter::new(client, &config, &name).unwrap();
            let (sender, reports) = watch::channel(Some(report(&name, mzxid, "one", NodeState::Current)));
            runtime.spawn(reporter.run(reports));
            (name, sender)
        })
        .collect();
    wait_for("all hosts", 6 * SOON, || {
        let output = hosts(&zookeeper, &["/flags"]);
        output.stdout.contains("202 hosts: 202 good, 0 lagging, 0 bad, 0 unreadable").then_some(())
    });

    // The simulated hosts answer to a change: all but three, of which one fails.
    let writer = real[0].writer("two", "/flags").args(["--wait", "98.5%", "--wait-timeout", "30s"]).start();
    real[0].wait_for("flags", "two");
    let mzxid = zookeeper.admin().exists(&zookeeper.path("/flags")).unwrap().unwrap().mzxid;
    for (name, sender) in senders.iter().skip(3) {
        sender.send_replace(Some(report(name, mzxid, "two", NodeState::Current)));
    }
    senders[0].1.send_replace(Some(report("simulated-0", 1, "one", NodeState::Failing)));
    assert_eq!(writer.wait(6 * SOON).code(), Some(0), "{}", writer.stderr());
    assert!(writer.stderr().contains("of 202 hosts have it."), "{}", writer.stderr());
    wait_for("the laggards", 6 * SOON, || {
        let table = hosts(&zookeeper, &[]).stdout;
        table.contains("202 hosts: 199 good, 2 lagging, 1 bad, 0 unreadable").then_some(())
    });
}
