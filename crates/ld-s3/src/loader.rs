//! The loader that an engine is given.

use std::fmt;
use std::sync::Arc;

use ld_config::{S3Config, counted};
use ld_sync::{BoxFuture, LoadError, Loader, Sink};
use tokio::sync::{OnceCell, Semaphore};

use crate::client::Client;
use crate::download::Limit;
use crate::environment::AwsEnvironment;
use crate::failure::{Failure, Kind};
use crate::pointer::Pointer;

/// How many shards one attempt asks at most.
const SHARDS_AT_ONCE: usize = 5;

/// Loads what pointers point to, from S3 or a server that speaks its protocol.
///
/// It costs nothing before the first pointer: credentials, certificate authorities and connections
/// come with that.
pub struct S3Loader(Arc<Shared>);

struct Shared {
    max_bytes: u64,
    /// One for each load that may run.
    permits: Semaphore,
    environment: AwsEnvironment,
    client: OnceCell<Client>,
}

impl S3Loader {
    /// A loader with the environment of this process, as it is now.
    pub fn new(config: &S3Config) -> Self {
        Self::with_environment(config, AwsEnvironment::of_process())
    }

    /// The same with another environment.
    pub fn with_environment(config: &S3Config, environment: AwsEnvironment) -> Self {
        let permits = Semaphore::new(config.concurrency);
        let max_bytes = config.max_bytes as u64;
        Self(Arc::new(Shared { max_bytes, permits, environment, client: OnceCell::new() }))
    }

    /// The client, made at its first use.
    pub(crate) async fn client(&self) -> Result<&Client, String> {
        self.0.client().await
    }

    /// Loads what a pointer points to, from any of its shards.
    pub(crate) async fn load(
        &self,
        pointer: &Pointer,
        max_bytes: u64,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        self.0.load(pointer, Some(max_bytes), sink).await
    }

    /// The size of an object, as the first of its shards tells that does.
    pub(crate) async fn size(&self, pointer: &Pointer) -> Result<u64, Failure> {
        let client = self.client().await.map_err(Failure::lasting)?;
        let mut failures = Vec::new();
        for prefix in pointer.shards.prefixes().take(SHARDS_AT_ONCE) {
            match client.size(pointer, &prefix).await {
                Ok(bytes) => return Ok(bytes),
                Err(failure) => failures.push(named(pointer, &prefix, failure)),
            }
        }
        Err(summary(failures))
    }
}

impl Shared {
    async fn client(&self) -> Result<&Client, String> {
        self.client.get_or_try_init(|| Client::new(&self.environment)).await
    }

    /// Loads from one shard after the other, until one has the object.
    async fn load(
        &self,
        pointer: &Pointer,
        max_bytes: Option<u64>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let Self { max_bytes: most, permits, .. } = self;
        // The semaphore is never closed.
        let _permit = permits.acquire().await;
        let client = self.client().await.map_err(Failure::lasting)?;
        let limit = match max_bytes {
            Some(bytes) if bytes < *most => Limit { bytes, key: "max_bytes" },
            _ => Limit { bytes: *most, key: "s3.max_bytes" },
        };
        let mut failures = Vec::new();
        for prefix in pointer.shards.prefixes().take(SHARDS_AT_ONCE) {
            match client.load(pointer, &prefix, limit, sink).await {
                Ok(()) => return Ok(()),
                Err(failure) => {
                    let ends_here = !failure.may_succeed_elsewhere();
                    let failure = named(pointer, &prefix, failure);
                    if ends_here {
                        return Err(failure);
                    }
                    failures.push(failure);
                }
            }
        }
        Err(summary(failures))
    }
}

impl fmt::Debug for S3Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Loader").finish_non_exhaustive()
    }
}

impl Loader for S3Loader {
    fn parse(&self, json: &str) -> Result<Box<dyn ld_sync::Pointer>, String> {
        let pointer = Pointer::parse(json)?;
        Ok(Box::new(Found { pointer, shared: Arc::clone(&self.0) }))
    }
}

/// A pointer, with what loads it.
struct Found {
    pointer: Pointer,
    shared: Arc<Shared>,
}

impl ld_sync::Pointer for Found {
    fn target(&self) -> String {
        self.pointer.to_string()
    }

    fn load<'a>(
        &'a self,
        max_bytes: Option<u64>,
        sink: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<(), LoadError>> {
        Box::pin(
            async move { self.shared.load(&self.pointer, max_bytes, sink).await.map_err(LoadError::from) },
        )
    }
}

/// The failure with the object that it is about.
fn named(pointer: &Pointer, prefix: &str, failure: Failure) -> Failure {
    Failure { reason: format!("{}: {}", pointer.place(prefix), failure.reason), ..failure }
}

/// One failure for all shards: the first one by name, with the number of the others. So attempts
/// that fail alike read alike, whichever shard was asked first, and are logged once. A failure that
/// may pass soon decides when to try again.
fn summary(mut failures: Vec<Failure>) -> Failure {
    failures.sort_by(|one, other| one.reason.cmp(&other.reason));
    let is_transient = failures.iter().any(|failure| failure.kind == Kind::Transient);
    let others = failures.len().saturating_sub(1);
    let Some(mut first) = failures.into_iter().next() else { return Failure::lasting("there is no shard") };
    if others > 0 {
        first.reason = format!("{} (and {} failed)", first.reason, counted(others as u64, "other shard"));
    }
    if is_transient {
        first.kind = Kind::Transient;
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transient_failure_of_any_shard_is_tried_again_soon() {
        let failure = summary(vec![Failure::lasting("a: 404"), Failure::transient("b: broke")]);
        assert_eq!(failure, Failure::transient("a: 404 (and 1 other shard failed)"));
        assert_eq!(summary(vec![Failure::lasting("a: 404")]), Failure::lasting("a: 404"));
    }

    #[test]
    fn shards_that_fail_alike_read_alike_in_any_order() {
        let failures = ["1/a: 404", "2/a: 404", "3/a: 404"].map(Failure::lasting).to_vec();
        let reversed = failures.iter().rev().cloned().collect();
        assert_eq!(summary(failures), summary(reversed));
    }

    #[test]
    fn a_loader_shows_no_secret() {
        let environment = AwsEnvironment::of(&[("AWS_SECRET_ACCESS_KEY", "topsecret")]);
        let loader = S3Loader::with_environment(&S3Config::default(), environment);
        assert_eq!(format!("{loader:?}"), "S3Loader { .. }");
    }
}
