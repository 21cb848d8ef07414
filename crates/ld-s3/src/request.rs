//! Requests to S3.

use hyper::header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request};

use crate::address::Address;
use crate::hex::hex;
use crate::sse::SseKey;

/// The SHA-256 of a request without a body.
const EMPTY_SHA256: HeaderValue =
    HeaderValue::from_static("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const CHECKSUM_MODE: HeaderName = HeaderName::from_static("x-amz-checksum-mode");

/// A request for what is known of a bucket, not signed yet.
pub(crate) fn head_bucket(address: &Address) -> Result<Parts, String> {
    bare(Method::HEAD, address, 0)
}

/// A request that writes, not signed yet. `sha256` is that of its body; `None` without one.
pub(crate) fn write(
    method: Method,
    address: &Address,
    sse_key: Option<&SseKey>,
    sha256: Option<&[u8; 32]>,
    bytes: u64,
) -> Result<Parts, String> {
    let mut head = bare(method, address, bytes)?;
    if let Some(sha256) = sha256 {
        let value = HeaderValue::from_str(&hex(sha256)).map_err(|error| error.to_string())?;
        head.headers.insert(CONTENT_SHA256, value);
    }
    if let Some(key) = sse_key {
        key.add_to(&mut head.headers);
    }
    Ok(head)
}

/// A request for an object (`GET`), or for what is known of it (`HEAD`), not signed yet.
pub(crate) fn read(method: Method, address: &Address, sse_key: Option<&SseKey>) -> Result<Parts, String> {
    let mut head = bare(method, address, 0)?;
    head.headers.insert(CHECKSUM_MODE, HeaderValue::from_static("ENABLED"));
    if let Some(key) = sse_key {
        key.add_to(&mut head.headers);
    }
    Ok(head)
}

fn bare(method: Method, address: &Address, bytes: u64) -> Result<Parts, String> {
    let has_body = method == Method::PUT || method == Method::POST;
    let request = Request::builder().method(method).uri(address.uri.clone()).body(());
    let mut head = request.map_err(|error| error.to_string())?.into_parts().0;
    complete(&mut head, bytes)?;
    if has_body {
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    }
    head.headers.insert(CONTENT_SHA256, EMPTY_SHA256);
    Ok(head)
}

/// Adds what HTTP demands of every request.
pub(crate) fn complete(head: &mut Parts, body: u64) -> Result<(), String> {
    let authority = head.uri.authority().ok_or("its URL has no host")?.as_str();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = HeaderValue::from_str(host).map_err(|error| error.to_string())?;
    head.headers.entry(HOST).or_insert(host);
    if body > 0 {
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body));
    }
    Ok(())
}
