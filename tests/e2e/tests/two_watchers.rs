//! Two watchers with one destination.

use ld_testkit::{Host, Namespace, SOON};

const HINT: &str = "restoring it; this repeats: a second watcher may have the same destination\n";

#[test]
fn a_second_watcher_with_another_source_is_suspected() {
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
    let (often, seldom) = (often.setting("nodes.f.dest", &dest), seldom.setting("nodes.f.dest", &dest));
    let watchers = [often.watcher().start(), seldom.watcher().start()];
    for watcher in &watchers {
        watcher.wait_for_stderr(HINT, SOON);
    }
}
