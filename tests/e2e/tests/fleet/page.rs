//! The page `/fleet`.

use ld_testkit::Host;

use super::{reporting, wait_for_report, with_flags};
use crate::status::{browse, get, status_address};

#[test]
fn the_fleet_page_shows_the_worst_host_first() {
    let zookeeper = with_flags("<b>no json");
    let served = |name| reporting(zookeeper.connect_string(), name).setting("status.listen", "127.0.0.1:0");
    let good = served("web-1");
    let bad = served("web-2").setting("nodes.flags.format", "json");
    let (watcher, _bad_watcher) = (good.watcher().start(), bad.watcher().start());
    wait_for_report(&zookeeper, "web-1", |node| node["state"] == "current");
    wait_for_report(&zookeeper, "web-2", |node| node["state"] == "rejected");
    let page = browse(&good, &format!("http://{}/fleet", status_address(&watcher)));
    let (bad, good) = (page.find(">web-2<"), page.find(">web-1<"));
    assert!(bad.is_some() && bad < good, "{page}");
    assert!(page.contains("2 hosts: 1 good, 0 lagging, 1 bad, 0 unreadable"), "{page}");
    assert!(page.contains("the content is rejected: it is not JSON"), "{page}");
}

#[test]
fn a_watcher_that_does_not_report_shows_no_fleet() {
    let zookeeper = with_flags("one");
    let host =
        Host::new(zookeeper.connect_string()).node("flags", "/flags").setting("status.listen", "127.0.0.1:0");
    let watcher = host.watcher().start();
    for path in ["/fleet", "/fleet.json"] {
        let answer = get(&status_address(&watcher), path);
        assert!(
            answer.starts_with("HTTP/1.1 404 ") && answer.contains("set fleet.report = true"),
            "{answer}"
        );
    }
}
