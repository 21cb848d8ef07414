//! Percent-encoding as AWS does it: all but unreserved characters, in upper-case hexadecimal.

use std::fmt::Write as _;

/// A path: slashes stay, and so do dots and empty parts.
pub(super) fn encode_path(text: &str) -> String {
    encode(text, |byte| byte == b'/')
}

/// The value of a query parameter.
pub(super) fn encode_query(text: &str) -> String {
    encode(text, |_| false)
}

fn encode(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || stays(byte) {
            encoded.push(char::from(byte));
        } else {
            // A String takes all that is written to it.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
