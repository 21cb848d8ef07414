//! Uploads: whole, and in parts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checksums::{self, Checksum};
use super::http::S3Request;
use super::rules::{Verdict, echo, sse_key};
use super::sha256::sha256_hex;
use super::{Object, State};

/// The least size of a part that is not the last.
pub(super) const LEAST_PART: usize = 5 << 20;

/// An upload in parts that has begun.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) place: String,
    sse_key: Option<String>,
    parts: BTreeMap<u32, Part>,
}

#[derive(Debug)]
struct Part {
    content: Vec<u8>,
    etag: String,
    checksum: Option<Checksum>,
}

type Judged = Result<Verdict, (u16, &'static str)>;

/// Judges a request that writes.
pub(super) fn judge(state: &mut State, request: &S3Request, place: &str) -> Judged {
    // Only reading is public.
    if request.header("authorization").is_none() {
        return Err((403, "AccessDenied"));
    }
    let checksum = checksums::check(request).map_err(|code| (400, code))?;
    let sse_key = sse_key(request).map_err(|code| (400, code))?;
    if sse_key.is_some() && state.refuses_sse_c {
        return Err((403, "AccessDenied"));
    }
    let upload_id = parameter(request, "uploadId");
    match (request.method.as_str(), upload_id) {
        ("PUT", None) => put(state, request, place, sse_key, checksum),
        ("PUT", Some(id)) => put_part(state, request, &id, sse_key, checksum),
        ("POST", None) if parameter(request, "uploads").is_some() => Ok(create(state, place, sse_key)),
        ("POST", Some(id)) => complete(state, request, &id, sse_key.as_deref()),
        ("DELETE", Some(id)) => {
            state.uploads.remove(&id).map(|_| Verdict::Empty(204, Vec::new())).ok_or((404, "NoSuchUpload"))
        }
        _ => Err((405, "MethodNotAllowed")),
    }
}

/// The value of a parameter of the query, empty without one.
fn parameter(request: &S3Request, name: &str) -> Option<String> {
    let mut pairs = request.query().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

fn put(
    state: &mut State,
    request: &S3Request,
    place: &str,
    sse_key: Option<String>,
    checksum: Option<Checksum>,
) -> Judged {
    refuse_overwriting(state, request, place)?;
    let mut headers = echo(sse_key.as_deref());
    headers.extend(checksum);
    headers.push(("ETag".into(), format!("\"{}\"", &sha256_hex(&request.body)[..32])));
    let content = Arc::new(request.body.clone());
    state.objects.insert(place.to_owned(), Object { content, sse_key });
    Ok(Verdict::Empty(200, headers))
}

/// `If-None-Match: *`
fn refuse_overwriting(state: &State, request: &S3Request, place: &str) -> Result<(), (u16, &'static str)> {
    match request.header("if-none-match") {
        Some("*") if state.objects.contains_key(place) => Err((412, "PreconditionFailed")),
        Some("*") | None => Ok(()),
        Some(_) => Err((501, "NotImplemented")),
    }
}

fn create(state: &mut State, place: &str, sse_key: Option<String>) -> Verdict {
    state.uploads_begun += 1;
    let id = format!("upload-{}", state.uploads_begun);
    let headers = echo(sse_key.as_deref());
    let upload = Upload { place: place.to_owned(), sse_key, parts: BTreeMap::new() };
    state.uploads.insert(id.clone(), upload);
    let body =
        format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>");
    Verdict::Xml(body, headers)
}

fn put_part(
    state: &mut State,
    request: &S3Request,
    id: &str,
    sse_key: Option<String>,
    checksum: Option<Checksum>,
) -> Judged {
    let upload = state.uploads.get_mut(id).ok_or((404, "NoSuchUpload"))?;
    if upload.sse_key != sse_key {
        return Err((400, "InvalidRequest"));
    }
    let number = parameter(request, "partNumber").and_then(|number| number.parse().ok());
    let number = number.filter(|number| (1..=10_000).contains(number)).ok_or((400, "InvalidArgument"))?;
    let etag = format!("\"{}\"", &sha256_hex(&request.body)[..32]);
    let mut headers = echo(sse_key.as_deref());
    headers.extend(checksum.clone());
    headers.push(("ETag".into(), etag.clone()));
    upload.parts.insert(number, Part { content: request.body.clone(), etag, checksum });
    Ok(Verdict::Empty(200, headers))
}

fn complete(state: &mut State, request: &S3Request, id: &str, sse_key: Option<&str>) -> Judged {
    let upload = state.uploads.get(id).ok_or((404, "NoSuchUpload"))?;
    let place = upload.place.clone();
    refuse_overwriting(state, request, &place)?;
    if upload.sse_key.as_deref() != sse_key {
        return Err((400, "InvalidRequest"));
    }
    let listed = listed_parts(&String::from_utf8_lossy(&request.body));
    if listed.is_empty() {
        return Err((400, "MalformedXML"));
    }
    if !listed.is_sorted_by(|one, next| one.number < next.number) {
        return Err((400, "InvalidPartOrder"));
    }
    let mut content = Vec::new();
    for (index, named) in listed.iter().enumerate() {
        let part = upload.parts.get(&named.number).ok_or((400, "InvalidPart"))?;
        let has_checksum = match (&named.checksum, &part.checksum) {
            (Some(named), Some((_, given))) => named == given,
            (None, _) => true,
            (Some(_), None) => false,
        };
        if part.etag.trim_matches('"') != named.etag || !has_checksum {
            return Err((400, "InvalidPart"));
        }
        let is_last = index + 1 == listed.len();
        if part.content.len() < state.least_part && !is_last {
            return Err((400, "EntityTooSmall"));
        }
        content.extend_from_slice(&part.content);
    }
    let sse_key = state.uploads.remove(id).and_then(|upload| upload.sse_key);
    let headers = echo(sse_key.as_deref());
    state.objects.insert(place, Object { content: Arc::new(content), sse_key });
    let body = "<CompleteMultipartUploadResult><ETag>\"x-1\"</ETag></CompleteMultipartUploadResult>";
    Ok(Verdict::Xml(body.to_owned(), headers))
}

/// A part as the request to complete lists it.
struct Listed {
    number: u32,
    /// Without quotes.
    etag: String,
    checksum: Option<String>,
}

fn listed_parts(xml: &str) -> Vec<Listed> {
    let element = |part: &str, name: &str| {
        let (_, rest) = part.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
    };
    let parts = xml.split("<Part>").skip(1);
    parts
        .filter_map(|part| {
            let etag = element(part, "ETag")?.replace("&quot;", "\"");
            Some(Listed {
                number: element(part, "PartNumber")?.parse().ok()?,
                etag: etag.trim_matches('"').to_owned(),
                checksum: element(part, "ChecksumSHA256").or_else(|| element(part, "ChecksumCRC32")),
            })
        })
        .collect()
}
