//! `zookeeper.credentials`: the paths of secrets.

use super::path::one_line;
use crate::ini::trim;
use crate::quote::{Text, quoted};

/// A comma list of secret paths; empty items are dropped.
pub(crate) fn parse(value: Text<'_>) -> Result<Vec<String>, String> {
    let paths = value.as_str().split(',').map(trim).filter(|path| !path.is_empty());
    paths.map(|path| one_line(value.piece(path)).map(str::to_owned)).collect()
}

/// Checks paths made by hand.
pub(crate) fn check(paths: &[String]) -> Result<(), String> {
    for path in paths {
        if path.is_empty() {
            return Err("a secret's path is empty".to_owned());
        }
        if path.contains(',') || trim(path) != path {
            return Err(format!(
                "{} is not one secret's path (no comma, no white space at its ends)",
                quoted(path)
            ));
        }
    }
    paths.iter().try_for_each(|path| one_line(Text::literal(path)).map(drop))
}
