//! What a reply to a request for an object means.

use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, ETAG, TRANSFER_ENCODING};
use hyper::http::response::Parts;
use tokio::time::timeout;

use crate::address::is_label;
use crate::failure::Failure;
use crate::sse::SseKey;
use crate::transport::{Reply, SILENCE_LIMIT};

/// The region of a bucket that was asked for in another one.
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// The most bytes of an error that are read.
const MAX_ERROR: usize = 64 * 1024;

/// The most bytes of another text that are read.
const MAX_TEXT: usize = 1 << 20;

/// The longest code of an error that is shown.
const MAX_CODE: usize = 64;

/// Codes that say that the credentials, and not the rights, are at fault.
const CREDENTIALS: [&str; 4] = ["ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "TokenRefreshRequired"];

/// A reply that brings no object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The bucket is in another region.
    InRegion(String),
    /// The bucket is in another region, and which one must be asked for.
    Elsewhere(Failure),
    /// The credentials are to be looked for again.
    Credentials(Failure),
    Failed(Failure),
}

/// The region that a reply gives for the bucket.
pub(crate) fn bucket_region(head: &Parts) -> Option<String> {
    let region = head.headers.get(BUCKET_REGION)?.to_str().ok()?;
    is_label(region).then(|| region.to_owned())
}

/// The length of the object that a good reply announces; `None` if its end is marked in another
/// way.
///
/// # Errors
///
/// The reply is not that of a server that has the object, or its end could not be told from a
/// broken connection.
pub(crate) fn check(head: &Parts, sse_key: Option<&SseKey>) -> Result<Option<u64>, Failure> {
    confirm(head, sse_key)?;
    let encoding = head.headers.get_all(TRANSFER_ENCODING).iter().next_back();
    let is_chunked =
        encoding.is_some_and(|value| value.as_bytes().to_ascii_lowercase().ends_with(b"chunked"));
    if is_chunked {
        return Ok(None);
    }
    let length = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    match length {
        Some(length) => Ok(Some(length)),
        None => Err(Failure::lasting("the reply does not say where it ends")),
    }
}

/// Makes sure that S3 has answered about an object, and not a proxy.
///
/// # Errors
///
/// The reply does not say so.
pub(crate) fn confirm(head: &Parts, sse_key: Option<&SseKey>) -> Result<(), Failure> {
    match sse_key {
        Some(key) => confirm_key(head, key),
        None if head.headers.contains_key(ETAG) => Ok(()),
        None => Err(Failure::lasting("the reply has no ETag: it does not come from S3")),
    }
}

/// Makes sure that the server used the key.
///
/// # Errors
///
/// The reply does not say so.
pub(crate) fn confirm_key(head: &Parts, key: &SseKey) -> Result<(), Failure> {
    const REASON: &str = "the reply does not confirm the SSE key: it does not come from S3";
    if key.is_confirmed_by(&head.headers) { Ok(()) } else { Err(Failure::lasting(REASON)) }
}

/// Reads a reply that brings no object. `region` is what the request was signed for.
pub(crate) async fn refusal(reply: Reply, region: &str) -> Refusal {
    let status = reply.head.status;
    let bucket_region = bucket_region(&reply.head);
    let code = timeout(SILENCE_LIMIT, code(reply)).await.ok().flatten();
    let is_moved = matches!(status.as_u16(), 301 | 307 | 400);
    if let Some(other) = bucket_region.filter(|other| is_moved && other != region) {
        return Refusal::InRegion(other);
    }
    let shown = code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    let reason = format!("the answer is {}{shown}", status.as_u16());
    if matches!(status.as_u16(), 301 | 307) {
        return Refusal::Elsewhere(Failure::lasting(reason));
    }
    if code.as_deref().is_some_and(|code| CREDENTIALS.contains(&code)) {
        return Refusal::Credentials(Failure::transient(reason));
    }
    // 503 is S3's way to ask for fewer requests.
    let asks_for_less = matches!(status.as_u16(), 429 | 503);
    Refusal::Failed(match status {
        _ if asks_for_less => Failure::busy(reason),
        status if is_transient(status) => Failure::transient(reason),
        _ => Failure::lasting(reason),
    })
}

/// A conflict is that of two uploads under one name.
fn is_transient(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT)
}

/// The text of a reply. S3 sends spaces while it works, so the limit is for the whole.
pub(crate) async fn text(reply: Reply, limit: Duration) -> Result<String, Failure> {
    let read = timeout(limit, Limited::new(reply.body, MAX_TEXT).collect()).await;
    let read =
        read.map_err(|_| Failure::transient(format!("no whole answer came within {} s", limit.as_secs())))?;
    let body = read.map_err(|error| Failure::transient(format!("the answer broke off: {error}")))?;
    Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}

/// The text of the first element with this name.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

/// The code of S3's error in XML.
async fn code(reply: Reply) -> Option<String> {
    let body = Limited::new(reply.body, MAX_ERROR).collect().await.ok()?.to_bytes();
    code_in(&String::from_utf8_lossy(&body))
}

fn code_in(xml: &str) -> Option<String> {
    let code = element(xml, "Code")?;
    let is_plain = code.len() <= MAX_CODE && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use hyper::Response;

    use super::*;

    fn head(headers: &[(&str, &str)]) -> Parts {
        let mut response = Response::builder();
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_reply_must_mark_its_end() {
        assert_eq!(check(&head(&[("etag", "x"), ("content-length", "7")]), None), Ok(Some(7)));
        assert_eq!(check(&head(&[("etag", "x"), ("transfer-encoding", "gzip, Chunked")]), None), Ok(None));
        for end in [("x", "y"), ("content-length", "x"), ("transfer-encoding", "gzip")] {
            assert!(check(&head(&[("etag", "x"), end]), None).is_err(), "{end:?}");
        }
    }

    #[test]
    fn a_reply_of_another_kind_of_server_is_refused() {
        let page = head(&[("content-type", "text/html"), ("content-length", "7")]);
        assert!(check(&page, None).unwrap_err().reason.contains("no ETag"));
        let key = SseKey::of_text("0123456789abcdef0123456789abcdef").unwrap();
        let plain = head(&[("etag", "x"), ("content-length", "7")]);
        assert!(check(&plain, Some(&key)).unwrap_err().reason.contains("does not confirm the SSE key"));
    }

    #[test]
    fn a_region_that_leads_elsewhere_is_not_followed() {
        assert_eq!(bucket_region(&head(&[(BUCKET_REGION, "eu-west-1")])).as_deref(), Some("eu-west-1"));
        for wrong in ["", "evil.example/", "eu-west-1.", "eu west", &"x".repeat(64)] {
            assert_eq!(bucket_region(&head(&[(BUCKET_REGION, wrong)])), None, "{wrong}");
        }
    }

    #[test]
    fn only_a_plain_code_is_shown() {
        assert_eq!(code_in("<Error><Code>NoSuchKey</Code></Error>").as_deref(), Some("NoSuchKey"));
        for other in ["", "<Code>", "<Code>a\nb</Code>", &format!("<Code>{}</Code>", "x".repeat(65))] {
            assert_eq!(code_in(other), None, "{other}");
        }
    }
}
