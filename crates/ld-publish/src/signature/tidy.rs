//! Removes old signatures, of which each content leaves one.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tracing::debug;

use super::{LOOKED_AT, Signature};
use crate::Error;
use crate::lost::Failed;
use crate::operation::{self, Operation, Refused};
use crate::request::{IN_FLIGHT, find_stat, list_children, read_node};

/// So many signatures of a node stay. Contents that are gone need none; those of candidates, and of
/// what another client restores, do.
const KEPT: usize = 64;

/// Nothing is removed up to so many, so that few publications have to look.
const MOST: usize = 96;

impl Signature {
    /// Removes the oldest signatures of the node if there are many, and never that of what the node
    /// holds. What cannot be removed stays: it does no harm, and the next publication tries again.
    /// Cancel-safe.
    pub async fn tidy(&self, client: &ld_zk::Client) {
        if let Err(cause) = self.remove_oldest(client).await {
            debug!("old signatures of {} stay: {cause}", self.path);
        }
    }

    async fn remove_oldest(&self, client: &ld_zk::Client) -> Result<(), Error> {
        let Some((directory, own)) = self.place.rsplit_once('/') else { return Ok(()) };
        let session = client.session().await?;
        let (names, _) = list_children(&session, directory).await?;
        if names.len() <= MOST {
            return Ok(());
        }
        let look = async |name: String| {
            let path = format!("{directory}/{name}");
            Ok::<_, Error>(find_stat(&session, &path).await?.map(|stat| (stat.mzxid, stat.version, path)))
        };
        let looks = stream::iter(names.into_iter().filter(|name| name != own).take(LOOKED_AT)).map(look);
        let found: Vec<_> = looks.buffer_unordered(IN_FLIGHT).try_collect().await?;
        let read = read_node(&session, &self.path, client.max_read_bytes()).await;
        let (content, node) = read.map_err(|cause| Error::read(&self.path, cause))?;
        let present = format!("{directory}/{}", ld_sign::hash(&content));
        let found = found.into_iter().flatten().filter(|(.., path)| *path != present);
        // Another publisher may put an old content back at any moment, and needs its signature.
        let is_unchanged = Operation::Check { path: self.path.clone(), version: node.version };
        let operations: Vec<Operation> = [is_unchanged].into_iter().chain(oldest(found.collect())).collect();
        match operation::commit(&session, &operations).await {
            Ok(_) => Ok(()),
            Err(Failed::Refused(Refused { path, cause })) => Err(Error::write(&path, cause)),
            Err(Failed::Unanswered(cause)) => Err(Error::read(directory, cause)),
        }
    }
}

/// Removes all but those that were written last. Each is given by its mzxid, version and path.
fn oldest(mut found: Vec<(i64, i32, String)>) -> impl Iterator<Item = Operation> {
    found.sort_unstable();
    let count = found.len().saturating_sub(KEPT);
    found.into_iter().take(count).map(|(_, version, path)| Operation::Delete { path, version: Some(version) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go() {
        let found: Vec<_> = (0..66).rev().map(|mzxid| (mzxid, 0, format!("/{mzxid}"))).collect();
        let gone: Vec<_> = oldest(found.clone()).map(|operation| operation.path().to_owned()).collect();
        assert_eq!(gone, ["/0", "/1"]);
        assert_eq!(oldest(found[..64].to_vec()).count(), 0);
    }
}
