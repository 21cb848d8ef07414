//! Old publications go.

use std::collections::HashSet;
use std::future::Future;

use ld_zk::zookeeper;

use super::entry::{Name, is_sha256};
use super::record::children;
use super::{History, Place};
use crate::lost::Failed;
use crate::operation::{self, Refused};
use crate::request::list_children;
use crate::{Error, Operation};

/// At most so many nodes go at once; the next publication prunes more.
const MAX_REMOVED: usize = 1_000;

/// The size of a request that removes, in bytes: well below what each server takes.
const MAX_BYTES: usize = 500_000;

/// What each removal has beside the path of its place: a name and a few integers.
const NAME_BYTES: usize = 128;

/// The present publication and the one before it stay in any case.
const ALWAYS_KEPT: usize = 2;

impl History {
    /// Prunes the histories of the nodes that were published. The publication is done whatever
    /// becomes of this, so an error is only logged, and `interrupt` ends it.
    pub async fn prune_all(
        &self,
        client: &ld_zk::Client,
        paths: impl IntoIterator<Item = &str>,
        interrupt: impl Future<Output = ()>,
    ) {
        let prune = async {
            for path in paths {
                if let Err(cause) = self.prune(client, path).await {
                    tracing::warn!(
                        "the history of {path} was not pruned; the next publication will: {cause}"
                    );
                }
            }
        };
        tokio::select! {
            biased;
            () = interrupt => {}
            () = prune => {}
        }
    }

    /// Removes the entries of the node at `path` beyond `publish.history`, and contents that no
    /// entry names. If another client publishes meanwhile, nothing goes: it prunes itself. Gives
    /// how many entries went.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], [`Error::NotAuthorized`], [`Error::Refused`], [`Error::Unknown`],
    /// [`Error::Client`], [`Error::TooManyChildren`]. The publication is not touched by them.
    pub async fn prune(&self, client: &ld_zk::Client, path: &str) -> Result<usize, Error> {
        if !self.is_kept() {
            return Ok(0);
        }
        let path = crate::present::node_path(path)?;
        let place = self.place(&path);
        let session = client.session().await?;
        let (mut entries, stat) = children(&session, &place.path).await?;
        let (contents, _) = list_children(&session, &place.contents()).await?;
        entries.sort_unstable();
        let (old, operations) = removals(&place, client.chroot(), &entries, contents, self.publish.history);
        if operations.is_empty() {
            return Ok(0);
        }
        let check = Operation::Check { path: place.path.clone(), version: stat.version };
        let operations: Vec<Operation> = [check].into_iter().chain(operations).collect();
        match operation::commit(&session, &operations).await {
            Ok(_) => Ok(old),
            Err(Failed::Refused(Refused {
                cause: zookeeper::Error::BadVersion | zookeeper::Error::NoNode,
                ..
            })) => {
                tracing::debug!("another client publishes {path}, and prunes");
                Ok(0)
            }
            Err(Failed::Refused(Refused { path, cause: zookeeper::Error::NoAuth })) => {
                Err(Error::NotAuthorized { action: "remove", path })
            }
            Err(Failed::Refused(Refused { path, cause })) => {
                Err(Error::Refused { path, cause: cause.to_string() })
            }
            Err(Failed::Unanswered(cause)) => Err(Error::Unknown { cause: cause.to_string() }),
        }
    }
}

/// How many of `entries`, which are sorted, are old, and all that goes.
fn removals(
    place: &Place,
    chroot: &str,
    entries: &[Name],
    contents: Vec<String>,
    kept: usize,
) -> (usize, Vec<Operation>) {
    let most = MAX_BYTES / (chroot.len() + place.path.len() + NAME_BYTES);
    let most = most.clamp(1, MAX_REMOVED);
    let old = entries.len().saturating_sub(kept.max(ALWAYS_KEPT)).min(most);
    let (old, kept) = entries.split_at(old);
    let named: HashSet<&str> = kept.iter().map(|name| &*name.sha256).collect();
    let unnamed = contents.into_iter().filter(|name| is_sha256(name) && !named.contains(&**name));
    let paths = old.iter().map(|name| place.child(&name.text()));
    let paths = paths.chain(unnamed.map(|sha256| place.content(&sha256)));
    let delete = |path| Operation::Delete { path, version: None };
    (old.len(), paths.map(delete).take(most).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: u32, content: char) -> Name {
        Name { number, sha256: content.to_string().repeat(64) }
    }

    fn removed(entries: &[Name], contents: &[char], kept: usize) -> Vec<String> {
        let place = Place { path: "/h".to_owned() };
        let contents = contents.iter().map(|content| content.to_string().repeat(64)).collect();
        let (_, operations) = removals(&place, "", entries, contents, kept);
        operations.iter().map(|operation| operation.path().to_owned()).collect()
    }

    #[test]
    fn two_entries_stay_in_any_case() {
        let entries = [name(1, 'a'), name(3, 'b'), name(4, 'c')];
        assert_eq!(
            removed(&entries, &['a', 'b', 'c'], 1),
            [format!("/h/{}", entries[0].text()), format!("/h/contents/{}", "a".repeat(64)),]
        );
        assert!(removed(&entries, &['a', 'b', 'c'], 3).is_empty());
        assert!(removed(&entries[..2], &['a', 'b'], 1).is_empty());
    }

    #[test]
    fn content_that_an_entry_names_stays() {
        let entries = [name(1, 'a'), name(2, 'b'), name(3, 'a')];
        assert_eq!(removed(&entries, &['a', 'b'], 2), [format!("/h/{}", entries[0].text())]);
        // A publisher was killed before its transaction.
        assert_eq!(removed(&entries, &['a', 'b', 'c'], 3), [format!("/h/contents/{}", "c".repeat(64))]);
    }

    #[test]
    fn what_is_not_ours_stays() {
        let place = Place { path: "/h".to_owned() };
        assert!(removals(&place, "", &[], vec!["notes".to_owned()], 1).1.is_empty());
    }

    #[test]
    fn a_long_history_goes_in_parts() {
        let entries: Vec<Name> = (0..5_000).map(|number| name(number, 'a')).collect();
        let place = Place { path: "/h".to_owned() };
        assert_eq!(removals(&place, "", &entries, Vec::new(), 20).1.len(), MAX_REMOVED);
        let place = Place { path: format!("/{}", "h".repeat(20_000)) };
        assert_eq!(removals(&place, "", &entries, Vec::new(), 20).1.len(), 24);
    }
}
