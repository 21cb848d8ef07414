//! The customer's key of an encrypted object (SSE-C), and what goes over the wire with it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use ld_config::Zeroizing;
use md5::{Digest as _, Md5};

const ALGORITHM: HeaderName = HeaderName::from_static("x-amz-server-side-encryption-customer-algorithm");
const KEY: HeaderName = HeaderName::from_static("x-amz-server-side-encryption-customer-key");
const KEY_MD5: HeaderName = HeaderName::from_static("x-amz-server-side-encryption-customer-key-md5");

/// AES-256 has keys of so many bytes.
const KEY_BYTES: usize = 32;

/// A key for SSE-C. It shows itself nowhere, and its memory is overwritten when it is dropped.
pub(crate) struct SseKey {
    base64: Zeroizing<String>,
    md5: String,
}

impl SseKey {
    /// The key that has the UTF-8 of `text` as its bytes, as in the original; `None` unless those
    /// are 32.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        (bytes.len() == KEY_BYTES).then(|| Self {
            base64: Zeroizing::new(STANDARD.encode(bytes)),
            md5: STANDARD.encode(Md5::digest(bytes)),
        })
    }

    /// Adds what a request for an object with this key must carry.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        headers.insert(ALGORITHM, HeaderValue::from_static("AES256"));
        // Base64 is always a valid header.
        for (name, value) in [(KEY, &*self.base64), (KEY_MD5, &self.md5)] {
            if let Ok(mut value) = HeaderValue::from_str(value) {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
    }

    /// Whether the reply is that of a server that decrypted with this key: S3 repeats the algorithm
    /// and the key's MD5. A proxy's page of its own does not.
    pub(crate) fn is_confirmed_by(&self, headers: &HeaderMap) -> bool {
        let is = |name, expected: &str| headers.get(name).is_some_and(|value| value == expected);
        is(ALGORITHM, "AES256") && is(KEY_MD5, &self.md5)
    }
}

impl fmt::Debug for SseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SseKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn headers_are_those_of_the_original() {
        let mut headers = HeaderMap::new();
        SseKey::of_text(TEXT).unwrap().add_to(&mut headers);
        assert_eq!(headers[ALGORITHM], "AES256");
        assert_eq!(headers[KEY], "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
        assert_eq!(headers[KEY_MD5], "hRasmdxgYDKV3nvbahU1MA==");
    }

    #[test]
    fn a_key_has_32_bytes_of_utf8() {
        assert!(SseKey::of_text(&"é".repeat(16)).is_some());
        for wrong in ["", "0123456789abcdef0123456789abcde", &"é".repeat(32), &"0".repeat(33)] {
            assert!(SseKey::of_text(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_key_shows_itself_nowhere() {
        let key = SseKey::of_text(TEXT).unwrap();
        let mut headers = HeaderMap::new();
        key.add_to(&mut headers);
        let shown = format!("{key:?} {headers:?}");
        for secret in [TEXT, "MDEyMzQ1Njc4", "hRasmdxg"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn only_a_reply_with_the_same_key_confirms_it() {
        let key = SseKey::of_text(TEXT).unwrap();
        let mut reply = HeaderMap::new();
        key.add_to(&mut reply);
        assert!(key.is_confirmed_by(&reply));
        let other = SseKey::of_text(&TEXT.replace('0', "x")).unwrap();
        assert!(!other.is_confirmed_by(&reply) && !key.is_confirmed_by(&HeaderMap::new()));
    }
}
