//! Znode paths: what ZooKeeper accepts, and the spellings that kazoo let through.

use crate::limits::MAX_ZNODE_PATH_BYTES;
use crate::quote::{NO_VALUE, Text, quoted};

/// Why a text is not a znode path: what is refused, and the text itself, escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ZnodePathError(String);

impl From<ZnodePathError> for String {
    fn from(error: ZnodePathError) -> Self {
        error.0
    }
}

/// `text` as ZooKeeper wants it: a leading slash, no trailing and no doubled one; the root is `/`.
///
/// kazoo repairs missing, trailing and doubled slashes silently and refuses `.` and `..`. The
/// characters are those of ZooKeeper's `PathUtils.validatePath`, which counts in UTF-16: nothing
/// beyond the Basic Multilingual Plane passes.
///
/// ```
/// assert_eq!(ld_config::znode_path("app//flags/")?, "/app/flags");
/// assert!(ld_config::znode_path("/app/../flags").is_err());
/// # Ok::<(), ld_config::ZnodePathError>(())
/// ```
///
/// # Errors
///
/// A character that ZooKeeper refuses, a segment `.` or `..`, white space at the end, or more than
/// [`MAX_ZNODE_PATH_BYTES`].
pub fn znode_path(text: &str) -> Result<String, ZnodePathError> {
    parse(Text::literal(text)).map_err(ZnodePathError)
}

/// Does the work of [`znode_path`].
pub(crate) fn parse(value: Text<'_>) -> Result<String, String> {
    let text = value.as_str();
    if let Some(refused) = text.chars().find(|c| !is_accepted(*c)) {
        let hint = if refused == '\n' { "; is the next line indented by mistake?" } else { "" };
        return Err(format!(
            "{value} is not a znode path: ZooKeeper refuses the character U+{:04X}{hint}",
            u32::from(refused)
        ));
    }
    if text.len() > MAX_ZNODE_PATH_BYTES {
        return Err(format!("{value} is longer than {MAX_ZNODE_PATH_BYTES} bytes"));
    }
    let mut path = String::with_capacity(text.len() + 1);
    for segment in text.split('/').filter(|segment| !segment.is_empty()) {
        if matches!(segment, "." | "..") {
            return Err(format!("{value} is not a znode path: '.' and '..' are not allowed"));
        }
        path.push('/');
        path.push_str(segment);
    }
    if path.ends_with(char::is_whitespace) {
        return Err(format!("{value} is not a usable znode path: it ends in white space"));
    }
    Ok(if path.is_empty() { "/".to_owned() } else { path })
}

/// A znode path, with a warning if it had to be repaired.
pub(crate) fn parse_with_warning(value: Text<'_>) -> Result<(String, Option<String>), String> {
    let path = parse(value)?;
    let warning = (path != value.as_str()).then(|| match value.is_expanded() {
        true => format!("{value} is read with one slash at its start and between its parts"),
        false => format!("{value} is read as {}", quoted(&path)),
    });
    Ok((path, warning))
}

/// Checks a path made by hand, which nothing repairs.
pub(crate) fn check(path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Err(NO_VALUE.to_owned());
    }
    let repaired = parse(Text::literal(path))?;
    if repaired == path {
        return Ok(());
    }
    Err(format!("{} is not a normalised znode path (expected: {})", quoted(path), quoted(&repaired)))
}

fn is_accepted(c: char) -> bool {
    !matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_repaired_as_kazoo_does() {
        for (text, path) in [
            ("/", "/"),
            ("//", "/"),
            ("/a", "/a"),
            ("a", "/a"),
            ("/a/", "/a"),
            ("a//b/", "/a/b"),
            ("/a b/c", "/a b/c"),
            ("/.a/..b/c.", "/.a/..b/c."),
            ("/é/中", "/é/中"),
        ] {
            assert_eq!(znode_path(text).as_deref(), Ok(path), "{text}");
        }
    }

    #[test]
    fn what_zookeeper_refuses_is_an_error() {
        for text in [
            "/a/../b",
            "/.",
            "..",
            "/a/./b",
            "/a\0b",
            "/a\nb",
            "/a\tb",
            "/a\u{7f}",
            "/a\u{85}b",
            "/\u{e000}",
            "/\u{fff0}",
            "/\u{ffff}",
            "/\u{1f600}",
            "/a /",
            &format!("/{}", "a".repeat(MAX_ZNODE_PATH_BYTES)),
        ] {
            assert!(znode_path(text).is_err(), "{text:?}");
        }
        assert!(znode_path("/a\nnodes.b").unwrap_err().to_string().contains("indented by mistake"));
    }

    #[test]
    fn paths_made_by_hand_must_be_normalised() {
        for path in ["/", "/a", "/a b/c"] {
            assert_eq!(check(path), Ok(()));
        }
        assert_eq!(check(""), Err("no value specified".to_owned()));
        assert_eq!(check("a/"), Err("'a/' is not a normalised znode path (expected: '/a')".to_owned()));
        assert!(check("/a/../b").is_err());
    }

    #[test]
    fn the_repair_of_an_expanded_path_is_not_shown() {
        let (path, warning) = parse_with_warning(Text::expanded("hush/a", "$S/a")).unwrap();
        assert_eq!(path, "/hush/a");
        assert!(!warning.unwrap().contains("hush"));
    }
}
