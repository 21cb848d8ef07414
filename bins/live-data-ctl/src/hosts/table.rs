//! A fleet as a table.

use std::time::{SystemTime, UNIX_EPOCH};

use ld_config::{counted, escape_hidden, with_commas};
use ld_fleet::{Detail, Fleet, Host};

/// The longest cell but for the last one of a row.
const MOST_COLUMNS: usize = 60;

/// The table of at most `rows` hosts, and a line that counts all of them.
pub(crate) fn lines(fleet: &Fleet, path: Option<&str>, rows: usize) -> Vec<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let header = match path {
        Some(_) => ["STANDING", "HOST", "STATE", "VERSION", "CONTENT", "SINCE", "REASON"].map(str::to_owned),
        None => ["STANDING", "HOST", "NODES", "LAGGING", "BAD", "WATCHER", "WORST"].map(str::to_owned),
    };
    let mut table = vec![header];
    for host in fleet.hosts.iter().take(rows) {
        match path {
            Some(_) if host.error.is_none() => {
                table.extend(host.details.iter().map(|node| node_row(host, node, now)));
            }
            _ => table.push(host_row(host)),
        }
    }
    let mut lines = aligned(&table);
    if fleet.hosts.len() > rows {
        lines.push(format!("... and {} more", with_commas((fleet.hosts.len() - rows) as u64)));
    }
    lines.push(summary(fleet));
    lines
}

fn node_row(host: &Host, node: &Detail, now: u64) -> [String; 7] {
    [
        node.standing.as_str().to_owned(),
        host.host.clone(),
        node.state.clone(),
        node.mzxid.map_or("none".to_owned(), |mzxid| format!("{mzxid:#x}")),
        node.hash.clone().unwrap_or_default(),
        span(now.saturating_sub(node.since)),
        node.reason.clone().unwrap_or_default(),
    ]
}

fn host_row(host: &Host) -> [String; 7] {
    let says_why = |node: &&Detail| node.standing != ld_fleet::Standing::Good || node.reason.is_some();
    let worst = host.details.iter().find(says_why);
    let worst = worst.map(|node| match &node.reason {
        None if node.standing == ld_fleet::Standing::Uncompared => format!("{}: not compared", node.path),
        Some(reason) => format!("{}: {}: {reason}", node.path, node.state),
        None => format!("{}: {}", node.path, node.state),
    });
    [
        host.standing.as_str().to_owned(),
        host.host.clone(),
        with_commas(host.nodes),
        with_commas(host.lagging),
        with_commas(host.bad),
        host.version.clone().unwrap_or_default(),
        host.error.clone().or(worst).unwrap_or_default(),
    ]
}

/// The rows with columns as wide as their widest cell.
fn aligned(table: &[[String; 7]]) -> Vec<String> {
    // Escaped before it is measured: an escape is wider than what it stands for.
    let table: Vec<_> = table.iter().map(|row| row.each_ref().map(|cell| escape_hidden(cell))).collect();
    let width = |column: usize| {
        let widest = table.iter().map(|row| row[column].chars().count()).max();
        widest.unwrap_or(0).min(MOST_COLUMNS)
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let line = |row: &[std::borrow::Cow<'_, str>; 7]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    table.iter().map(line).collect()
}

fn summary(fleet: &Fleet) -> String {
    let Fleet { hosts, good, lagging, bad, unreadable, uncompared, omitted, .. } = fleet;
    let hosts = counted(hosts.len() as u64, "host");
    let [good, lagging, bad, unreadable] = [good, lagging, bad, unreadable].map(|count| with_commas(*count));
    let mut line = format!("{hosts}: {good} good, {lagging} lagging, {bad} bad, {unreadable} unreadable");
    if *uncompared > 0 {
        line += &format!(", {} uncompared", with_commas(*uncompared));
    }
    if *omitted > 0 {
        line += &format!("; {} more were not read", with_commas(*omitted));
    }
    line
}

fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(reason: &str) -> Fleet {
        let detail = |standing: &str, state: &str, reason: Option<&str>| {
            serde_json::json!({
                "path": "/app/flags", "state": state, "standing": standing, "mzxid": 42,
                "hash": "e3b0c44298fc1c14", "since": 0, "reason": reason,
            })
        };
        let host = |host: &str, standing: &str, bad: u64, details: Vec<serde_json::Value>| {
            serde_json::json!({
                "host": host, "version": "0.1.0", "started": 0, "standing": standing, "nodes": 1,
                "lagging": 0, "bad": bad, "details": details, "error": null,
            })
        };
        serde_json::from_value(serde_json::json!({
            "hosts": [
                host("web-2", "bad", 1, vec![detail("bad", "rejected", Some(reason))]),
                host("web-1", "good", 0, vec![detail("good", "current", None)]),
            ],
            "good": 1, "lagging": 0, "bad": 1, "unreadable": 0, "omitted": 0,
        }))
        .unwrap()
    }

    #[test]
    fn the_worst_host_comes_first_and_says_why() {
        let lines = lines(&fleet("not JSON"), None, 10);
        assert_eq!(
            lines,
            [
                "STANDING  HOST   NODES  LAGGING  BAD  WATCHER  WORST",
                "bad       web-2  1      0        1    0.1.0    /app/flags: rejected: not JSON",
                "good      web-1  1      0        0    0.1.0",
                "2 hosts: 1 good, 0 lagging, 1 bad, 0 unreadable",
            ]
        );
    }

    #[test]
    fn one_node_is_shown_with_its_version() {
        let lines = lines(&fleet("not JSON"), Some("/app/flags"), 1);
        assert!(lines[1].starts_with("bad       web-2  rejected  0x2a     e3b0c44298fc1c14  "), "{lines:?}");
        assert!(lines[1].ends_with("not JSON"), "{lines:?}");
        assert_eq!(lines[2], "... and 1 more");
    }

    #[test]
    fn a_report_cannot_act_upon_the_terminal() {
        let lines = lines(&fleet("\x1b[2J\nforged"), None, 10);
        assert!(lines[1].ends_with("rejected: \\u{1b}[2J\\nforged"), "{lines:?}");
        assert_eq!(lines.len(), 4);
    }
}
