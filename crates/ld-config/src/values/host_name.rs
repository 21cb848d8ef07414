//! The name of a host in a fleet, which is the name of a ZooKeeper node, too.

use crate::limits::MAX_HOST_NAME_BYTES;
use crate::quote::{Text, quoted};

pub(crate) fn parse(value: Text<'_>) -> Result<String, String> {
    if is_host_name(value.as_str()) {
        Ok(value.as_str().to_owned())
    } else {
        Err(problem(&value.to_string()))
    }
}

/// Checks a name made by hand.
pub(crate) fn check(name: &str) -> Result<(), String> {
    if is_host_name(name) { Ok(()) } else { Err(problem(&quoted(name))) }
}

/// Whether a watcher can report under this name: 1 to 253 printable ASCII characters without `/`
/// and spaces.
pub fn is_host_name(name: &str) -> bool {
    (1..=MAX_HOST_NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
        && !matches!(name, "." | "..")
}

fn problem(shown: &str) -> String {
    format!(
        "{shown} is not the name of a host (1 to {MAX_HOST_NAME_BYTES} printable ASCII characters without '/' and spaces)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_a_node_can_be_called() {
        for name in ["a", "web-1.eu.example.com", "i-0abc:2181", &"x".repeat(MAX_HOST_NAME_BYTES)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        let long = "x".repeat(MAX_HOST_NAME_BYTES + 1);
        for name in ["", ".", "..", "a/b", "a b", "é", "a\n", "\x1b[2J", &long] {
            assert!(check(name).is_err() && parse(Text::literal(name)).is_err(), "{name:?}");
        }
    }
}
