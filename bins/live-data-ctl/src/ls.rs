//! `ls`: the children of a node.

use ld_cli::Exit;
use ld_publish::{Child, Listing};
use serde_json::{Value, json};
use tracing::warn;

use crate::args::{Args, LsArgs};
use crate::{output, with_client};

pub(crate) async fn run(args: &Args, ls: &LsArgs) -> Result<Exit, Exit> {
    let with_stats = ls.long || args.json;
    let read = async |_: &_, client: &_| Listing::read(client, &ls.path, ls.limit, with_stats).await;
    let listing = with_client(args, &ls.config, read).await?;
    if args.json {
        return output::json(&json!({
            "path": listing.path,
            "children": listing.children.iter().map(as_json).collect::<Vec<_>>(),
            "omitted": listing.omitted,
        }));
    }
    let exit = output::lines(listing.children.iter().map(|child| line(child, ls.long)));
    if listing.omitted > 0 {
        warn!("{} more are not shown: raise --limit", listing.omitted);
    }
    exit
}

fn line(child: &Child, is_long: bool) -> String {
    match &child.stat {
        Some(stat) if is_long => format!(
            "{:>7} {:>9} {:>7} {} {}",
            stat.version,
            stat.data_length,
            stat.num_children,
            output::time(stat.mtime),
            child.name
        ),
        _ => child.name.clone(),
    }
}

fn as_json(child: &Child) -> Value {
    let stat = child.stat.as_ref();
    json!({
        "name": child.name,
        "version": stat.map(|stat| stat.version),
        "bytes": stat.map(|stat| stat.data_length),
        "children": stat.map(|stat| stat.num_children),
        "mzxid": stat.map(|stat| stat.mzxid),
        "changed": stat.map(|stat| output::time(stat.mtime)),
        "ephemeral_owner": stat.map(|stat| stat.ephemeral_owner),
    })
}
