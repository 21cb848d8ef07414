//! `show`: the content of a publication.

use ld_cli::Exit;
use ld_config::Config;
use ld_publish::{History, HistoryError, LogEntry};
use ld_zk::Client;

use crate::args::{Args, ShowArgs};
use crate::log::entry_json;
use crate::{output, with_client};

pub(crate) async fn run(args: &Args, show: &ShowArgs) -> Result<Exit, Exit> {
    let read = async |config: &Config, client: &Client| {
        let history = History::new(&config.publish);
        let log = history.read(client, &show.place.path).await?;
        let Some(entry) = log.entry(show.number) else {
            return Err(HistoryError::NoPublication { path: log.path, number: show.number }.into());
        };
        let content = history.content(client, &log.path, entry).await?;
        Ok((entry.clone(), content))
    };
    let (entry, content): (LogEntry, Vec<u8>) = with_client(args, &show.place.config, read).await?;
    if !args.json {
        return output::bytes(&content);
    }
    let mut value = entry_json(&entry);
    let (encoding, content) = output::encoded(&content);
    (value["encoding"], value["content"]) = (encoding.into(), content.into());
    output::json(&value)
}
