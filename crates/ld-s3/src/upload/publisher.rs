//! What a publisher does with S3.

use std::fmt;
use std::fs::File;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ld_config::S3Config;
use tokio::time::timeout;
use tracing::{info, warn};

use super::error::UploadError;
use super::object::{NewObject, Outcome};
use super::version::S3Version;
use crate::client::Client;
use crate::environment::AwsEnvironment;
use crate::failure::Failure;
use crate::loader::S3Loader;
use crate::place::Place;

/// The size of a part, but for the last one.
const PART_SIZE: u64 = 16 << 20;

/// Content of more than so many parts is uploaded in parts.
const MAX_WHOLE: u64 = 4;

/// The most parts of an object.
const MAX_PARTS: u64 = 10_000;

/// How long it may take to abort an upload in parts.
const ABORT_LIMIT: Duration = Duration::from_secs(10);

/// Uploads content and reads what pointers point to, with the same credentials, proxies and limits
/// as [`S3Loader`].
#[derive(Debug)]
pub struct S3Publisher {
    pub(crate) loader: S3Loader,
    part_size: u64,
}

/// A version that is in the bucket. `Debug` does not show the pointer.
pub struct Uploaded {
    /// The pointer to it, as JSON text. It holds the key of the encryption.
    pub pointer: String,
    /// The objects that were written, each as `s3://bucket/key`.
    pub written: Vec<String>,
    /// Those that were there already.
    pub present: Vec<String>,
}

impl S3Publisher {
    /// A publisher with the environment of this process, as it is now.
    pub fn new(config: &S3Config) -> Self {
        Self::with_environment(config, AwsEnvironment::of_process())
    }

    /// The same with another environment.
    pub fn with_environment(config: &S3Config, environment: AwsEnvironment) -> Self {
        Self { loader: S3Loader::with_environment(config, environment), part_size: PART_SIZE }
    }

    /// The size of a part in bytes, 16 MiB without this; S3 demands 5 MiB. Content of more than
    /// four parts is uploaded in parts.
    #[must_use]
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.part_size = bytes.max(1);
        self
    }

    /// Uploads all objects of a version from a file with its content. Nothing that is in the bucket
    /// is overwritten or removed. `sent` follows the bytes, up to [`S3Version::bytes_to_send`].
    ///
    /// No wait is without a limit: 5 s to connect, 15 s of silence, 16 KiB a second over 30 s,
    /// 60 s for the answer to a part, 5 minutes to put the parts together, and five attempts for
    /// each request. When `interrupt` resolves, an upload in parts is aborted, within 10 s.
    ///
    /// # Errors
    ///
    /// [`UploadError`] says why, and what is in the bucket now. Dropping the future leaves that,
    /// too.
    pub async fn upload(
        &self,
        version: &S3Version,
        file: &Arc<File>,
        sent: &Arc<AtomicU64>,
        interrupt: impl Future<Output = ()>,
    ) -> Result<Uploaded, UploadError> {
        let mut interrupt = pin!(interrupt);
        let mut left = Vec::new();
        let client = match self.loader.client().await {
            Ok(client) => client,
            Err(reason) => return Err(UploadError::Failed { reason, left }),
        };
        let sse_key = version.sse_key();
        let place = Place {
            bucket: &version.prefix.bucket,
            key: "",
            query: &[],
            is_anonymous: false,
            is_encrypted: false,
        };
        let mut region = tokio::select! {
            biased;
            () = &mut interrupt => return Err(UploadError::Interrupted { left }),
            region = region(client, place) => region,
        };
        let mut uploaded = Uploaded { pointer: String::new(), written: Vec::new(), present: Vec::new() };
        for (index, key) in version.keys().into_iter().enumerate() {
            let sent_before = version.bytes * index as u64;
            let sse_key = sse_key.as_ref();
            let mut object = NewObject {
                client,
                version,
                sse_key,
                key,
                has_begun: false,
                may_be_done: false,
                open: None,
                region,
                file,
                sent,
                sent_before,
            };
            let place = object.place();
            match put(&mut object, self.part_size, interrupt.as_mut()).await {
                Ok(Outcome::Written) => uploaded.written.push(place),
                Ok(Outcome::Present) => uploaded.present.push(place),
                Err(failed) => {
                    left.append(&mut uploaded.written);
                    left.extend(failed.left);
                    return Err(match failed.failure {
                        None => UploadError::Interrupted { left },
                        Some(failure) => UploadError::Failed { reason: reason(&object, &failure), left },
                    });
                }
            }
            sent.store(sent_before + version.bytes, Ordering::Relaxed);
            region = object.region;
        }
        uploaded.pointer = version.pointer(&region);
        Ok(uploaded)
    }
}

/// The region of the bucket, so that no content is sent to another one.
async fn region(client: &Client, place: Place<'_>) -> String {
    let region = client.region_of(place, &client.default_region).await;
    region.unwrap_or_else(|| client.default_region.clone())
}

/// An object that was not uploaded.
struct NotPut {
    /// `None`: interrupted.
    failure: Option<Failure>,
    left: Option<String>,
}

async fn put(
    object: &mut NewObject<'_>,
    part_size: u64,
    interrupt: Pin<&mut impl Future<Output = ()>>,
) -> Result<Outcome, NotPut> {
    let is_in_parts = object.version.bytes > MAX_WHOLE * part_size;
    let part_size = part_size.max(object.version.bytes.div_ceil(MAX_PARTS));
    let work = async {
        // The name of an encrypted object is new.
        if object.sse_key.is_none() && object.is_present().await? {
            return Ok(Outcome::Present);
        }
        if is_in_parts { object.put_in_parts(part_size).await } else { object.put().await }
    };
    let done = tokio::select! {
        biased;
        () = interrupt => Err(None),
        done = work => done.map_err(Some),
    };
    let left = match object.open.take() {
        Some(id) => abort(object, &id, done.is_ok()).await,
        None => None,
    };
    if let (Ok(_), Some(left)) = (&done, &left) {
        warn!("{left} are left: they could not be aborted");
    }
    done.map_err(|failure| {
        // A request that was begun may be done, unless the server has refused it.
        let may_be_there = object.has_begun && (failure.is_none() || object.may_be_done);
        let perhaps = (may_be_there && !is_in_parts).then(|| format!("perhaps {}", object.place()));
        NotPut { failure, left: left.or(perhaps) }
    })
}

/// Aborts an upload in parts. Gives what is left if that fails, or if it may have been completed:
/// `is_known` says that the object is there.
async fn abort(object: &mut NewObject<'_>, id: &str, is_known: bool) -> Option<String> {
    let place = object.place();
    match timeout(ABORT_LIMIT, object.abort(id)).await {
        Ok(Ok(true)) => {
            info!("{place}: the upload in parts was aborted.");
            None
        }
        Ok(Ok(false)) => (!is_known).then(|| format!("perhaps {place}")),
        _ => Some(format!("parts of {place} (upload id {id})")),
    }
}

fn reason(object: &NewObject<'_>, failure: &Failure) -> String {
    let mut reason = format!("{}: {}", object.place(), failure.reason);
    if object.sse_key.is_some() && failure.reason.starts_with("the answer is 403") {
        reason.push_str(
            "; buckets made since April 2026 refuse SSE-C unless their encryption settings allow it",
        );
    }
    reason
}

impl fmt::Debug for Uploaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uploaded")
            .field("written", &self.written)
            .field("present", &self.present)
            .finish_non_exhaustive()
    }
}
