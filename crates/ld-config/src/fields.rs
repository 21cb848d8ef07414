//! The values of single keys: each function reads one kind of value, or says what is allowed.

use std::path::{Path, PathBuf};

use crate::keys::Warning;
use crate::problem::quoted;
use crate::settings::{MAX_ID, MAX_MODE, Principal, SecretsProvider};
use crate::{ini, znode};

/// The names of the providers in a file.
pub(crate) const VAULT: &str = "vault";
pub(crate) const VAULT_CSI: &str = "vault_csi";

/// A comma list of secret paths; empty items are dropped.
pub(crate) fn credentials(text: &str) -> Result<Vec<String>, String> {
    text.split(',')
        .map(ini::trim)
        .filter(|path| !path.is_empty())
        .map(|path| one_line(path).map(str::to_owned))
        .collect()
}

/// A provider; what is neither of the two acts as vault, as in the original.
pub(crate) fn provider(text: &str) -> (SecretsProvider, Warning) {
    match text {
        VAULT => (SecretsProvider::Vault, None),
        VAULT_CSI => (SecretsProvider::VaultCsi, None),
        other => {
            let warning = format!(
                "unknown provider {}, read as '{VAULT}' (allowed: {VAULT}, {VAULT_CSI})",
                quoted(other)
            );
            (SecretsProvider::Vault, Some(warning))
        }
    }
}

/// Whether the text has nothing but printable ASCII characters, as most have.
pub(crate) fn is_plain_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// A znode path, with a warning if it had to be repaired.
pub(crate) fn source(text: &str) -> Result<(String, Warning), String> {
    let path = znode::znode_path(text)?;
    let warning = (path != text).then(|| format!("{} is read as {}", quoted(text), quoted(&path)));
    Ok((path, warning))
}

/// The path of a file to be written.
pub(crate) fn dest(text: &str) -> Result<PathBuf, String> {
    let dest = path(text)?;
    if text.ends_with('/') || matches!(text.rsplit('/').next(), Some("." | "..")) {
        return Err(format!("{} names a directory (expected the path of a file)", quoted(text)));
    }
    Ok(dest)
}

/// Any path.
pub(crate) fn path(text: &str) -> Result<PathBuf, String> {
    one_line(text).map(|text| Path::new(text).to_path_buf())
}

/// A user or a group: whether it exists is for the machine to say.
pub(crate) fn principal(text: &str, kind: &str) -> Result<Principal, String> {
    let unsigned = text.trim_start_matches(['+', '-']);
    let is_number = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit());
    let valid = if is_number {
        text.parse::<u32>().is_ok_and(|id| id <= MAX_ID)
    } else {
        !text.starts_with('-')
            && !text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | '/'))
    };
    valid.then(|| Principal(text.to_owned())).ok_or_else(|| {
        format!("{} is no {kind} (allowed: a {kind} name, or an id from 0 to {MAX_ID})", quoted(text))
    })
}

/// Permission bits in octal, with or without `0o`.
pub(crate) fn mode(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0o").or_else(|| text.strip_prefix("0O")).unwrap_or(text);
    let octal = !digits.is_empty() && digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
    let mode = if octal { u32::from_str_radix(digits, 8).ok() } else { None };
    mode.filter(|mode| *mode <= MAX_MODE).ok_or_else(|| {
        format!("{} is not an octal file mode (allowed: 0 to {MAX_MODE:o}, such as 0400)", quoted(text))
    })
}

/// `true` or `false` in any case.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("{} is neither true nor false", quoted(text))),
    }
}

/// One of a few words, in any case.
pub(crate) fn choice<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, value)| *value).ok_or_else(|| {
        let allowed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        format!("{} is not known (allowed: {})", quoted(text), allowed.join(", "))
    })
}

/// A program, by its absolute path: no search path decides what runs.
pub(crate) fn program(text: &str) -> Result<PathBuf, String> {
    let program = path(text)?;
    if !program.is_absolute() || text.ends_with('/') {
        return Err(format!(
            "{} is not the absolute path of a program (arguments are not allowed)",
            quoted(text)
        ));
    }
    Ok(program)
}

/// A decimal integer within bounds.
pub(crate) fn integer(text: &str, least: usize, most: usize) -> Result<usize, String> {
    text.parse().ok().filter(|number| (least..=most).contains(number)).ok_or_else(|| {
        format!("{} is not an integer in the range (allowed: {least} to {most})", quoted(text))
    })
}

/// Refuses control characters: a line break in a path is a line that was indented by mistake.
fn one_line(text: &str) -> Result<&str, String> {
    if is_plain_ascii(text) {
        return Ok(text);
    }
    if text.contains(['\n', '\r']) {
        return Err(format!("{} has a line break: is the next line indented by mistake?", quoted(text)));
    }
    if text.contains(char::is_control) {
        return Err(format!("{} has a control character", quoted(text)));
    }
    Ok(text)
}
