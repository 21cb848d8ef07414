//! An upload in parts: create, parts one after the other, complete. What fails is aborted.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{ETAG, HeaderName, HeaderValue, IF_NONE_MATCH};
use hyper::{Method, StatusCode};
use ld_blocking::{BoundedCalls, Spawner};
use sha2::{Digest as _, Sha256};

use super::object::{CHECKSUM_SHA256, NewObject, Outcome, backoff, body, checksum};
use crate::address::Address;
use crate::failure::{Failure, Kind};
use crate::reply;
use crate::request;
use crate::transport::RequestBody;

/// How often an upload is completed at most: S3 may begin a good answer and then fail.
const COMPLETIONS: u32 = 3;

/// How long S3 may take to put the parts together.
const COMPLETE_LIMIT: Duration = Duration::from_secs(300);

/// How long the body of another answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// How long reading a part of the source may take.
const READ_LIMIT: Duration = Duration::from_secs(60);

const ALGORITHM: HeaderName = HeaderName::from_static("x-amz-checksum-algorithm");
const CHECKSUM_TYPE: HeaderName = HeaderName::from_static("x-amz-checksum-type");

/// A part that was taken.
struct Taken {
    etag: String,
    sha256: [u8; 32],
}

/// What came of one request to complete an upload.
enum Completion {
    Done(Outcome),
    /// It was answered with status 200, and not with success.
    BadAnswer(Failure),
}

impl NewObject<'_> {
    /// Uploads it in parts. If this fails or is dropped, what is `open` is to be aborted.
    pub(super) async fn put_in_parts(&mut self, part_size: u64) -> Result<Outcome, Failure> {
        let id = self.create().await?;
        self.open = Some(id.clone());
        let (mut offset, mut whole, mut parts) = (0, Sha256::new(), Vec::new());
        while offset < self.version.bytes {
            let bytes = part_size.min(self.version.bytes - offset);
            let (sha256, next) = self.hash(offset, bytes, whole).await?;
            whole = next;
            let number = (parts.len() + 1).to_string();
            parts.push(self.put_part(&id, &number, offset, bytes, sha256).await?);
            offset += bytes;
        }
        if whole.finalize()[..] != self.version.sha256 {
            return Err(Failure::lasting("the source changed while it was read"));
        }
        self.complete(&id, &parts).await
    }

    async fn create(&mut self) -> Result<String, Failure> {
        let sse_key = self.sse_key;
        let make = |address: &Address| {
            let mut head = request::write(Method::POST, address, sse_key, None, 0)?;
            head.headers.insert(ALGORITHM, HeaderValue::from_static("SHA256"));
            head.headers.insert(CHECKSUM_TYPE, HeaderValue::from_static("COMPOSITE"));
            Ok((head, RequestBody::empty()))
        };
        let reply = self.ask(&[("uploads", "")], &[StatusCode::OK], make).await?;
        if let Some(key) = self.sse_key {
            reply::confirm_key(&reply.head, key)?;
        }
        let text = reply::text(reply, ANSWER_LIMIT).await?;
        let id = reply::element(&text, "UploadId").filter(|id| !id.is_empty() && !id.contains('&'));
        id.map(str::to_owned)
            .ok_or_else(|| Failure::lasting("the reply has no UploadId: it does not come from S3"))
    }

    /// The hash of a part, and that of all parts so far.
    async fn hash(&self, offset: u64, bytes: u64, whole: Sha256) -> Result<([u8; 32], Sha256), Failure> {
        let file = std::sync::Arc::clone(self.file);
        let reads = BoundedCalls::new("reading the source", Spawner::Threads, 1);
        let hashed = reads.run(READ_LIMIT, move || hash(&file, offset, bytes, whole)).await;
        let hashed = hashed.map_err(|error| Failure::lasting(error.to_string()))?;
        hashed.map_err(|error| Failure::lasting(format!("cannot read the source: {error}")))
    }

    async fn put_part(
        &mut self,
        id: &str,
        number: &str,
        offset: u64,
        bytes: u64,
        sha256: [u8; 32],
    ) -> Result<Taken, Failure> {
        let (part, sse_key) = (self.part(offset, bytes), self.sse_key);
        let make = move |address: &Address| {
            let mut head = request::write(Method::PUT, address, sse_key, Some(&sha256), bytes)?;
            head.headers.insert(CHECKSUM_SHA256, checksum(&sha256)?);
            Ok((head, body(&part)?))
        };
        let query = [("partNumber", number), ("uploadId", id)];
        let reply = self.ask(&query, &[StatusCode::OK], make).await?;
        reply::confirm(&reply.head, sse_key)?;
        let etag = reply.head.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        match etag {
            Some(etag) if !etag.contains(['<', '>', '&']) => Ok(Taken { etag: etag.to_owned(), sha256 }),
            _ => Err(Failure::lasting("the reply has no usable ETag")),
        }
    }

    async fn complete(&mut self, id: &str, parts: &[Taken]) -> Result<Outcome, Failure> {
        (self.has_begun, self.may_be_done) = (true, false);
        let (mut attempt, mut backoff) = (1, backoff());
        loop {
            let (failure, may_pass) = match self.complete_once(id, parts).await {
                Ok(Completion::Done(outcome)) => return Ok(outcome),
                Ok(Completion::BadAnswer(failure)) => {
                    self.may_be_done = true;
                    let may_pass = failure.kind == Kind::Transient;
                    (failure, may_pass)
                }
                // The request had its attempts.
                Err(failure) => (failure, false),
            };
            // The answer to an attempt that succeeded may have been lost.
            if self.is_present().await.unwrap_or(false) {
                return Ok(Outcome::Written);
            }
            if attempt == COMPLETIONS || !may_pass {
                return Err(failure);
            }
            self.pause(backoff.next_delay(), &failure, attempt, COMPLETIONS).await;
            attempt += 1;
        }
    }

    async fn complete_once(&mut self, id: &str, parts: &[Taken]) -> Result<Completion, Failure> {
        let (xml, sse_key) = (list(parts), self.sse_key);
        let sha256: [u8; 32] = Sha256::digest(&xml).into();
        let make = move |address: &Address| {
            let bytes = xml.len() as u64;
            let mut head = request::write(Method::POST, address, sse_key, Some(&sha256), bytes)?;
            head.headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
            Ok((head, RequestBody::whole_and_slow(xml.clone().into())))
        };
        let expected = [StatusCode::OK, StatusCode::PRECONDITION_FAILED];
        let reply = self.ask(&[("uploadId", id)], &expected, make).await?;
        if reply.head.status == StatusCode::PRECONDITION_FAILED {
            return self.outcome_of_412().await.map(Completion::Done);
        }
        // The status comes before S3 has begun, so a failure comes with status 200, too.
        let text = match reply::text(reply, COMPLETE_LIMIT).await {
            Ok(text) => text,
            Err(failure) => return Ok(Completion::BadAnswer(failure)),
        };
        if text.contains("<CompleteMultipartUploadResult") {
            // Nothing is left to abort.
            self.open = None;
            return Ok(Completion::Done(Outcome::Written));
        }
        let failure = match reply::element(&text, "Code") {
            Some("PreconditionFailed") => return self.outcome_of_412().await.map(Completion::Done),
            Some(code @ ("InternalError" | "SlowDown" | "ServiceUnavailable")) => {
                Failure::transient(format!("the answer is {code}"))
            }
            Some(code) => Failure::lasting(format!("the answer is {code}")),
            None => Failure::lasting("the reply does not come from S3"),
        };
        Ok(Completion::BadAnswer(failure))
    }

    /// Has S3 drop the parts. `false`: there is no such upload any more.
    pub(super) async fn abort(&mut self, id: &str) -> Result<bool, Failure> {
        let make = |address: &Address| {
            let head = request::write(Method::DELETE, address, None, None, 0)?;
            Ok((head, RequestBody::empty()))
        };
        let expected = [StatusCode::NO_CONTENT, StatusCode::OK, StatusCode::NOT_FOUND];
        let reply = self.ask(&[("uploadId", id)], &expected, make).await?;
        Ok(reply.head.status != StatusCode::NOT_FOUND)
    }
}

/// The parts as XML.
fn list(parts: &[Taken]) -> String {
    let mut xml = String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (index, Taken { etag, sha256 }) in parts.iter().enumerate() {
        let (number, sha256) = (index + 1, STANDARD.encode(sha256));
        xml.push_str(&format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><ChecksumSHA256>{sha256}</ChecksumSHA256></Part>"
        ));
    }
    xml.push_str("</CompleteMultipartUpload>");
    xml
}

/// Blocks while the part is read.
fn hash(file: &File, offset: u64, bytes: u64, mut whole: Sha256) -> io::Result<([u8; 32], Sha256)> {
    let (mut part, mut buffer) = (Sha256::new(), vec![0; 256 * 1024]);
    let mut done = 0;
    while done < bytes {
        let next = buffer.len().min(usize::try_from(bytes - done).unwrap_or(buffer.len()));
        file.read_exact_at(&mut buffer[..next], offset + done)?;
        part.update(&buffer[..next]);
        whole.update(&buffer[..next]);
        done += next as u64;
    }
    Ok((part.finalize().into(), whole))
}
