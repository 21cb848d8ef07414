//! Base64 as Python's `base64.b64decode` reads it: characters outside the alphabet are skipped.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// The decoded bytes; the error is in the words of Python's `binascii`.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    if !text.is_ascii() {
        return Err("string argument should contain only ASCII characters");
    }
    let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut padding = 0;
    let mut padded = false;
    for byte in text.bytes() {
        match byte {
            b'=' => {
                padding += 1;
                let position = digits.len() % 4;
                if position >= 2 && position + padding >= 4 {
                    padded = true;
                    break;
                }
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => {
                padding = 0;
                digits.push(byte);
            }
            _ => {}
        }
    }
    match digits.len() % 4 {
        1 => return Err("number of data characters cannot be 1 more than a multiple of 4"),
        2 | 3 if !padded => return Err("Incorrect padding"),
        _ => {}
    }
    // Sized before, because a reallocation would leave a copy behind.
    let mut decoded = Zeroizing::new(Vec::with_capacity(base64::decoded_len_estimate(digits.len())));
    ENGINE.decode_vec(&*digits, &mut decoded).map_err(|_| "Incorrect padding")?;
    Ok(std::mem::take(&mut *decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_decodes_as_in_python() {
        for (text, decoded) in [
            ("", ""),
            ("YWJj", "abc"),
            ("YWI=", "ab"),
            ("YQ==", "a"),
            ("YWJj\n", "abc"),
            ("Y W\nJ-j", "abc"),
            ("YWJj=", "abc"),
            ("YQ==YQ==", "a"),
            ("YR==", "a"),
        ] {
            assert_eq!(decode(text).as_deref(), Ok(decoded.as_bytes()), "{text}");
        }
        for text in ["Y", "YQ", "YWI", "YQ=", "YW=I", "YWJjY", "é"] {
            assert!(decode(text).is_err(), "{text}");
        }
    }
}
