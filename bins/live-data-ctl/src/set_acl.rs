//! `set-acl`: another ACL for a node, or for all nodes below it, too.

use ld_cli::Exit;
use ld_config::{Scope, counted};
use ld_publish::{AclsSet, Error, PresentAcl};
use ld_zk::zookeeper::Acl;
use serde_json::{Value, json};
use tracing::{error, info};

use crate::args::{Args, SetAclArgs};
use crate::{Writing, acls, output, refused};

/// How many nodes that could not be changed are named; JSON has all of them.
const MAX_NAMED: usize = 20;

pub(crate) async fn run(args: &Args, set_acl: &SetAclArgs) -> Result<Exit, Exit> {
    let entries = acls::parse("--acl", &set_acl.acl)?;
    let read = {
        let config = set_acl.place.config.clone();
        move || {
            let config = ld_cli::read_config(&config, Scope::Writer)?;
            let acl = acls::resolved(&entries, &config)?;
            acls::warn_if_final(&acl);
            Ok((config, acl))
        }
    };
    let path = &set_acl.place.path;
    let set = async |writing: &_| match set_acl.recursive {
        true => set_below(args, writing, path).await,
        false => set(args, writing, path).await,
    };
    Writing::begin(args, read).await?.end(set).await
}

async fn set(args: &Args, writing: &Writing<Vec<Acl>>, path: &str) -> Result<Exit, Exit> {
    let Writing { config, client, interrupt, input: acl, .. } = writing;
    let present = writing.ask(PresentAcl::read(client, path)).await?;
    let (path, old, is_change) = (present.path().to_owned(), present.acl().to_vec(), !present.is(acl));
    if !args.json {
        output::lines(difference(&acls::shown(&old), &acls::shown(acl)))?;
    }
    let mut aversion = present.aversion();
    if is_change {
        aversion = present.set(acl, interrupt.asked()).await.map_err(refused)?;
        info!("Set the ACL of {path} in {}: version {aversion}.", ld_cli::ensemble(&config.zookeeper));
    } else {
        info!("No changes detected. Not writing.");
    }
    if !args.json {
        return Ok(Exit::Done);
    }
    let printed = output::json(&json!({
        "path": path,
        "changed": is_change,
        "aversion": aversion,
        "old": acls::shown(&old),
        "new": acls::shown(acl),
    }));
    if is_change { printed.inspect_err(output::change_is_made) } else { printed }
}

async fn set_below(args: &Args, writing: &Writing<Vec<Acl>>, path: &str) -> Result<Exit, Exit> {
    let Writing { config, client, interrupt, input: acl, .. } = writing;
    let asked = async || interrupt.asked().await;
    let set = ld_publish::set_acl_below(client, path, acl, asked).await.map_err(refused)?;
    let AclsSet { changed, unchanged, ephemeral, .. } = set;
    info!(
        "Set the ACL of {} at and below {path} in {}: {unchanged} had it already, {ephemeral} ephemeral kept theirs.",
        counted(changed as u64, "node"),
        ld_cli::ensemble(&config.zookeeper),
    );
    let printed = match args.json {
        true => output::json(&json!({
            "path": path,
            "changed": changed,
            "unchanged": unchanged,
            "ephemeral": ephemeral,
            "failed": set.failed.iter().map(as_json).collect::<Vec<_>>(),
            "complete": set.ended.is_none(),
            "new": acls::shown(acl),
        })),
        false => Ok(Exit::Done),
    };
    for (_, cause) in set.failed.iter().take(MAX_NAMED) {
        error!("{cause}");
    }
    if let Some(more) = set.failed.len().checked_sub(MAX_NAMED).filter(|more| *more > 0) {
        error!("{} more could not be changed", counted(more as u64, "node"));
    }
    if let Some(cause) = set.ended {
        error!("the other nodes were not tried, and what was changed stays: run it again");
        return Err(refused(cause));
    }
    let printed = if changed > 0 { printed.inspect_err(output::change_is_made) } else { printed };
    printed.map(|exit| if set.failed.is_empty() { exit } else { Exit::Failed })
}

fn as_json((path, cause): &(String, Error)) -> Value {
    json!({ "path": path, "error": cause.to_string() })
}

/// The entries with a mark before each: `-` goes, `+` comes.
fn difference(old: &[String], new: &[String]) -> Vec<String> {
    let gone = old.iter().map(|entry| (if new.contains(entry) { ' ' } else { '-' }, entry));
    let come = new.iter().filter(|entry| !old.contains(entry)).map(|entry| ('+', entry));
    gone.chain(come).map(|(mark, entry)| format!("{mark}{entry}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_go_and_come_are_marked() {
        let [old, new] = [["a", "b"], ["b", "c"]].map(|entries| entries.map(str::to_owned));
        assert_eq!(difference(&old, &new), ["-a", " b", "+c"]);
    }
}
