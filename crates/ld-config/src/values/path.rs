//! Paths of files, and other text that must stay on one line.

use std::path::{Path, PathBuf};

use crate::quote::{NO_VALUE, Text};

/// Any path.
pub(crate) fn parse(value: Text<'_>) -> Result<PathBuf, String> {
    one_line(value).map(PathBuf::from)
}

/// The path of a file to be written.
pub(crate) fn parse_file(value: Text<'_>) -> Result<PathBuf, String> {
    let file = parse(value)?;
    let text = value.as_str();
    if text.ends_with('/') || matches!(text.rsplit('/').next(), Some("." | "..")) {
        return Err(format!("{value} names a directory (expected the path of a file)"));
    }
    Ok(file)
}

/// The absolute path of a program: no search path decides what runs.
pub(crate) fn parse_program(value: Text<'_>) -> Result<PathBuf, String> {
    let program = parse(value)?;
    if !program.is_absolute() || value.as_str().ends_with('/') {
        return Err(format!("{value} is not the absolute path of a program (arguments are not allowed)"));
    }
    Ok(program)
}

/// Checks a path made by hand by the rules of `parse`.
pub(crate) fn check(path: &Path, parse: fn(Text<'_>) -> Result<PathBuf, String>) -> Result<(), String> {
    if path.as_os_str().is_empty() {
        return Err(NO_VALUE.to_owned());
    }
    // Bytes that are not UTF-8 are neither control characters nor separators: any stand-in will do.
    parse(Text::literal(&path.to_string_lossy())).map(drop)
}

/// Refuses control characters: a line break in a path is a line that was indented by mistake.
pub(crate) fn one_line(value: Text<'_>) -> Result<&str, String> {
    let text = value.as_str();
    if text.contains(['\n', '\r']) {
        return Err(format!("{value} has a line break: is the next line indented by mistake?"));
    }
    if text.contains(char::is_control) {
        return Err(format!("{value} has a control character"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn paths_made_by_hand_are_checked() {
        for bad in ["", "/", "/d/", "/d/.", "..", "/d\0", "/d\n"] {
            assert!(check(Path::new(bad), parse_file).is_err(), "{bad:?}");
        }
        let bytes = Path::new(OsStr::from_bytes(b"/d/\xff"));
        assert_eq!(check(bytes, parse_file), Ok(()));
        assert!(check(Path::new("jq"), parse_program).is_err());
    }
}
