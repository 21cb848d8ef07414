//! Which requests are answered with an object, and which with which error.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;

use super::http::S3Request;
use super::signature::Authorization;
use super::{Object, S3_ACCESS_KEY, S3_SECRET_KEY, State, uploads};

const ALGORITHM: &str = "x-amz-server-side-encryption-customer-algorithm";
const KEY: &str = "x-amz-server-side-encryption-customer-key";
const KEY_MD5: &str = "x-amz-server-side-encryption-customer-key-md5";

/// A status with the code of an error, or 200 with an object.
pub(super) enum Verdict {
    Object(Object, Vec<(String, String)>),
    /// Nothing but headers.
    Empty(u16, Vec<(String, String)>),
    /// What is known of an object, without its content.
    Head(Object, Vec<(String, String)>),
    /// XML.
    Xml(String, Vec<(String, String)>),
    Error(u16, &'static str),
    /// The bucket is in this region.
    Moved(String),
}

/// The headers of SSE-C with a key, for a client of its own.
///
/// # Panics
///
/// Never: the key is encoded here.
#[must_use]
pub fn sse_c_headers(key: &str) -> [(&'static str, String); 3] {
    let encoded = encode_key(key);
    let md5 = md5_of(&encoded).expect("it was encoded above");
    [(ALGORITHM, "AES256".to_owned()), (KEY, encoded), (KEY_MD5, md5)]
}

pub(super) fn encode_key(text: &str) -> String {
    STANDARD.encode(text)
}

fn md5_of(key: &str) -> Option<String> {
    Some(STANDARD.encode(Md5::digest(STANDARD.decode(key).ok()?)))
}

/// `BUCKET/KEY` of a request, decoded.
pub(super) fn place(request: &S3Request) -> String {
    let decoded = percent_decode_str(request.path()).decode_utf8_lossy();
    decoded.strip_prefix('/').unwrap_or(&decoded).to_owned()
}

/// Judges a request by the rules.
pub(super) fn judge(state: &mut State, request: &S3Request) -> Verdict {
    if let Some(refused) = judge_signature(state, request) {
        return refused;
    }
    let place = place(request);
    let is_bucket = place.trim_end_matches('/').split('/').count() == 1;
    match request.method.as_str() {
        "HEAD" if is_bucket => {
            Verdict::Empty(200, vec![("x-amz-bucket-region".into(), state.region.clone())])
        }
        "GET" | "HEAD" => {
            read(state, request, &place).unwrap_or_else(|(status, code)| Verdict::Error(status, code))
        }
        _ => uploads::judge(state, request, &place)
            .unwrap_or_else(|(status, code)| Verdict::Error(status, code)),
    }
}

fn read(state: &State, request: &S3Request, place: &str) -> Result<Verdict, (u16, &'static str)> {
    let sse_key = sse_key(request).map_err(|code| (400, code))?;
    let object = state.objects.get(place).ok_or((404, "NoSuchKey"))?;
    // AWS answers 400 for an encrypted object without a key, and 403 for another key.
    if object.sse_key.is_some() != sse_key.is_some() {
        return Err((400, "InvalidRequest"));
    }
    if object.sse_key != sse_key {
        return Err((403, "AccessDenied"));
    }
    let echo = echo(sse_key.as_deref());
    Ok(match request.method.as_str() {
        "HEAD" => Verdict::Head(object.clone(), echo),
        _ => Verdict::Object(object.clone(), echo),
    })
}

fn judge_signature(state: &State, request: &S3Request) -> Option<Verdict> {
    // Buckets are public: an unsigned request is fine.
    let authorization = match (Authorization::of(request), request.header("authorization")) {
        (Some(authorization), _) => authorization,
        (None, None) => return None,
        (None, Some(_)) => return Some(Verdict::Error(400, "AuthorizationHeaderMalformed")),
    };
    if authorization.access_key != S3_ACCESS_KEY {
        return Some(Verdict::Error(403, "InvalidAccessKeyId"));
    }
    if authorization.expected(request, S3_SECRET_KEY) != authorization.signature {
        return Some(Verdict::Error(403, "SignatureDoesNotMatch"));
    }
    let is_elsewhere = !state.region.is_empty() && authorization.region != state.region;
    is_elsewhere.then(|| Verdict::Moved(state.region.clone()))
}

/// The key of a request, if all three headers fit together.
pub(super) fn sse_key(request: &S3Request) -> Result<Option<String>, &'static str> {
    let headers = [ALGORITHM, KEY, KEY_MD5].map(|name| request.header(name));
    let [Some(algorithm), Some(key), Some(md5)] = headers else {
        return if headers == [None; 3] { Ok(None) } else { Err("InvalidArgument") };
    };
    let has_length = STANDARD.decode(key).is_ok_and(|key| key.len() == 32);
    if algorithm != "AES256" || !has_length || md5_of(key).as_deref() != Some(md5) {
        return Err("InvalidArgument");
    }
    Ok(Some(key.to_owned()))
}

/// What S3 repeats of the key.
pub(super) fn echo(key: Option<&str>) -> Vec<(String, String)> {
    let Some(md5) = key.and_then(md5_of) else { return Vec::new() };
    vec![(ALGORITHM.into(), "AES256".into()), (KEY_MD5.into(), md5)]
}
