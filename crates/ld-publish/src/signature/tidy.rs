//! Removes old signatures, of which each content leaves one.

use futures_util::stream::{self, StreamExt};
use ld_zk::zookeeper;
use tracing::debug;

use super::Signature;
use crate::Error;
use crate::request::{IN_FLIGHT, Unanswered, bounded, find_stat, list_children};

/// So many signatures of a node stay. Contents that are gone need none; those of candidates, and of
/// what another client restores, do.
const KEPT: usize = 64;

/// Nothing is removed up to so many, so that few publications have to look.
const MOST: usize = 96;

/// So many are looked at each time.
const LOOKED_AT: usize = 512;

impl Signature {
    /// Removes the oldest signatures of the node if there are many. One that cannot be
    /// removed stays: it does no harm. Cancel-safe.
    pub async fn tidy(&self, client: &ld_zk::Client) {
        let Some((directory, own)) = self.place.rsplit_once('/') else { return };
        let tidied = async {
            let session = client.session().await?;
            let (names, _) = list_children(&session, directory).await?;
            if names.len() <= MOST {
                return Ok(());
            }
            let others = names.into_iter().filter(|name| name != own).take(LOOKED_AT);
            let age = |name: String| {
                let (session, path) = (&session, format!("{directory}/{name}"));
                async move { Ok(find_stat(session, &path).await?.map(|stat| (stat.mzxid, path))) }
            };
            let ages: Vec<Result<_, Error>> =
                stream::iter(others).map(age).buffered(IN_FLIGHT).collect().await;
            let ages: Result<Vec<_>, Error> = ages.into_iter().filter_map(Result::transpose).collect();
            let gone = stream::iter(oldest(ages?)).map(|path| remove(&session, path)).buffered(IN_FLIGHT);
            let gone: Vec<Result<(), Error>> = gone.collect().await;
            gone.into_iter().collect()
        };
        if let Err(cause) = tidied.await {
            debug!("old signatures stay in {directory}: {cause}");
        }
    }
}

async fn remove(session: &zookeeper::Client, path: String) -> Result<(), Error> {
    match bounded(session.delete(&path, None)).await {
        // Another publisher tidies, too.
        Ok(()) | Err(Unanswered::Refused(zookeeper::Error::NoNode)) => Ok(()),
        Err(cause) => Err(Error::Refused { path, cause: cause.to_string() }),
    }
}

/// All paths but those that were written last.
fn oldest(mut ages: Vec<(i64, String)>) -> impl Iterator<Item = String> {
    ages.sort_unstable();
    let count = ages.len().saturating_sub(KEPT);
    ages.into_iter().take(count).map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go() {
        let ages: Vec<_> = (0..66).rev().map(|age| (age, age.to_string())).collect();
        assert_eq!(oldest(ages.clone()).collect::<Vec<_>>(), ["0", "1"]);
        assert_eq!(oldest(ages[..64].to_vec()).count(), 0);
    }
}
