//! Two watchers with one destination.

use ld_testkit::{Host, Namespace, SOON, TestCommand, binary, wait_for};

/// Runs a second watcher in the background of the first, in a list of processes of their own.
const WITH_SECOND: &str = "\"$0\" \"$1\" & shift; exec \"$@\"";

#[test]
fn a_second_watcher_is_named_in_log_and_status() {
    let zookeeper = Namespace::new();
    for name in ["/one", "/two"] {
        zookeeper.admin().create(&zookeeper.path(name), name).unwrap();
    }
    let host = |source, drift_interval| {
        let host = Host::new(zookeeper.connect_string()).setting("nodes.f.source", source);
        host.setting("watcher.drift_interval", drift_interval)
    };
    // The first one looks more often, so that it finds its own content between two repairs.
    let (often, seldom) = (host("/one", "20 milliseconds"), host("/two", "400 milliseconds"));
    let dest = often.path("shared").to_str().unwrap().to_owned();
    let socket = format!("unix:{}", often.path("status.sock").display());
    let often = often.setting("nodes.f.dest", &dest).setting("status.listen", socket);
    let seldom = seldom.setting("nodes.f.dest", &dest);
    let (program, configs) = (binary("live-data-watcher"), [often.config(), seldom.config()]);
    let second = [program.display().to_string(), configs[1].display().to_string()];
    let own_processes =
        ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", WITH_SECOND];
    let watchers =
        often.watcher().wrapped_by(own_processes.map(str::to_owned).into_iter().chain(second)).start();

    // Each is told by its id in their own list. Arguments may be secret, and are not shown.
    for id in [1, 2] {
        let other = format!(": process {id} ({})\n", program.display());
        wait_for("both watchers to name the other one", SOON, || {
            let log = watchers.stderr();
            let start =
                "restoring it; this repeats: a second watcher may have the same destination: process ";
            log.contains(&other).then(|| assert!(log.contains(start), "{log}"))
        });
    }
    let status = TestCommand::new(&program).arg("status").arg(&configs[0]).run(SOON);
    let warning =
        "another process changes the file again and again: a second watcher may have the same destination";
    let other = format!("process 2 ({})", program.display());
    assert!(status.stdout.contains(warning) && status.stdout.contains(&other), "{}", status.stdout);
}
