//! One object that is uploaded.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_LENGTH, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use tracing::warn;

use super::version::S3Version;
use crate::address::Address;
use crate::client::Client;
use crate::failure::{Failure, Kind};
use crate::place::Place;
use crate::sse::SseKey;
use crate::transport::{FilePart, Reply, RequestBody};
use crate::{reply, request};

/// How often a request is made at most.
const ATTEMPTS: u32 = 5;

/// The longest pause before the second attempt. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

pub(super) const CHECKSUM_SHA256: HeaderName = HeaderName::from_static("x-amz-checksum-sha256");

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Written,
    /// It was there already.
    Present,
}

/// One object of a version.
pub(super) struct NewObject<'a> {
    pub(super) client: &'a Client,
    pub(super) version: &'a S3Version,
    pub(super) sse_key: Option<&'a SseKey>,
    pub(super) key: String,
    /// A request was made a second time.
    pub(super) has_retried: bool,
    /// The bucket's region, as far as it is known.
    pub(super) region: String,
    pub(super) file: &'a Arc<File>,
    /// How many bytes of all objects were sent, for the user.
    pub(super) sent: &'a Arc<AtomicU64>,
    /// What `sent` is before this object.
    pub(super) sent_before: u64,
}

impl NewObject<'_> {
    /// Uploads it in one request.
    pub(super) async fn put(&mut self) -> Result<Outcome, Failure> {
        let part = self.part(0, self.version.bytes);
        let (sha256, sse_key) = (self.version.sha256, self.sse_key);
        let make = move |address: &Address| {
            let mut head = request::write(Method::PUT, address, sse_key, Some(&sha256), part.bytes)?;
            head.headers.insert(CHECKSUM_SHA256, checksum(&sha256)?);
            head.headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
            Ok((head, body(&part)?))
        };
        let expected = [StatusCode::OK, StatusCode::PRECONDITION_FAILED];
        let reply = self.ask(&[], &expected, make).await?;
        if reply.head.status == StatusCode::PRECONDITION_FAILED {
            return self.outcome_of_412().await;
        }
        self.confirm(&reply)?;
        Ok(Outcome::Written)
    }

    /// Whether it is there, as far as the server tells.
    ///
    /// # Errors
    ///
    /// What is there has another size.
    pub(super) async fn is_present(&mut self) -> Result<bool, Failure> {
        let sse_key = self.sse_key;
        let make = |address: &Address| Ok((request::head(address, sse_key)?, RequestBody::empty()));
        let reply = match self.ask(&[], &[StatusCode::OK, StatusCode::NOT_FOUND], make).await {
            Ok(reply) => reply,
            // Writing tells more: without the permission to list, S3 answers 403 for a missing
            // object.
            Err(failure) if failure.kind == Kind::Lasting => return Ok(false),
            Err(failure) => return Err(failure),
        };
        if reply.head.status == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        self.confirm(&reply)?;
        let length = reply.head.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let sha256 = reply.head.headers.get(CHECKSUM_SHA256);
        // That of an object in parts is another one, and has their number behind it.
        let sha256 = sha256.filter(|value| !value.as_bytes().contains(&b'-'));
        let is_other = match sha256 {
            Some(sha256) => *sha256 != checksum(&self.version.sha256).map_err(Failure::lasting)?,
            None => false,
        };
        if is_other || length != Some(self.version.bytes) {
            return Err(Failure::lasting("another object has this name, which is the hash of its content"));
        }
        Ok(true)
    }

    /// What it means that the name is taken. The name of an encrypted object is new, and the answer
    /// to an earlier attempt may have been lost.
    ///
    /// # Errors
    ///
    /// The object is not there, or is another one.
    pub(super) async fn outcome_of_412(&mut self) -> Result<Outcome, Failure> {
        if !self.is_present().await? {
            return Err(Failure::lasting("its name is taken, but what has it cannot be seen"));
        }
        let is_ours = self.sse_key.is_some() || self.has_retried;
        Ok(if is_ours { Outcome::Written } else { Outcome::Present })
    }

    /// Sends a request until there is an answer that does not pass by itself.
    pub(super) async fn ask(
        &mut self,
        query: &[(&str, &str)],
        expected: &[StatusCode],
        make: impl Fn(&Address) -> Result<(Parts, RequestBody), String>,
    ) -> Result<Reply, Failure> {
        let mut attempt = 1;
        loop {
            let place = Place {
                bucket: &self.version.prefix.bucket,
                key: &self.key,
                query,
                is_anonymous: false,
                is_encrypted: self.sse_key.is_some(),
            };
            let failure = match self.client.exchange(place, &mut self.region, expected, &make).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            if attempt == ATTEMPTS || !matches!(failure.kind, Kind::Transient | Kind::Busy) {
                return Err(failure);
            }
            self.pause(attempt, &failure).await;
            self.has_retried = true;
            attempt += 1;
        }
    }

    /// Waits before another attempt, for a random time.
    pub(super) async fn pause(&self, attempt: u32, failure: &Failure) {
        warn!("{}: {}; it is tried again ({attempt} of {ATTEMPTS})", self.place(), failure.reason);
        let longest = FIRST_PAUSE * 2_u32.saturating_pow(attempt - 1);
        tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
    }

    pub(super) fn part(&self, offset: u64, bytes: u64) -> FilePart {
        let (file, sent) = (Arc::clone(self.file), Arc::clone(self.sent));
        FilePart { file, offset, bytes, sent, sent_before: self.sent_before + offset }
    }

    /// The object, for messages.
    pub(super) fn place(&self) -> String {
        format!("s3://{}/{}", self.version.prefix.bucket.name(), self.key)
    }

    /// Makes sure that S3 has answered, and not a proxy.
    pub(super) fn confirm(&self, reply: &Reply) -> Result<(), Failure> {
        if let Some(key) = self.sse_key {
            return reply::confirm_key(&reply.head, key);
        }
        if reply.head.headers.contains_key(ETAG) {
            return Ok(());
        }
        Err(Failure::lasting("the reply has no ETag: it does not come from S3"))
    }
}

/// A SHA-256 as the header with a checksum has it.
pub(super) fn checksum(sha256: &[u8; 32]) -> Result<HeaderValue, String> {
    HeaderValue::from_str(&STANDARD.encode(sha256)).map_err(|error| error.to_string())
}

pub(super) fn body(part: &FilePart) -> Result<RequestBody, String> {
    RequestBody::of_file(part.clone()).map_err(|error| format!("the system refuses a thread: {error}"))
}
