//! Nodes below the directory of reports that are none.

use serde_json::{Value, json};

use super::{hosts, reporting, wait_for_report, with_flags};
use crate::status::{get, status_address};

#[test]
fn hostile_reports_break_no_reader() {
    let zookeeper = with_flags("one");
    let good = reporting(zookeeper.connect_string(), "good").setting("status.listen", "127.0.0.1:0");
    let watcher = good.watcher().start();
    wait_for_report(&zookeeper, "good", |node| node["state"] == "current");

    let report = |host: &str, nodes: Value| {
        json!({"format": 1, "host": host, "version": "\u{1b}[2J", "started": u64::MAX, "nodes": nodes})
            .to_string()
    };
    let evil = json!([["/flags", i64::MAX, null, "\u{1b}]0;x\u{7}", u64::MAX, "\u{1b}[31m<script>\nforged"]]);
    let many: Vec<_> =
        (0..10_000).map(|n| json!([format!("/none/{n}"), 1, null, "current", 0, null])).collect();
    let planted = [
        ("garbage", "\0\u{7f}{".to_owned()),
        ("empty", String::new()),
        ("large", "x".repeat(1_000_000)),
        ("deep", "[".repeat(500_000)),
        ("other", report("good", json!([]))),
        ("evil", report("evil", evil)),
        ("many", report("many", Value::Array(many))),
        ("\u{202e}<b>\u{e9} absurd", "x".to_owned()),
        (&"n".repeat(5_000), "x".to_owned()),
    ];
    for (name, content) in &planted {
        let path = zookeeper.path(&format!("/live-data/hosts/{name}"));
        zookeeper.admin().create(&path, content).unwrap();
    }

    for arguments in [&[][..], &["/flags"], &["--json"]] {
        let output = hosts(&zookeeper, arguments);
        assert_eq!(output.code, Some(1), "{}", output.stderr);
        let is_tame = |c: char| !c.is_control() || c == '\n';
        assert!(
            output.stdout.chars().all(is_tame) && !output.stdout.contains('\u{202e}'),
            "{}",
            output.stdout
        );
        assert!(output.stdout.len() < 100_000 && output.stdout.contains("good"), "{}", output.stdout);
    }
    let table = hosts(&zookeeper, &[]).stdout;
    assert!(table.contains("10 hosts: 1 good, 1 lagging, 1 bad, 7 unreadable"), "{table}");
    assert!(table.contains("names another host") && table.contains("at most 921600"), "{table}");

    let fleet = get(&status_address(&watcher), "/fleet.json");
    let (head, body) = fleet.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let fleet: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&fleet["good"], &fleet["unreadable"]), (&json!(1), &json!(7)), "{fleet}");
    assert!(watcher.is_running());
}
