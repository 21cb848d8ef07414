//! `status`: the state of a running watcher, as a table or as JSON.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::time::Duration;

use ld_cli::Exit;
use ld_config::{Listen, Scope};
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
                if report.is_good() { Exit::Done } else { Exit::Failed }
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

fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).map_or_else(|error| format!("{error}\n"), |text| text + "\n")
}

/// The nodes that are not good first, then the others, each in the order of the configuration.
fn table(report: &Report) -> String {
    let (good, bad): (Vec<_>, Vec<_>) = report.nodes.iter().partition(|node| node.good);
    let width = report.nodes.iter().map(|node| node.name.chars().count()).max().unwrap_or_default();
    let mut text = format!("{:<10}  {:<width$}  {:>18}  {:>11}  FILE\n", "STATE", "NODE", "MZXID", "BYTES");
    for node in bad.iter().chain(&good) {
        let mzxid = node.mzxid.map_or_else(|| "-".to_owned(), |mzxid| format!("{mzxid:#x}"));
        let bytes = node.bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
        let NodeReport { name, state, dest, .. } = node;
        let _ = writeln!(text, "{state:<10}  {name:<width$}  {mzxid:>18}  {bytes:>11}  {dest}");
        for error in node.last_error.iter().chain(&node.warning) {
            let _ = writeln!(text, "{:<10}  {error}", "");
        }
        if let Some(error) = &node.hook_error {
            let _ = writeln!(text, "{:<10}  hook: {error}", "");
        }
    }
    let connected = report.sessions.iter().filter(|session| session.state == "connected").count();
    let (nodes, sessions) = (report.nodes.len(), report.sessions.len());
    let _ = writeln!(
        text,
        "{} of {nodes} files are as they should be; {connected} of {sessions} sessions are connected to {}",
        good.len(),
        report.ensemble,
    );
    text
}
