//! File modes in octal.

use crate::limits::MAX_MODE;
use crate::quote::Text;

const SET_UID: u32 = 0o4000;
const SET_GID: u32 = 0o2000;
const WRITABLE_BY_ALL: u32 = 0o002;

/// Permission bits in octal, with or without `0o`.
pub(crate) fn parse(value: Text<'_>) -> Result<u32, String> {
    let text = value.as_str();
    let digits = text.strip_prefix("0o").or_else(|| text.strip_prefix("0O")).unwrap_or(text);
    let octal = !digits.is_empty() && digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
    let mode = if octal { u32::from_str_radix(digits, 8).ok() } else { None };
    mode.filter(|mode| *mode <= MAX_MODE).ok_or_else(|| wrong(value))
}

/// Checks a mode made by hand.
pub(crate) fn check(mode: u32) -> Result<(), String> {
    if mode <= MAX_MODE { Ok(()) } else { Err(wrong(Text::literal(&show(mode)))) }
}

/// What `parse` reads back.
pub(crate) fn show(mode: u32) -> String {
    format!("{mode:04o}")
}

/// What is unsafe about a mode that is allowed.
pub(crate) fn warning(mode: u32) -> Option<String> {
    let mut risks = Vec::new();
    if mode & SET_UID != 0 {
        risks.push("set-uid (content from ZooKeeper could run with the rights of the file's owner)");
    }
    if mode & SET_GID != 0 {
        risks.push("set-gid (content from ZooKeeper could run with the rights of the file's group)");
    }
    if mode & WRITABLE_BY_ALL != 0 {
        risks.push("writable by every local user");
    }
    (!risks.is_empty()).then(|| format!("{} makes the file {}", show(mode), risks.join(" and ")))
}

fn wrong(value: Text<'_>) -> String {
    format!("{value} is not an octal file mode (allowed: 0 to {MAX_MODE:o}, such as 0400)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_above_7777_is_refused() {
        assert_eq!(check(0o7777), Ok(()));
        assert!(check(0o10000).unwrap_err().starts_with("'10000' is not an octal file mode"));
        assert!(check(u32::MAX).is_err());
    }

    #[test]
    fn an_unsafe_mode_is_warned_about() {
        assert!([0, 0o400, 0o644, 0o664, 0o755, 0o1755].into_iter().all(|mode| warning(mode).is_none()));
        assert!(warning(0o4755).unwrap().starts_with("4755 makes the file set-uid ("));
        assert!(warning(0o2750).unwrap().contains("set-gid"));
        assert_eq!(warning(0o666).unwrap(), "0666 makes the file writable by every local user");
    }
}
