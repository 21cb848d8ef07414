//! What a request says about its body, held against the body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha2::{Digest as _, Sha256};

use super::http::S3Request;
use super::sha256::sha256_hex;

const PREFIX: &str = "x-amz-checksum-";

/// The reflected polynomial of CRC-32.
const CRC32: u32 = 0xedb8_8320;

/// A checksum of a body that the client gave: the name of the header, and the value.
pub(super) type Checksum = (String, String);

/// The checksum that a request with content gives, if all that it says of its body is right.
///
/// # Errors
///
/// The code of S3's error.
pub(super) fn check(request: &S3Request) -> Result<Option<Checksum>, &'static str> {
    let body = &request.body[..];
    let signed = request.header("x-amz-content-sha256").unwrap_or_default();
    let is_hash = signed.len() == 64;
    if is_hash && signed != sha256_hex(body) {
        return Err("XAmzContentSHA256Mismatch");
    }
    // Other clients than ours could send it in chunks with a trailer, which is not understood here.
    if !is_hash && signed != "UNSIGNED-PAYLOAD" {
        return Err("NotImplemented");
    }
    if request.header("content-md5").is_some_and(|md5| md5 != STANDARD.encode(Md5::digest(body))) {
        return Err("BadDigest");
    }
    let names = ["crc32", "sha256"].map(|algorithm| format!("{PREFIX}{algorithm}"));
    let given = names.into_iter().find_map(|name| Some((name.clone(), request.header(&name)?.to_owned())));
    let Some((name, value)) = given else { return Ok(None) };
    let actual = if name.ends_with("sha256") {
        STANDARD.encode(Sha256::digest(body))
    } else {
        STANDARD.encode(crc32(body).to_be_bytes())
    };
    if actual == value { Ok(Some((name, value))) } else { Err("BadDigest") }
}

fn crc32(content: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ CRC32 } else { crc >> 1 };
    !content.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_that_of_the_catalogue() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
