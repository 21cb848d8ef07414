//! Which hosts have what: the reports of watchers, and the tools that read them.

mod hostile;
mod many;
mod page;
mod report;
mod wait;

use ld_testkit::{Host, Namespace, SOON, TestOutput, wait_for};
use serde_json::Value;

/// An ensemble in which watchers may report, with one node.
fn with_flags(content: &str) -> Namespace {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), content).unwrap();
    Host::new(zookeeper.connect_string()).init(&[]);
    zookeeper
}

/// A host that follows `/flags` and reports under `name`.
fn reporting(connect_string: impl AsRef<str>, name: &str) -> Host {
    Host::new(connect_string)
        .node("flags", "/flags")
        .setting("fleet.report", "true")
        .setting("fleet.host", name)
        .setting("fleet.report_interval", "50 milliseconds")
}

/// `live-data-ctl hosts` with these arguments after CONFIG.
fn hosts(zookeeper: &Namespace, arguments: &[&str]) -> TestOutput {
    Host::new(zookeeper.connect_string()).ctl("hosts").args(arguments).run(SOON)
}

/// What `live-data-ctl hosts --json` says of a host; `None` if it does not report.
fn host(zookeeper: &Namespace, name: &str) -> Option<Value> {
    let output = hosts(zookeeper, &["/flags", "--json"]);
    let fleet: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{}", output.stderr));
    fleet["hosts"].as_array().unwrap().iter().find(|host| host["host"] == name).cloned()
}

/// Waits until a host reports `/flags` so.
fn wait_for_report(zookeeper: &Namespace, name: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    wait_for(&format!("the report of {name}"), 2 * SOON, || {
        let node = host(zookeeper, name)?["details"][0].clone();
        is_wanted(&node).then_some(node)
    })
}
