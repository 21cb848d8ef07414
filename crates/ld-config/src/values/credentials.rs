//! `zookeeper.credentials`: the paths of secrets.

use super::path::one_line;
use crate::ini::trim;
use crate::quote::Text;

/// A comma list of secret paths; empty items are dropped.
pub(crate) fn parse(value: Text<'_>) -> Result<Vec<String>, String> {
    let paths = value.as_str().split(',').map(trim).filter(|path| !path.is_empty());
    paths.map(|path| one_line(value.piece(path)).map(str::to_owned)).collect()
}

/// Checks paths made by hand.
pub(crate) fn check(paths: &[String]) -> Result<(), String> {
    if paths.iter().any(String::is_empty) {
        return Err("a secret's path is empty".to_owned());
    }
    paths.iter().try_for_each(|path| one_line(Text::literal(path)).map(drop))
}
