//! One object that is uploaded.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HeaderName, HeaderValue, IF_NONE_MATCH};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use ld_sync::ld_zk::Backoff;
use tracing::warn;

use super::version::S3Version;
use crate::address::Address;
use crate::checksum::is_composite;
use crate::client::Client;
use crate::failure::{Failure, Kind};
use crate::place::Place;
use crate::sse::SseKey;
use crate::transport::{FilePart, Reply, RequestBody};
use crate::{reply, request};

/// How often a request is made at most.
const ATTEMPTS: u32 = 5;

/// The longest pause before the second attempt, and before the last one.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(4)];

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
    /// A request that writes it was begun.
    pub(super) has_begun: bool,
    /// Such a request may have been done, although it failed: its answer was lost.
    pub(super) may_be_done: bool,
    /// The id of an upload in parts that has begun, and was neither completed nor aborted.
    pub(super) open: Option<String>,
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
        (self.has_begun, self.may_be_done) = (true, false);
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
        reply::confirm(&reply.head, sse_key)?;
        Ok(Outcome::Written)
    }

    /// Whether it is there, as far as the server tells.
    ///
    /// # Errors
    ///
    /// What is there has another size.
    pub(super) async fn is_present(&mut self) -> Result<bool, Failure> {
        let sse_key = self.sse_key;
        let make =
            |address: &Address| Ok((request::read(Method::HEAD, address, sse_key)?, RequestBody::empty()));
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
        let length = reply::check(&reply.head, sse_key)?;
        let headers = &reply.head.headers;
        let sha256 = headers.get(CHECKSUM_SHA256).filter(|value| !is_composite(headers, value.as_bytes()));
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
        let is_ours = self.sse_key.is_some() || self.may_be_done;
        if !self.is_present().await? {
            return Err(Failure::lasting("its name is taken, but what has it cannot be seen"));
        }
        Ok(if is_ours { Outcome::Written } else { Outcome::Present })
    }

    /// Sends a request until there is an answer that does not pass by itself.
    pub(super) async fn ask(
        &mut self,
        query: &[(&str, &str)],
        expected: &[StatusCode],
        make: impl Fn(&Address) -> Result<(Parts, RequestBody), String>,
    ) -> Result<Reply, Failure> {
        let (mut attempt, mut backoff) = (1, backoff());
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
            self.may_be_done |= failure.kind == Kind::Transient;
            if attempt == ATTEMPTS || !matches!(failure.kind, Kind::Transient | Kind::Busy) {
                return Err(failure);
            }
            self.pause(backoff.next_delay(), &failure, attempt, ATTEMPTS).await;
            attempt += 1;
        }
    }

    /// Waits before another one of `most` attempts.
    pub(super) async fn pause(&self, delay: Duration, failure: &Failure, attempt: u32, most: u32) {
        warn!("{}: {}; it is tried again ({attempt} of {most})", self.place(), failure.reason);
        tokio::time::sleep(delay).await;
    }

    pub(super) fn part(&self, offset: u64, bytes: u64) -> FilePart {
        let (file, sent) = (Arc::clone(self.file), Arc::clone(self.sent));
        FilePart { file, offset, bytes, sent, sent_before: self.sent_before + offset }
    }

    /// The object, for messages.
    pub(super) fn place(&self) -> String {
        format!("s3://{}/{}", self.version.prefix.bucket.name(), self.key)
    }
}

/// The pauses between attempts.
pub(super) fn backoff() -> Backoff {
    Backoff::new(PAUSES[0], PAUSES[1])
}

/// A SHA-256 as the header with a checksum has it.
pub(super) fn checksum(sha256: &[u8; 32]) -> Result<HeaderValue, String> {
    HeaderValue::from_str(&STANDARD.encode(sha256)).map_err(|error| error.to_string())
}

pub(super) fn body(part: &FilePart) -> Result<RequestBody, String> {
    RequestBody::of_file(part.clone()).map_err(|error| format!("the system refuses a thread: {error}"))
}
