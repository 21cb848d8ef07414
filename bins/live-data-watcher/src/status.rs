//! `status`: the state of a running watcher, as a table or as JSON.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::time::Duration;

use ld_cli::Exit;
use ld_config::{Listen, Scope, escape_hidden, escape_hidden_json};
use ld_status::{NodeReport, Report, fetch};
use tracing::error;

use crate::args::StatusArgs;

/// How often `--watch` asks.
const INTERVAL: Duration = Duration::from_secs(1);

/// Moves the cursor of a terminal to the top and clears what is below.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Asks the watcher that runs with the configuration, and prints what it says.
pub(crate) fn run(args: &StatusArgs) -> Result<Exit, Exit> {
    let config = ld_cli::read_config(&args.config, Scope::Watcher)?;
    let Some(listen) = config.status.listen else {
        error!("{} sets no status.listen, so that its watcher serves no status", args.config.display());
        return Err(Exit::Unreachable);
    };
    ld_cli::build_runtime()?.block_on(show(args, &listen))
}

async fn show(args: &StatusArgs, listen: &Listen) -> Result<Exit, Exit> {
    loop {
        let fetched = fetch(listen, args.timeout).await;
        let mut text = String::new();
        if args.watch && io::stdout().is_terminal() {
            text.push_str(CLEAR);
        }
        let exit = match fetched {
            Ok(report) => {
                text.push_str(&if args.json { json(&report) } else { table(&report) });
                if report.is_fresh() { Exit::Done } else { Exit::Failed }
            }
            Err(error) if args.watch => {
                let _ = writeln!(text, "{error}");
                Exit::Unreachable
            }
            Err(error) => {
                error!("{error}");
                return Err(Exit::Unreachable);
            }
        };
        let is_printed = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()).is_ok();
        if !args.watch || !is_printed {
            return Ok(exit);
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            // Without a handler the process just ends.
            Ok(()) = tokio::signal::ctrl_c() => return Ok(exit),
        }
    }
}

/// As JSON. What answers may be anything that took the address, so that hidden characters, which a
/// terminal may act upon, are escaped.
fn json(report: &Report) -> String {
    let text = serde_json::to_string_pretty(report);
    let text = text.map_or_else(|error| format!("{error}\n"), |text| text + "\n");
    escape_hidden_json(&text)
}

/// As [`table_as_it_is`], with hidden characters escaped.
fn table(report: &Report) -> String {
    let mut report = report.clone();
    let escape = |text: &mut String| *text = escape_hidden(text).into_owned();
    escape(&mut report.ensemble);
    report.last_reload.iter_mut().filter_map(|reload| reload.error.as_mut()).for_each(escape);
    for node in &mut report.nodes {
        [&mut node.name, &mut node.state, &mut node.dest].into_iter().for_each(escape);
        let told = [&mut node.last_error, &mut node.warning, &mut node.hook_error];
        told.into_iter().flatten().for_each(escape);
    }
    table_as_it_is(&report)
}

/// A summary, then the nodes: those that are not fresh first, then the others, each in the order of
/// the configuration.
fn table_as_it_is(report: &Report) -> String {
    let (fresh, bad): (Vec<_>, Vec<_>) = report.nodes.iter().partition(|node| node.fresh);
    let width = report.nodes.iter().map(|node| node.name.chars().count()).max().unwrap_or_default();
    let connected = report.sessions.iter().filter(|session| session.state == "connected").count();
    let (nodes, sessions) = (report.nodes.len(), report.sessions.len());
    let mut text = format!(
        "{} of {nodes} files are as they should be; {connected} of {sessions} sessions are connected to {}\n",
        fresh.len(),
        report.ensemble,
    );
    if let Some(error) = report.last_reload.as_ref().and_then(|reload| reload.error.as_ref()) {
        let _ = writeln!(text, "the last reload changed nothing: {error}");
    }
    text.push_str(&format!(
        "{:<10}  {:<width$}  {:>9}  {:>18}  {:>11}  FILE\n",
        "STATE", "NODE", "CONFIRMED", "MZXID", "BYTES"
    ));
    for node in bad.iter().chain(&fresh) {
        let confirmed = node.confirmed_at.as_deref().and_then(|at| age(at, &report.now));
        let confirmed = confirmed.unwrap_or_else(|| "-".to_owned());
        let mzxid = node.mzxid.map_or_else(|| "-".to_owned(), |mzxid| format!("{mzxid:#x}"));
        let bytes = node.bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
        let NodeReport { name, state, dest, .. } = node;
        let _ =
            writeln!(text, "{state:<10}  {name:<width$}  {confirmed:>9}  {mzxid:>18}  {bytes:>11}  {dest}");
        if node.good && !node.fresh {
            let _ =
                writeln!(text, "{:<10}  stale: nothing confirmed the file for three heartbeat intervals", "");
        }
        for error in node.last_error.iter().chain(&node.warning) {
            let _ = writeln!(text, "{:<10}  {error}", "");
        }
        if let Some(error) = &node.hook_error {
            let _ = writeln!(text, "{:<10}  hook: {error}", "");
        }
    }
    text
}

/// How long ago a time of the report was, in whole seconds, minutes or hours.
fn age(at: &str, now: &str) -> Option<String> {
    let parse = |time| humantime::parse_rfc3339(time).ok();
    let seconds = parse(now)?.duration_since(parse(at)?).unwrap_or_default().as_secs();
    Some(match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_answer_cannot_act_upon_the_terminal() {
        let evil = "a\u{1b}]0;b\u{7}\u{202e}\u{e0041}\nc";
        let node = serde_json::json!({
            "name": evil, "source": evil, "dest": evil, "state": evil, "good": false, "fresh": false, "since": "",
            "mzxid": null, "bytes": null, "applied_at": null, "heartbeat_at": null, "confirmed_at": null,
            "propagated_seconds": null, "attempts": 1, "last_error": evil, "warning": evil,
            "hook_error": evil,
        });
        let answer = serde_json::json!({
            "version": evil, "started": "", "now": "", "ensemble": evil, "ready": true,
            "last_reload": null, "sessions": [], "nodes": [node],
        });
        let report: Report = serde_json::from_value(answer).unwrap();
        for text in [json(&report), table(&report)] {
            assert!(!text.contains(|c| ld_config::is_hidden(c) && c != '\n'), "{text:?}");
        }
        assert_eq!(table(&report).lines().count(), 6, "{}", table(&report));
        assert_eq!(serde_json::from_str::<Report>(&json(&report)).unwrap(), report);
    }
}
