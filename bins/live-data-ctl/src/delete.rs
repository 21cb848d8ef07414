//! `delete`: a node goes.

use std::io::{self, IsTerminal};

use ld_cli::Exit;
use ld_config::{Config, OnDelete, Scope, counted, znode_path};
use ld_publish::Deletion;
use ld_tool::{UNLIMITED, failed, on_a_thread};
use serde_json::json;
use tracing::{error, info, warn};

use crate::args::{Args, DeleteArgs};
use crate::{Writing, output, refused};

pub(crate) async fn run(args: &Args, delete: &DeleteArgs) -> Result<Exit, Exit> {
    if !delete.yes && !io::stdin().is_terminal() {
        error!(
            "nothing was removed: standard input is no terminal, so that there is no question; give --yes"
        );
        return Err(Exit::Usage);
    }
    let read = {
        let config = delete.place.config.clone();
        move || Ok((ld_cli::read_config(&config, Scope::Writer)?, ()))
    };
    Writing::begin(args, read).await?.end(async |writing| remove(args, delete, writing).await).await
}

async fn remove(args: &Args, delete: &DeleteArgs, writing: &Writing<()>) -> Result<Exit, Exit> {
    let Writing { config, client, interrupt, .. } = writing;
    let found = Deletion::prepare(client, &delete.place.path, delete.version);
    let deletion = writing.ask(found).await?;
    let (path, stat) = (deletion.path().to_owned(), *deletion.stat());
    report_consequences(config, &path);
    let ensemble = ld_cli::ensemble(&config.zookeeper);
    let bytes = counted(u64::try_from(stat.data_length).unwrap_or(0), "byte");
    let question = format!("Remove {path} in {ensemble}, version {}, {bytes}? [y/N] ", stat.version);
    if !delete.yes {
        if !ld_tool::before_any_write(interrupt, confirm(question)).await? {
            info!("Nothing was removed.");
            return Ok(Exit::Failed);
        }
        writing.ask(deletion.check_again()).await?;
    }
    deletion.commit(interrupt.asked()).await.map_err(refused)?;
    info!("Removed {path} in {ensemble}: it was version {}, {bytes}.", stat.version);
    if !args.json {
        return Ok(Exit::Done);
    }
    output::json(&json!({ "path": path, "version": stat.version, "bytes": stat.data_length }))
        .inspect_err(output::change_is_made)
}

/// Says what watchers with this configuration will do.
fn report_consequences(config: &Config, path: &str) {
    let mut is_named = false;
    for node in config.nodes.iter().filter(|node| znode_path(&node.source).is_ok_and(|it| it == path)) {
        is_named = true;
        let (name, dest) = (&node.name, node.dest.display());
        match node.on_delete {
            OnDelete::Remove => warn!("nodes.{name}: watchers with this configuration remove {dest}"),
            OnDelete::Keep => {
                warn!("nodes.{name}: watchers with this configuration keep {dest}, without a heartbeat");
            }
            _ => warn!("nodes.{name}: watchers with this configuration have it as {dest}"),
        }
    }
    if !is_named {
        info!("No node of this configuration has the source {path}. Those of other watchers may.");
    }
}

async fn confirm(question: String) -> Result<bool, Exit> {
    let ask = move || {
        ld_cli::flush_log();
        eprint!("{}", ld_config::escape_hidden(&question));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map(|_| matches!(answer.trim(), "y" | "Y" | "yes"))
    };
    on_a_thread("asking", UNLIMITED, ask).await?.map_err(failed)
}
