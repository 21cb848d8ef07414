//! Removes old signatures, of which each content leaves one.

use ld_zk::zookeeper;
use tracing::debug;

use super::Signature;
use crate::request::{Unanswered, bounded, list_children};

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
            let session = client.session().await.map_err(|error| error.to_string())?;
            let said = |cause: Unanswered| cause.to_string();
            let names = list_children(&session, directory).await.map_err(|error| error.to_string())?.0;
            if names.len() <= MOST {
                return Ok(());
            }
            let mut ages = Vec::new();
            for name in names.iter().filter(|name| *name != own).take(LOOKED_AT) {
                let path = format!("{directory}/{name}");
                if let Some(stat) = bounded(session.check_stat(&path)).await.map_err(said)? {
                    ages.push((stat.mzxid, path));
                }
            }
            for path in oldest(ages) {
                match bounded(session.delete(&path, None)).await {
                    Ok(()) | Err(Unanswered::Refused(zookeeper::Error::NoNode)) => {}
                    Err(cause) => return Err(said(cause)),
                }
            }
            Ok::<_, String>(())
        };
        if let Err(cause) = tidied.await {
            debug!("old signatures stay in {directory}: {cause}");
        }
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
