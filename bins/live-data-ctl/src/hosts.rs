//! `hosts`: which hosts have what.

mod table;

use std::io::{IsTerminal, stdout};
use std::time::Duration;

use ld_cli::Exit;
use ld_config::{Config, Scope};
use ld_fleet::Fleet;
use ld_publish::Checks;
use ld_tool::{CLOSE_LIMIT, Interrupt, UNLIMITED, before_any_write, failed, on_a_thread};
use ld_zk::Client;
use tokio::time::sleep;
use tracing::{error, warn};

use crate::args::{Args, HostsArgs};
use crate::output::Reader;
use crate::{content, output, refused};

/// How often `--watch` reads the reports.
const REDRAW: Duration = Duration::from_secs(2);

/// Rows that `--watch` shows, unless `--limit` says otherwise: they fit on most terminals.
const WATCHED_ROWS: usize = 30;

/// Clears the terminal.
const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";

pub(crate) async fn run(args: &Args, hosts: &HostsArgs) -> Result<Exit, Exit> {
    let interrupt = Interrupt::listen(Checks::default()).map_err(failed)?;
    let path = hosts.path.as_deref().map(content::path).transpose()?;
    let file = hosts.config.clone();
    let read = on_a_thread("reading the files", UNLIMITED, move || ld_cli::read_config(&file, Scope::Writer));
    let config = before_any_write(&interrupt, async { read.await? }).await?;
    let client = ld_tool::client(&config, args.timeout)?;
    let mut is_shown = false;
    let shown = tokio::select! {
        biased;
        // That is how --watch ends.
        () = interrupt.asked() => if hosts.watch && is_shown {
            Ok(Exit::Done)
        } else {
            error!("interrupted before the hosts were shown");
            Err(Exit::Failed)
        },
        shown = show(args, hosts, &config, &client, path.as_deref(), &mut is_shown) => shown,
    };
    client.close(CLOSE_LIMIT).await;
    shown
}

/// Shows the fleet, once or again and again. `is_shown` tells whether it was.
async fn show(
    args: &Args,
    hosts: &HostsArgs,
    config: &Config,
    client: &Client,
    path: Option<&str>,
    is_shown: &mut bool,
) -> Result<Exit, Exit> {
    loop {
        match Fleet::read(client, &config.publish, path).await {
            Ok(fleet) => {
                let exit = if fleet.is_good() && !fleet.hosts.is_empty() { Exit::Done } else { Exit::Failed };
                let reader = print(args, hosts, fleet, path)?;
                *is_shown = true;
                if !hosts.watch {
                    return Ok(exit);
                }
                if reader == Reader::Gone {
                    return Ok(Exit::Done);
                }
            }
            Err(error) if !hosts.watch => return Err(refused(error)),
            // It goes on when the ensemble is back.
            Err(error) => warn!("{error}"),
        }
        sleep(REDRAW).await;
    }
}

fn print(args: &Args, hosts: &HostsArgs, mut fleet: Fleet, path: Option<&str>) -> Result<Reader, Exit> {
    if fleet.hosts.is_empty() && !hosts.watch {
        warn!(
            "no host reports{}: is fleet.report = true set there?",
            path.map(|_| " this node").unwrap_or("")
        );
    }
    let rows = hosts.limit.unwrap_or(if hosts.watch { WATCHED_ROWS } else { usize::MAX });
    let text = if args.json {
        fleet.hosts.truncate(rows);
        output::text_of_json(&serde_json::to_value(fleet).map_err(failed)?)
    } else {
        let clear = if hosts.watch && stdout().is_terminal() { CLEAR } else { "" };
        clear.to_owned() + &output::text_of_lines(table::lines(&fleet, path, rows))
    };
    output::write(text.as_bytes())
}
