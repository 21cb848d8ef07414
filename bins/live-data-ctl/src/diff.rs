//! `diff`: what is different between two publications.

use ld_cli::Exit;
use ld_config::Config;
use ld_publish::{Diff, DiffOptions, Error, History, HistoryError, Log, NodeContent};
use ld_tool::{colour, diff_contents};
use ld_zk::Client;
use serde_json::json;

use crate::args::{Args, DiffArgs};
use crate::{output, with_client};

/// A content and what it is called.
struct Side {
    name: String,
    content: Vec<u8>,
}

pub(crate) async fn run(args: &Args, diff: &DiffArgs) -> Result<Exit, Exit> {
    let read = async |config: &Config, client: &Client| {
        let history = History::new(&config.publish);
        let log = history.read(client, &diff.place.path).await?;
        let old = publication(&history, client, &log, diff.old).await?;
        let new = match diff.new {
            Some(number) => publication(&history, client, &log, number).await?,
            None => {
                let node = NodeContent::read(client, &log.path).await?;
                Side { name: "now".to_owned(), content: node.content }
            }
        };
        Ok((old, new))
    };
    let (old, new) = with_client(args, &diff.place.config, read).await?;
    let options = DiffOptions::default().names(&old.name, &new.name).colour(colour() && !args.json);
    let shown = diff_contents(&old.content, &new.content, &options);
    if !args.json {
        ld_tool::show(move || shown).await?;
        return Ok(Exit::Done);
    }
    let text = match shown {
        Diff::Unified(text) | Diff::Summary(text) => Some(text),
        _ => None,
    };
    output::json(&json!({
        "old": old.name,
        "new": new.name,
        "is_same": old.content == new.content,
        "diff": text,
    }))
}

async fn publication(history: &History, client: &Client, log: &Log, number: u32) -> Result<Side, Error> {
    let Some(entry) = log.entry(number) else {
        return Err(HistoryError::NoPublication { path: log.path.clone(), number }.into());
    };
    let content = history.content(client, &log.path, entry).await?;
    Ok(Side { name: format!("publication {number}"), content })
}
