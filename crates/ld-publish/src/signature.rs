//! The signature of what a node holds or shall hold.

mod tidy;

use std::fmt;
use std::future::Future;
use std::time::{SystemTime, UNIX_EPOCH};

use ld_config::PublishConfig;
use ld_sign::{MAX_SIGNATURE_BYTES, PublicKeys, SIGNATURES, SecretKey, Statement, hash, place, verify};
use ld_zk::zookeeper;

use crate::acl::inherit;
use crate::lost::{self, Sent};
use crate::operation::{self, Operation, Refused};
use crate::request::{find_node, find_stat};
use crate::{Error, Publication};

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

    /// Signs `content` for the node at `path`, which holds `present` now. The counter of the
    /// signature is the time `now` in milliseconds since 1970, or the next one after those of both
    /// contents. Nothing is written. Cancel-safe.
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
        present: &[u8],
        now: SystemTime,
    ) -> Result<Signature, Error> {
        let session = client.session().await?;
        let of = |content: &[u8]| place(self.publish, path, &hash(content));
        let (place, before) = (of(content), of(present));
        let here = self.read(&session, &place).await?;
        let last = here.as_ref().and_then(|(text, _)| self.counter(path, content, text));
        let last = match before == place {
            true => last,
            false => {
                let before = self.read(&session, &before).await?;
                last.max(before.and_then(|(text, _)| self.counter(path, present, &text)))
            }
        };
        let counter = next_counter(now, last)?;
        let statement = Statement::new(path, counter);
        let text = self.key.sign(content, &statement).map_err(|cause| Error::NotSigned(cause.to_string()))?;
        let operations = self.operations(&session, path, &place, &text, here.map(|(_, version)| version));
        Ok(Signature { operations: operations.await?, place, counter, text })
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
        Ok(found.is_some_and(|(text, _)| self.counter(path, content, &text).is_some()))
    }

    /// The signature in a node, with the node's version; nothing if there is none.
    async fn read(&self, session: &zookeeper::Client, place: &str) -> Result<Option<(Vec<u8>, i32)>, Error> {
        let found = find_node(session, place, MAX_SIGNATURE_BYTES).await;
        let found = found.map_err(|cause| Error::read(place, cause))?;
        Ok(found.map(|(text, stat)| (text, stat.version)))
    }

    /// The counter of a signature that counts. Anything else in its place says nothing: it could
    /// raise the counter as high as it wants.
    fn counter(&self, path: &str, content: &[u8], text: &[u8]) -> Option<u64> {
        let own = self.key.public().ok();
        let valid = |keys: &PublicKeys| verify(keys, path, content, text).ok();
        let statement = own.as_ref().and_then(valid).or_else(|| self.others.and_then(valid));
        statement.map(|statement| statement.counter)
    }

    /// What puts the signature in its place, which has a `version` now, if it is there.
    async fn operations(
        &self,
        session: &zookeeper::Client,
        path: &str,
        place: &str,
        text: &str,
        version: Option<i32>,
    ) -> Result<Vec<Operation>, Error> {
        let content = text.as_bytes().to_vec();
        if let Some(version) = version {
            return Ok(vec![Operation::Set { path: place.to_owned(), content, version: Some(version) }]);
        }
        let acl = inherit(session, &self.publish.directory(SIGNATURES)).await?;
        let of_node = self.publish.place_of(SIGNATURES, path);
        let parent = match find_stat(session, &of_node).await? {
            Some(_) => None,
            None => Some(Operation::create(&*of_node, b"", &acl)),
        };
        Ok(parent.into_iter().chain([Operation::create(place, content, &acl)]).collect())
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

/// A signature, and what puts it in its place.
#[derive(Clone)]
pub struct Signature {
    operations: Vec<Operation>,
    place: String,
    counter: u64,
    text: String,
}

impl Signature {
    /// The node that it belongs into.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Its counter.
    pub fn counter(&self) -> u64 {
        self.counter
    }

    /// What puts it in its place, for a transaction.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Puts it in its place alone: what is signed is published already. A lost answer is read back,
    /// as by [`Plan::commit`](crate::Plan::commit).
    ///
    /// # Errors
    ///
    /// As [`Plan::commit`](crate::Plan::commit).
    ///
    /// Not cancel-safe: what became of a write that was sent is not known then.
    pub async fn commit(
        &self,
        client: &ld_zk::Client,
        interrupt: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let send = |session| async move { operation::commit(&session, &self.operations).await.map(drop) };
        let read = |session| async move {
            let found = find_node(&session, &self.place, MAX_SIGNATURE_BYTES).await?;
            Ok(found.map(|(text, _)| text == self.text.as_bytes()))
        };
        match lost::write(client, &self.place, send, read, interrupt).await? {
            Sent::Done(()) => Ok(()),
            Sent::Refused(Refused { path, cause, .. }) => {
                Err(Error::Refused { path, cause: cause.to_string() })
            }
            Sent::Lost(_, seen) if seen.found == Some(true) => Ok(()),
            Sent::Lost(cause, seen) => Err(seen.not_written(seen.found.is_none(), cause)),
        }
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, counter, .. } = self;
        f.debug_struct("Signature").field("place", place).field("counter", counter).finish_non_exhaustive()
    }
}

impl Publication {
    /// The same with a signature of one of its nodes.
    #[must_use]
    pub fn signed(self, signature: &Signature) -> Self {
        signature.operations.iter().cloned().fold(self, Publication::with)
    }
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
