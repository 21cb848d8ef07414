//! Checksums of what was received, against those that the server and the pointer give.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc, Digest, Table};
use hyper::HeaderMap;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

static CRC32: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);
static CRC32C: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISCSI);
static CRC64NVME: Crc<u64, Table<1>> = Crc::<u64, Table<1>>::new(&CRC_64_NVME);

/// The prefix of the headers with checksums, and the names of the checksums that are understood.
const PREFIX: &str = "x-amz-checksum-";
const ALGORITHMS: [&str; 5] = ["crc64nvme", "crc32c", "crc32", "sha256", "sha1"];

/// Checksums of content, as it comes.
pub(crate) struct Checksums(Vec<Checksum>);

struct Checksum {
    /// What gave the expected value, for messages.
    origin: String,
    expected: Vec<u8>,
    state: State,
}

enum State {
    Crc32(Digest<'static, u32, Table<1>>),
    Crc64(Digest<'static, u64, Table<1>>),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksums {
    /// Those of a reply's headers that cover the whole content, and the pointer's own.
    pub(crate) fn new(headers: &HeaderMap, sha256: Option<[u8; 32]>) -> Self {
        let mut all: Vec<_> =
            ALGORITHMS.iter().filter_map(|algorithm| of_header(headers, algorithm)).collect();
        if let Some(expected) = sha256 {
            let origin = "the pointer's sha256".to_owned();
            all.push(Checksum { origin, expected: expected.into(), state: State::Sha256(Sha256::new()) });
        }
        Self(all)
    }

    pub(crate) fn update(&mut self, content: &[u8]) {
        for Checksum { state, .. } in &mut self.0 {
            match state {
                State::Crc32(crc) => crc.update(content),
                State::Crc64(crc) => crc.update(content),
                State::Sha1(sha1) => sha1.update(content),
                State::Sha256(sha256) => sha256.update(content),
            }
        }
    }

    /// Compares all of them.
    ///
    /// # Errors
    ///
    /// Which of them differs.
    pub(crate) fn finish(self) -> Result<(), String> {
        for Checksum { origin, expected, state } in self.0 {
            if state.finish() != expected {
                return Err(format!("what came does not have {origin}"));
            }
        }
        Ok(())
    }
}

impl State {
    fn new(algorithm: &str) -> Option<Self> {
        Some(match algorithm {
            "crc64nvme" => Self::Crc64(CRC64NVME.digest()),
            "crc32c" => Self::Crc32(CRC32C.digest()),
            "crc32" => Self::Crc32(CRC32.digest()),
            "sha256" => Self::Sha256(Sha256::new()),
            "sha1" => Self::Sha1(Sha1::new()),
            _ => return None,
        })
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Crc32(crc) => crc.finalize().to_be_bytes().to_vec(),
            Self::Crc64(crc) => crc.finalize().to_be_bytes().to_vec(),
            Self::Sha1(sha1) => sha1.finalize().to_vec(),
            Self::Sha256(sha256) => sha256.finalize().to_vec(),
        }
    }
}

/// A checksum of the whole object. That of an object in parts is over the checksums of its parts,
/// and has their number behind it. A value that cannot be decoded, or that comes twice, must not
/// pass.
fn of_header(headers: &HeaderMap, algorithm: &str) -> Option<Checksum> {
    let mut values = headers.get_all(format!("{PREFIX}{algorithm}")).iter();
    let value = values.next()?.as_bytes();
    let is_one = values.next().is_none();
    if is_one && is_composite(headers, value) {
        return None;
    }
    Some(Checksum {
        origin: format!("the server's {algorithm}"),
        // No checksum is empty.
        expected: STANDARD.decode(value).ok().filter(|_| is_one).unwrap_or_default(),
        state: State::new(algorithm)?,
    })
}

/// Whether the checksum `value` is that of an object in parts, and so not of its content.
pub(crate) fn is_composite(headers: &HeaderMap, value: &[u8]) -> bool {
    let kind = headers.get("x-amz-checksum-type");
    kind.is_some_and(|kind| kind.as_bytes().eq_ignore_ascii_case(b"COMPOSITE")) || has_number_of_parts(value)
}

fn has_number_of_parts(value: &[u8]) -> bool {
    let mut parts = value.rsplitn(2, |byte| *byte == b'-');
    let number = parts.next().unwrap_or_default();
    parts.next().is_some() && !number.is_empty() && number.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: &[u8] = b"123456789";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn judge(pairs: &[(&'static str, &'static str)], content: &[u8]) -> Result<(), String> {
        let mut checksums = Checksums::new(&headers(pairs), None);
        content.chunks(4).for_each(|chunk| checksums.update(chunk));
        checksums.finish()
    }

    #[test]
    fn every_checksum_of_s3_is_understood() {
        for (name, value) in [
            ("x-amz-checksum-crc32", "y/Q5Jg=="),
            ("x-amz-checksum-crc32c", "4waSgw=="),
            ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
            ("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
            ("x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
        ] {
            assert_eq!(judge(&[(name, value)], CHECK), Ok(()), "{name}");
            assert!(judge(&[(name, value)], b"12345678").is_err(), "{name}");
        }
    }

    #[test]
    fn a_value_that_is_no_checksum_never_passes() {
        for value in ["", "x", "y/Q5", "AAAAAAAAAAA="] {
            assert!(judge(&[("x-amz-checksum-crc32", value)], CHECK).is_err(), "{value}");
        }
    }

    #[test]
    fn a_checksum_of_checksums_says_nothing_of_the_content() {
        assert_eq!(judge(&[("x-amz-checksum-crc32", "AAAAAA==-3")], CHECK), Ok(()));
        let composite = [("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-checksum-type", "COMPOSITE")];
        assert_eq!(judge(&composite, CHECK), Ok(()));
        assert_eq!(judge(&[], CHECK), Ok(()));
    }

    #[test]
    fn a_checksum_that_is_not_one_value_does_not_pass() {
        let good = "y/Q5Jg==";
        for wrong in [
            &[("x-amz-checksum-crc32", good), ("x-amz-checksum-crc32", "AAAAAA==")][..],
            &[("x-amz-checksum-crc32", "AA-AAA==")],
            &[("x-amz-checksum-crc32", "-")],
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in wrong {
                headers.append(*name, value.parse().unwrap());
            }
            let mut checksums = Checksums::new(&headers, None);
            checksums.update(CHECK);
            assert!(checksums.finish().is_err(), "{wrong:?}");
        }
        assert_eq!(judge(&[("x-amz-checksum-crc32", good)], CHECK), Ok(()));
        // That of an object in parts says nothing about the whole.
        assert_eq!(judge(&[("x-amz-checksum-crc32", "AAAAAA==-12")], CHECK), Ok(()));
    }
}
