//! Makes signatures with one key.

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use ld_config::PublishConfig;
use ld_sign::{MAX_SIGNATURE_BYTES, PublicKeys, SIGNATURES, SecretKey, Statement, hash, place, verify};
use ld_zk::zookeeper::{self, Stat};

use super::{LOOKED_AT, Signature};
use crate::Error;
use crate::acl::inherit;
use crate::operation::Operation;
use crate::request::{IN_FLIGHT, Unanswered, find_node, find_stat, list_children};

/// Signs what nodes hold, with one key.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    publish: &'a PublishConfig,
    key: &'a SecretKey,
    others: Option<&'a PublicKeys>,
}

impl<'a> Signer<'a> {
    /// Signs with `key`, and keeps signatures where `publish` says.
    pub fn new(publish: &'a PublishConfig, key: &'a SecretKey) -> Self {
        Self { publish, key, others: None }
    }

    /// The same, and counters of signatures by these keys are believed, too: those of other
    /// publishers of the same nodes.
    #[must_use]
    pub fn believing(mut self, keys: &'a PublicKeys) -> Self {
        self.others = Some(keys);
        self
    }

    /// Signs `content` for the node at `path`. The counter of the signature is the time `now` in
    /// milliseconds since 1970, or the next one after those of all signatures of the node that are
    /// kept: hosts may have applied any of them. Nothing is written. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`Error::DirectoryMissing`]: `live-data-ctl init` has not made the place for signatures.
    /// - [`Error::Acl`], [`Error::NotAuthorized`], [`Error::Read`]: it cannot be used.
    /// - [`Error::NotSigned`]: the key cannot sign this.
    /// - [`Error::Client`]: no session in time.
    pub async fn sign(
        &self,
        client: &ld_zk::Client,
        path: &str,
        content: &[u8],
        now: SystemTime,
    ) -> Result<Signature, Error> {
        let session = client.session().await?;
        let place = place(self.publish, path, &hash(content));
        let here = self.read(&session, &place).await?;
        let counter = next_counter(now, self.last_counter(&session, path).await?)?;
        let statement = Statement::new(path, counter);
        let text = self.key.sign(content, &statement).map_err(|cause| Error::NotSigned(cause.to_string()))?;
        let operations = match here {
            Some(found) if self.is_valid(path, content, &found.text) => {
                vec![Operation::Set {
                    path: place.clone(),
                    content: text.clone().into(),
                    version: Some(found.version),
                }]
            }
            found => self.create(&session, path, &place, &text, found).await?,
        };
        Ok(Signature { operations, path: path.to_owned(), place, counter, text })
    }

    /// Whether `content`, which the node at `path` holds, has a signature that counts. Cancel-safe.
    ///
    /// # Errors
    ///
    /// [`Error::NotAuthorized`], [`Error::Read`], and [`Error::Client`].
    pub async fn has_signed(
        &self,
        client: &ld_zk::Client,
        path: &str,
        content: &[u8],
    ) -> Result<bool, Error> {
        let session = client.session().await?;
        let found = self.read(&session, &place(self.publish, path, &hash(content))).await?;
        Ok(found.is_some_and(|found| self.is_valid(path, content, &found.text)))
    }

    /// What lies in the place of a signature; nothing if there is none.
    async fn read(&self, session: &zookeeper::Client, place: &str) -> Result<Option<Found>, Error> {
        match find_node(session, place, MAX_SIGNATURE_BYTES).await {
            Ok(found) => Ok(found.map(|(text, stat)| Found::new(text, &stat))),
            // It is no signature of a publisher, and is replaced.
            Err(Unanswered::TooLarge { .. } | Unanswered::Refused(zookeeper::Error::NoAuth)) => {
                let stat = find_stat(session, place).await?;
                Ok(stat.map(|stat| Found::new(Vec::new(), &stat)))
            }
            Err(cause) => Err(Error::read(place, cause)),
        }
    }

    /// Whether it is a signature that counts.
    fn is_valid(&self, path: &str, content: &[u8], text: &[u8]) -> bool {
        let own = self.key.public().ok();
        own.iter().chain(self.others).any(|keys| verify(keys, path, content, text).is_ok())
    }

    /// The highest counter of the signatures of the node that are kept. What no publisher has
    /// signed says nothing: it could raise the counter as high as it wants.
    async fn last_counter(&self, session: &zookeeper::Client, path: &str) -> Result<Option<u64>, Error> {
        let directory = self.publish.place_of(SIGNATURES, path);
        let names = match list_children(session, &directory).await {
            Ok((names, _)) => names,
            Err(Error::Absent { .. }) => return Ok(None),
            Err(cause) => return Err(cause),
        };
        let own = self.key.public().ok();
        let counter = async |name: String| {
            let found = self.read(session, &format!("{directory}/{name}")).await?;
            let of = |text: &[u8]| {
                own.iter().chain(self.others).filter_map(|keys| ld_sign::counter(keys, path, text)).max()
            };
            Ok::<_, Error>(found.and_then(|found| of(&found.text)))
        };
        let counters = stream::iter(names.into_iter().take(LOOKED_AT)).map(counter);
        let counters: Vec<_> = counters.buffer_unordered(IN_FLIGHT).try_collect().await?;
        Ok(counters.into_iter().flatten().max())
    }

    /// What makes the signature, in place of a node that is none.
    async fn create(
        &self,
        session: &zookeeper::Client,
        path: &str,
        place: &str,
        text: &str,
        found: Option<Found>,
    ) -> Result<Vec<Operation>, Error> {
        let acl = inherit(session, &self.publish.directory(SIGNATURES)).await?;
        let create = Operation::create(place, text, &acl);
        if let Some(found) = found {
            if found.has_children {
                return Err(Error::NotSigned(format!(
                    "{place} is no signature, and has children: remove them, and then it, with \
                     `live-data-ctl delete CONFIG {place}`"
                )));
            }
            // Its ACL may keep watchers, or this publisher, from the signature.
            let delete = Operation::Delete { path: place.to_owned(), version: Some(found.version) };
            return Ok(vec![delete, create]);
        }
        let of_node = self.publish.place_of(SIGNATURES, path);
        let parent = match find_stat(session, &of_node).await? {
            Some(_) => None,
            None => Some(Operation::create(&*of_node, b"", &acl)),
        };
        Ok(parent.into_iter().chain([create]).collect())
    }
}

/// A node in the place of a signature.
struct Found {
    /// Empty if it cannot be one.
    text: Vec<u8>,
    version: i32,
    has_children: bool,
}

impl Found {
    fn new(text: Vec<u8>, stat: &Stat) -> Self {
        Self { text, version: stat.version, has_children: stat.num_children > 0 }
    }
}

/// The counter after `last`: the time in milliseconds since 1970, unless that is not higher.
fn next_counter(now: SystemTime, last: Option<u64>) -> Result<u64, Error> {
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let now = u64::try_from(now).unwrap_or(u64::MAX);
    let full = || Error::NotSigned("the counter of the last signature is the highest that there is".into());
    let least = last.map_or(Ok(0), |last| last.checked_add(1).ok_or_else(full))?;
    Ok(now.max(least))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_counter_is_the_time_or_the_next_one() {
        let now = UNIX_EPOCH + Duration::from_millis(1_764_433_000_000);
        for (last, counter) in [
            (None, 1_764_433_000_000),
            (Some(5), 1_764_433_000_000),
            (Some(1_764_433_000_000), 1_764_433_000_001),
            (Some(u64::MAX - 1), u64::MAX),
        ] {
            assert_eq!(next_counter(now, last).unwrap(), counter);
        }
        assert_eq!(next_counter(UNIX_EPOCH - Duration::from_secs(1), None).unwrap(), 0);
        assert!(next_counter(now, Some(u64::MAX)).unwrap_err().to_string().contains("the highest"));
    }
}
