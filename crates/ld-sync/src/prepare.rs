//! For the nodes of a start, and for those that are added later: removes temporary files that a
//! killed process left, and warns of directories, check programs and public keys that others can
//! write.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use ld_blocking::BoundedCalls;
use ld_config::{OpenDirectory, open_directory};
use ld_file::{LOOK_LIMIT, Sweep, sweep};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::node::{Node, Shared, owner_of};

/// Directories that are prepared at one time.
const AT_ONCE: usize = 64;

/// Files and failures of one directory that are logged one by one.
const MAX_SHOWN: usize = 10;

/// Prepares the directories of all destinations, and looks at check programs and public keys. Nodes
/// are followed meanwhile. `preparing` is dropped at the end.
pub(crate) async fn prepare_directories(
    shared: Arc<Shared>,
    nodes: Vec<Arc<Node>>,
    preparing: watch::Receiver<()>,
) {
    let checks = nodes.iter().filter_map(|node| node.config.guards.check.clone()).map(Trusted::Check);
    let keys = nodes.iter().filter_map(|node| node.config.verify.clone()).map(Trusted::Keys);
    let trusted = checks.chain(keys).collect();
    let mut directories: HashMap<PathBuf, Vec<Arc<Node>>> = HashMap::new();
    for node in nodes {
        let parent = node.config.dest.parent().unwrap_or(Path::new("/"));
        directories.entry(parent.to_owned()).or_default().push(node);
    }
    let mut looks = stream::iter(directories)
        .map(|(directory, nodes)| prepare(&shared, directory, nodes))
        .buffer_unordered(AT_ONCE);
    let mut warned = HashSet::new();
    while let Some(warnings) = looks.next().await {
        for warning in warnings {
            if warned.insert(warning.path.clone()) {
                warn!("{warning}");
            }
        }
    }
    look_at_trusted(&shared, trusted).await;
    drop(preparing);
}

/// What decides about content.
#[derive(PartialEq, Eq, Hash)]
enum Trusted {
    Check(PathBuf),
    Keys(PathBuf),
}

/// Warns of check programs and public keys that others may change, also of those that are never
/// used.
async fn look_at_trusted(shared: &Shared, trusted: HashSet<Trusted>) {
    if trusted.is_empty() {
        return;
    }
    let checks = shared.checks.clone();
    let look = move || {
        for trusted in trusted {
            let (what, path) = match &trusted {
                Trusted::Check(path) => ("the check", path),
                Trusted::Keys(path) => ("the public keys", path),
            };
            checks.warn_of_writers(path, format_args!("{what} {}", path.display()));
        }
    };
    let calls = BoundedCalls::new("looking at the checks and public keys", shared.spawner, 1);
    if let Err(error) = calls.run(LOOK_LIMIT, look).await {
        warn!("others may be able to change check programs or public keys: {error}");
    }
}

/// Removes temporary files from one directory, and returns the warnings about it.
async fn prepare(shared: &Shared, directory: PathBuf, nodes: Vec<Arc<Node>>) -> Vec<OpenDirectory> {
    // An owner that is not known is reported when the file is written.
    let destinations = match timeout(LOOK_LIMIT, with_owners(shared, &nodes)).await {
        Ok(destinations) => destinations,
        Err(_) => nodes.iter().map(|node| (node.config.dest.clone(), None)).collect(),
    };
    let looked = match shared.disks.of(&destinations[0].0).await {
        Err(error) => Err(error),
        Ok(disk) => {
            let directory = directory.clone();
            disk.looks.run(LOOK_LIMIT, move || look(&directory, &destinations)).await
        }
    };
    match looked {
        Ok((swept, warnings)) => {
            report(&directory, &swept);
            warnings
        }
        Err(error) => {
            warn!("stray temporary files may be left in '{}': {error}", directory.display());
            Vec::new()
        }
    }
}

/// The destinations, with the user that each file belongs to, if that is configured and known.
async fn with_owners(shared: &Shared, nodes: &[Arc<Node>]) -> Vec<(PathBuf, Option<u32>)> {
    let mut destinations = Vec::with_capacity(nodes.len());
    for node in nodes {
        let owner = owner_of(&shared.users, &node.config).await.ok().and_then(|owner| owner.user);
        destinations.push((node.config.dest.clone(), owner));
    }
    destinations
}

/// Looks at one directory. Blocks.
fn look(directory: &Path, destinations: &[(PathBuf, Option<u32>)]) -> (Sweep, Vec<OpenDirectory>) {
    let mut owners = HashSet::new();
    let of_each_owner = destinations.iter().filter(|(_, owner)| owners.insert(*owner));
    let inspect =
        |(dest, owner): &(PathBuf, _)| open_directory(std::path::absolute(dest).ok()?.parent()?, *owner);
    let warnings = of_each_owner.filter_map(inspect).collect();
    (sweep(directory, destinations), warnings)
}

fn report(directory: &Path, swept: &Sweep) {
    let directory = directory.display();
    let removed =
        swept.removed.iter().map(|path| format!("removed the stray temporary file '{}'", path.display()));
    for line in shorten(removed, |more| format!("removed {more} more stray temporary files in '{directory}'"))
    {
        info!("{line}");
    }
    let failed = swept.failed.iter().map(|failure| format!("a stray temporary file is left: {failure}"));
    for line in shorten(failed, |more| format!("{more} more stray temporary files are left in '{directory}'"))
    {
        warn!("{line}");
    }
    if swept.is_incomplete {
        warn!("'{directory}' has more stray temporary files than are removed at one start");
    }
}

/// The first few lines, and a last one for how many more there are.
fn shorten(lines: impl ExactSizeIterator<Item = String>, last: impl Fn(usize) -> String) -> Vec<String> {
    let more = lines.len().saturating_sub(MAX_SHOWN);
    lines.take(MAX_SHOWN).chain((more > 0).then(|| last(more))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_lines_are_shown_and_the_rest_is_counted() {
        let shorten = |count: u32| {
            shorten((0..count).map(|line| line.to_string()).collect::<Vec<_>>().into_iter(), |more| {
                format!("{more} more")
            })
        };
        assert_eq!(shorten(0), Vec::<String>::new());
        assert_eq!(shorten(10).last().unwrap(), "9");
        assert_eq!(shorten(600).last().unwrap(), "590 more");
        assert_eq!(shorten(600).len(), 11);
    }
}
