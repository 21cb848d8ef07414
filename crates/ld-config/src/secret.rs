//! A secret value that cannot be printed by accident and is overwritten when it is dropped.

use std::fmt;

use zeroize::Zeroizing;

/// The bytes of a secret. Its `Debug` shows no byte and no length; dropping it zeroes them.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Zeroizing<Vec<u8>>);

impl SecretValue {
    /// Takes ownership of the bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the one place that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Characters at either end of a secret of text that are probably not meant, for a warning. No
    /// byte of the secret is shown.
    ///
    /// A line break that an editor or `echo` left there makes ZooKeeper answer "not authorized"
    /// without a reason. The value is used all the same: it may be meant.
    ///
    /// ```
    /// # use ld_config::SecretValue;
    /// let secret = SecretValue::new(b"user:password\n".to_vec());
    /// assert_eq!(secret.stray_characters(), Some("it ends in a line break"));
    /// ```
    pub fn stray_characters(&self) -> Option<&'static str> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        match self.0.as_slice() {
            bytes if bytes.starts_with(BYTE_ORDER_MARK) => Some("it starts with a byte order mark"),
            bytes if bytes.ends_with(BYTE_ORDER_MARK) => Some("it ends in a byte order mark"),
            [.., b'\n'] => Some("it ends in a line break"),
            [.., b'\r'] => Some("it ends in a carriage return"),
            [.., b' ' | b'\t'] => Some("it ends in white space"),
            [b' ' | b'\t' | b'\n' | b'\r', ..] => Some("it starts with white space"),
            [.., 0] => Some("it ends in a NUL byte"),
            _ => None,
        }
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_ends_of_a_secret_are_named() {
        let ending = |bytes: &[u8]| SecretValue::new(bytes.to_vec()).stray_characters();
        for good in ["u:p", "", "u:p w", "u:p\u{e9}"] {
            assert_eq!(ending(good.as_bytes()), None);
        }
        for (bad, reason) in [
            ("u:p\n", "line break"),
            ("u:p\r\n", "line break"),
            ("u:p\r", "carriage return"),
            ("u:p ", "white space"),
            (" u:p", "white space"),
            ("\u{feff}u:p", "byte order mark"),
            ("u:p\u{feff}", "byte order mark"),
        ] {
            assert!(ending(bad.as_bytes()).is_some_and(|text| text.contains(reason)), "{bad:?}");
        }
    }
}
