//! The mark of secrets in tests: the output of every program is searched for it.

use std::fmt::Write as _;

/// The start of each secret in tests, as in `planted-password`.
///
/// A [`Daemon`](crate::Daemon) with this text in its output fails its test when it is dropped. The
/// text may be plain, in hexadecimal or a list of bytes.
pub const SECRET_MARKER: &str = "planted-";

/// The first line with a marked secret.
pub(crate) fn leaking_line(output: &str) -> Option<&str> {
    let bytes: Vec<String> = SECRET_MARKER.bytes().map(|byte| byte.to_string()).collect();
    let mut hex = String::new();
    for byte in SECRET_MARKER.bytes() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    let forms = [SECRET_MARKER.to_owned(), bytes.join(", "), bytes.join(","), hex];
    output.lines().find(|line| {
        let line = line.to_ascii_lowercase();
        forms.iter().any(|form| line.contains(form))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_each_printable_form() {
        let secret = "user:planted-password";
        let hex: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
        for shown in [secret.to_owned(), format!("{secret:?}"), format!("{:?}", secret.as_bytes()), hex] {
            assert!(leaking_line(&format!("before\n{shown}\nafter")).is_some(), "{shown}");
        }
        assert_eq!(leaking_line("it was planted in spring"), None);
    }
}
