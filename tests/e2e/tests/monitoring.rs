//! The shipped rules and the dashboard, held against what a watcher serves.

use std::collections::BTreeSet;
use std::fs;

use ld_testkit::{Host, Namespace, SOON, TempDir, TestCommand, TestOutput, wait_for};

use crate::status::{get, status_address, tool};

const RULES: &str = include_str!("../../../packaging/prometheus/live-data.rules.yml");
const RULE_TESTS: &str = include_str!("../../../packaging/prometheus/live-data.rules.test.yml");
const PAGE: &str = include_str!("../../../docs/monitoring.md");
const OPERATIONS: &str = include_str!("../../../docs/operations.md");
const DASHBOARD: &str = include_str!("../../../packaging/grafana/live-data.json");

/// What a watcher serves once a file was replaced.
fn served() -> String {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "on").unwrap();
    let host = Host::new(zookeeper.connect_string())
        .setting("status.listen", "127.0.0.1:0")
        .node("flags", "/flags")
        .setting("nodes.flags.on_change", "/bin/true");
    let watcher = host.watcher().start();
    let address = status_address(&watcher);
    // Gauges of a node follow its file a moment later.
    wait_for("the metrics of a replaced file", SOON, || {
        let metrics = get(&address, "/metrics");
        metrics.contains("live_data_node_last_applied_timestamp_seconds{").then_some(metrics)
    })
}

/// The dashboard's queries.
fn queries() -> Vec<String> {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let lists = [&dashboard["panels"], &dashboard["annotations"]["list"]];
    let entries = lists.iter().flat_map(|list| list.as_array().unwrap());
    let targets = entries.flat_map(|entry| match entry["targets"].as_array() {
        Some(targets) => targets.iter().collect(),
        None => vec![entry],
    });
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// The names of metrics in `text`. A recording's name has a colon and is not one.
fn metric_names(text: &str) -> BTreeSet<&str> {
    let is_part = |byte: char| byte.is_ascii_alphanumeric() || byte == '_' || byte == ':';
    text.split(|byte| !is_part(byte))
        .filter(|word| word.starts_with("live_data_") && !word.contains(':'))
        .collect()
}

/// The label matchers in `text` for the label `name`, split into their values.
fn label_values<'a>(text: &'a str, name: &str) -> BTreeSet<&'a str> {
    let matchers = ["=", "=~", "!~"].map(|operator| format!("{name}{operator}\""));
    let values = matchers.iter().flat_map(|start| text.split(start.as_str()).skip(1));
    values.flat_map(|rest| rest.split('"').next().unwrap_or_default().split('|')).collect()
}

fn assert_served(text: &str, metrics: &str) {
    let names = metric_names(text);
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        let sample = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']));
        assert!(metrics.lines().any(sample), "{name} is not served");
    }
    for label in ["state", "reason"] {
        let values = label_values(text, label);
        assert!(!values.is_empty(), "no query selects by {label}");
        for value in values {
            assert!(metrics.contains(&format!("{label}=\"{value}\"")), "no metric has {label} {value}");
        }
    }
}

fn promtool(arguments: &[&str]) -> TestOutput {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/prometheus");
    TestCommand::new(tool("promtool", "prometheus")).args(arguments).current_dir(directory).run(SOON)
}

#[test]
fn rules_and_dashboard_name_only_served_metrics() {
    let metrics = served();
    assert_served(RULES, &metrics);
    // Its queries by reason sum over all reasons.
    let queries = queries().join("\n") + "reason=\"hung\"";
    assert_served(&queries, &metrics);
    // Datadog's names of counters lack a suffix.
    for name in metric_names(PAGE) {
        assert!(metrics.contains(name), "{name} is not served");
    }
}

#[test]
fn each_alert_fires_for_its_fault() {
    let output = promtool(&["test", "rules", "live-data.rules.test.yml"]);
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
}

#[test]
fn each_alert_is_tested_and_says_what_to_do() {
    let alerts: Vec<_> = RULES.split("      - alert: ").skip(1).collect();
    assert!(alerts.len() > 10, "{alerts:?}");
    for alert in alerts {
        let name = alert.lines().next().unwrap_or_default();
        assert!(RULE_TESTS.contains(&format!("alertname=\"{name}\"")), "{name} has no test");
        for (page, text) in [("monitoring.md", PAGE), ("operations.md", OPERATIONS)] {
            assert!(text.contains(&format!("\n| `{name}` |")), "{name} is not in docs/{page}");
        }
        for part in ["severity: ", "summary: ", "description: "] {
            assert!(alert.contains(part), "{name} has no {part}");
        }
    }
}

#[test]
fn queries_of_the_dashboard_parse() {
    let mut rules = String::from("groups:\n  - name: dashboard\n    rules:\n");
    for (index, query) in queries().iter().enumerate() {
        let query = query.replace("$__rate_interval", "5m");
        rules.push_str(&format!("      - record: query_{index}\n        expr: '{query}'\n"));
    }
    let directory = TempDir::new();
    let file = directory.join("dashboard.yml");
    fs::write(&file, rules).unwrap();
    let output = promtool(&["check", "rules", file.to_str().unwrap()]);
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
}
