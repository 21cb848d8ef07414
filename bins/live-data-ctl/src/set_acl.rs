//! `set-acl`: another ACL for a node.

use ld_cli::Exit;
use ld_config::Scope;
use ld_publish::PresentAcl;
use ld_zk::zookeeper::Acl;
use serde_json::json;
use tracing::info;

use crate::args::{Args, SetAclArgs};
use crate::{Writing, acls, output, refused};

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
    Writing::begin(args, read).await?.end(async |writing| set(args, writing, path).await).await
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
