//! Znode paths: what ZooKeeper accepts, and the spellings that kazoo let through.

use crate::fields::is_plain_ascii;
use crate::problem::quoted;

/// The longest znode path that is accepted, in bytes: far above any real one, and far below what one session can watch.
pub const MAX_ZNODE_PATH_BYTES: usize = 16 * 1024;

/// Why a text is no znode path: what is refused, and the text itself, escaped.
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
/// kazoo repairs missing, trailing and doubled slashes silently and refuses `.` and `..`. The characters are
/// those of ZooKeeper's `PathUtils.validatePath`, which counts in UTF-16, so nothing beyond the BMP passes.
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
    repair(text).map_err(ZnodePathError)
}

fn repair(text: &str) -> Result<String, String> {
    if !is_plain_ascii(text)
        && let Some(refused) = text.chars().find(|c| !is_accepted(*c))
    {
        let hint = if refused == '\n' { "; is the next line indented by mistake?" } else { "" };
        return Err(format!(
            "{} is no znode path: ZooKeeper refuses the character U+{:04X}{hint}",
            quoted(text),
            u32::from(refused)
        ));
    }
    if text.len() > MAX_ZNODE_PATH_BYTES {
        return Err(format!("{} is longer than {MAX_ZNODE_PATH_BYTES} bytes", quoted(text)));
    }
    let mut path = String::with_capacity(text.len() + 1);
    for segment in text.split('/').filter(|segment| !segment.is_empty()) {
        if matches!(segment, "." | "..") {
            return Err(format!("{} is no znode path: '.' and '..' are not allowed", quoted(text)));
        }
        path.push('/');
        path.push_str(segment);
    }
    if path.ends_with(char::is_whitespace) {
        return Err(format!("{} is no usable znode path: it ends in white space", quoted(text)));
    }
    Ok(if path.is_empty() { "/".to_owned() } else { path })
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
}
