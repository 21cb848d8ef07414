//! TOML: how deep it nests is known before the parser recurses.

use super::depth::{MAX_DEPTH, too_deep};
use super::{Anything, toml_depth};

pub(super) fn parse(text: &str) -> Result<(), String> {
    if let Some(line) = toml_depth::line_beyond(MAX_DEPTH, text) {
        return Err(too_deep(line));
    }
    ::toml::from_str::<Anything>(text).map(|_| ()).map_err(|error| {
        let before = error.span().map_or("", |span| &text[..span.start.min(text.len())]);
        format!(
            "it is not TOML: a syntax error, a huge number or deep nesting at line {}",
            before.matches('\n').count() + 1
        )
    })
}
