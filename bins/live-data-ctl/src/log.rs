//! `log`: what was published in a node.

use ld_cli::Exit;
use ld_config::{counted, escape_hidden};
use ld_publish::{Gap, History, Log, LogEntry, NodeNow};
use serde_json::{Value, json};

use crate::args::{Args, Place};
use crate::{output, with_client};

pub(crate) async fn run(args: &Args, place: &Place) -> Result<Exit, Exit> {
    let read = async |config: &ld_config::Config, client: &_| {
        History::new(&config.publish).read(client, &place.path).await
    };
    let log = with_client(args, &place.config, read).await?;
    if args.json { output::json(&as_json(&log)) } else { output::lines(table(&log)) }
}

/// The latest first.
fn table(log: &Log) -> Vec<String> {
    let mut lines = Vec::new();
    match log.now {
        NodeNow::Unrecorded(stat) => {
            let (version, time, bytes) = (stat.version, output::time(stat.mtime), size(stat.data_length));
            lines.push(format!("* not recorded: version {version}, {time}, {bytes}, by another tool"));
            lines.extend(gap(log.gap_before_now()));
        }
        NodeNow::Missing if log.entries.is_empty() => lines.push("* the node does not exist".to_owned()),
        NodeNow::Missing => lines.push("* the node is gone".to_owned()),
        _ => {}
    }
    let present = log.present().map(|entry| entry.number);
    for (index, entry) in log.entries.iter().enumerate().rev() {
        let star = if present == Some(entry.number) { '*' } else { ' ' };
        lines.extend(entry_lines(star, entry));
        lines.extend(gap(log.gap_before(index)));
    }
    if log.entries.is_empty() {
        lines.push("  no publication is recorded".to_owned());
    }
    lines
}

fn size(bytes: impl TryInto<u64>) -> String {
    counted(bytes.try_into().unwrap_or(0), "byte")
}

fn entry_lines(star: char, entry: &LogEntry) -> Vec<String> {
    let LogEntry { number, version, bytes, author, message, group, .. } = entry;
    let time = output::time(entry.time);
    if let Some(problem) = &entry.problem {
        return vec![format!("{star} publication {number}: {time}, it cannot be read: {problem}")];
    }
    let by = match (entry.is_recorded, &**author) {
        (false, _) => "by another tool",
        (true, "") => "by an unknown author",
        (true, author) => author,
    };
    let mut lines =
        vec![format!("{star} publication {number}: version {version}, {time}, {}, {by}", size(*bytes))];
    lines.extend(message.lines().map(|line| format!("      {line}")));
    if !group.is_empty() {
        lines.push(format!("      together: {}", group.join(", ")));
    }
    lines
}

fn gap(gap: Gap) -> Option<String> {
    match gap {
        Gap::Changes(1) => Some("  1 change by another tool, whose content is not known".to_owned()),
        Gap::Changes(count) if count > 1 => {
            Some(format!("  {count} changes by other tools, whose contents are not known"))
        }
        Gap::Changes(_) | Gap::Unknown => Some("  what lies between is not known".to_owned()),
        Gap::Recreated => Some("  the node was removed and made again".to_owned()),
        _ => None,
    }
}

fn as_json(log: &Log) -> Value {
    let publications = log.entries.iter().enumerate().rev();
    let publications = publications.map(|(index, entry)| {
        let mut value = entry_json(entry);
        value["gap_before"] = gap_json(log.gap_before(index));
        value
    });
    json!({
        "path": log.path,
        "now": now_json(log),
        "publications": publications.collect::<Vec<_>>(),
    })
}

fn now_json(log: &Log) -> Value {
    let (state, stat) = match log.now {
        NodeNow::Published(stat) => ("published", stat),
        NodeNow::Unrecorded(stat) => ("unrecorded", stat),
        _ => return json!({ "state": "missing" }),
    };
    json!({
        "state": state,
        "publication": log.present().map(|entry| entry.number),
        "version": stat.version,
        "mzxid": stat.mzxid,
        "changed": output::time(stat.mtime),
        "bytes": stat.data_length,
        "gap_before": gap_json(log.gap_before_now()),
    })
}

fn gap_json(gap: Gap) -> Value {
    match gap {
        Gap::None => Value::Null,
        Gap::Changes(count) => json!({ "changes": count }),
        Gap::Recreated => json!({ "recreated": true }),
        _ => json!({ "unknown": true }),
    }
}

/// One publication.
pub(crate) fn entry_json(entry: &LogEntry) -> Value {
    json!({
        "publication": entry.number,
        "version": entry.version,
        "zxid": entry.zxid,
        "time": output::time(entry.time),
        "author": entry.author,
        "message": entry.message,
        "bytes": entry.bytes,
        "sha256": entry.sha256,
        "group": entry.group,
        "recorded": entry.is_recorded,
        "problem": entry.problem.as_deref().map(escape_hidden),
    })
}
