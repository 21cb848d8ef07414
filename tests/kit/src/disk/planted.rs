//! Secrets that betray themselves: every program's output is searched for them.

use std::fmt::Write as _;

/// How the secrets of tests begin, such as `planted-password`. A [`Daemon`](crate::Daemon) whose output shows it, as text or
/// as a list of bytes, fails its test when it is dropped.
pub const PLANTED: &str = "planted-";

/// The line that shows a planted secret, if there is one.
pub(crate) fn leak(output: &str) -> Option<&str> {
    let bytes: Vec<String> = PLANTED.bytes().map(|byte| byte.to_string()).collect();
    let mut hex = String::new();
    for byte in PLANTED.bytes() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    let forms = [PLANTED.to_owned(), bytes.join(", "), bytes.join(","), hex];
    output.lines().find(|line| {
        let line = line.to_ascii_lowercase();
        forms.iter().any(|form| line.contains(form))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form_that_a_program_could_print() {
        let secret = "user:planted-password";
        let hex: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
        for shown in [secret.to_owned(), format!("{secret:?}"), format!("{:?}", secret.as_bytes()), hex] {
            assert!(leak(&format!("before\n{shown}\nafter")).is_some(), "{shown}");
        }
        assert_eq!(leak("it was planted in spring"), None);
    }
}
