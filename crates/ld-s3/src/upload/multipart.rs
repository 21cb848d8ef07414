//! An upload in parts: create, parts one after the other, complete. What fails is aborted.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::header::{ETAG, HeaderName, HeaderValue, IF_NONE_MATCH};
use hyper::{Method, StatusCode};
use ld_blocking::{BoundedCalls, Spawner};
use sha2::{Digest as _, Sha256};

use super::object::{CHECKSUM_SHA256, NewObject, Outcome, body, checksum};
use crate::address::Address;
use crate::failure::{Failure, Kind};
use crate::reply;
use crate::request;
use crate::transport::RequestBody;

/// How often an upload is completed at most: S3 may begin a good answer and then fail.
const COMPLETIONS: u32 = 3;

/// How long S3 may take to put the parts together.
const COMPLETE_LIMIT: Duration = Duration::from_secs(300);

/// How long reading a part of the source may take.
const READ_LIMIT: Duration = Duration::from_secs(60);

const ALGORITHM: HeaderName = HeaderName::from_static("x-amz-checksum-algorithm");
const CHECKSUM_TYPE: HeaderName = HeaderName::from_static("x-amz-checksum-type");

/// The id of an upload that has begun, and was neither completed nor aborted.
#[derive(Debug, Default)]
pub(super) struct OpenUpload(Mutex<Option<String>>);

impl OpenUpload {
    fn set(&self, id: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(id);
    }

    pub(super) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A part that was taken.
struct Taken {
    etag: String,
    sha256: [u8; 32],
}

impl NewObject<'_> {
    /// Uploads it in parts. `open` tells what is to be aborted if this fails or is dropped.
    pub(super) async fn put_in_parts(
        &mut self,
        part_size: u64,
        open: &OpenUpload,
    ) -> Result<Outcome, Failure> {
        let id = self.create().await?;
        open.set(id.clone());
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
        self.complete(&id, &parts, open).await
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
        let text = reply::text(reply, READ_LIMIT).await?;
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
        self.confirm(&reply)?;
        let etag = reply.head.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        match etag {
            Some(etag) if !etag.contains(['<', '>', '&']) => Ok(Taken { etag: etag.to_owned(), sha256 }),
            _ => Err(Failure::lasting("the reply has no usable ETag")),
        }
    }

    async fn complete(&mut self, id: &str, parts: &[Taken], open: &OpenUpload) -> Result<Outcome, Failure> {
        let mut attempt = 1;
        loop {
            let failure = match self.complete_once(id, parts, open).await {
                Ok(outcome) => return Ok(outcome),
                Err(failure) => failure,
            };
            // The answer to an attempt that succeeded may have been lost.
            if self.is_present().await.unwrap_or(false) {
                return Ok(Outcome::Written);
            }
            if attempt == COMPLETIONS || failure.kind != Kind::Transient {
                return Err(failure);
            }
            self.pause(attempt, &failure).await;
            attempt += 1;
        }
    }

    async fn complete_once(
        &mut self,
        id: &str,
        parts: &[Taken],
        open: &OpenUpload,
    ) -> Result<Outcome, Failure> {
        let (xml, sse_key) = (list(parts)?, self.sse_key);
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
            return self.outcome_of_412().await;
        }
        // The status comes before S3 has begun, so a failure comes with status 200, too.
        let text = reply::text(reply, COMPLETE_LIMIT).await?;
        if text.contains("<CompleteMultipartUploadResult") {
            // Nothing is left to abort.
            open.take();
            return Ok(Outcome::Written);
        }
        match reply::element(&text, "Code") {
            Some("PreconditionFailed") => self.outcome_of_412().await,
            Some(code @ ("InternalError" | "SlowDown" | "ServiceUnavailable")) => {
                Err(Failure::transient(format!("the answer is {code}")))
            }
            Some(code) => Err(Failure::lasting(format!("the answer is {code}"))),
            None => Err(Failure::lasting("the reply does not come from S3")),
        }
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
fn list(parts: &[Taken]) -> Result<String, Failure> {
    let mut xml = String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (index, Taken { etag, sha256 }) in parts.iter().enumerate() {
        let sha256 = checksum(sha256).map_err(Failure::lasting)?;
        let sha256 = sha256.to_str().unwrap_or_default();
        let number = index + 1;
        xml.push_str(&format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><ChecksumSHA256>{sha256}</ChecksumSHA256></Part>"
        ));
    }
    xml.push_str("</CompleteMultipartUpload>");
    Ok(xml)
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
