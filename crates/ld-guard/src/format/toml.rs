//! TOML: how deep it nests is known before the parser recurses.

use super::depth::{MAX_DEPTH, too_deep};
use super::{Anything, toml_depth};

pub(super) fn parse(text: &str) -> Result<(), String> {
    if let Some(line) = toml_depth::line_beyond(MAX_DEPTH, text) {
        return Err(too_deep(line));
    }
    ::toml::from_str::<Anything>(text).map(|_| ()).map_err(|error| {
        // The parser's own messages can quote content, so they are only looked at.
        let message = error.message();
        let what = if message.contains("recurs") {
            "it nests more than 80 deep"
        } else if message.contains("number overflowed") || message.starts_with("invalid type: integer") {
            "a number is out of range"
        } else if message == "duplicate key" {
            "a key is set twice"
        } else {
            "a syntax error"
        };
        let before = error.span().map_or("", |span| &text[..span.start.min(text.len())]);
        format!("it is not TOML: {what} at line {}", before.matches('\n').count() + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_that_holds_is_named() {
        for (text, expected) in [
            ("a = 1\nb =".to_owned(), "it is not TOML: a syntax error at line 2"),
            ("a = 1\nb = secret".to_owned(), "it is not TOML: a syntax error at line 2"),
            ("a = 1\na = 2".to_owned(), "it is not TOML: a key is set twice at line 2"),
            (format!("a = {}", "9".repeat(30)), "it is not TOML: a number is out of range at line 1"),
            (format!("a = {}", "9".repeat(5_000)), "it is not TOML: a number is out of range at line 1"),
            (
                format!("\na = {}{}", "[".repeat(100), "]".repeat(100)),
                "it is not TOML: it nests more than 80 deep at line 2",
            ),
        ] {
            assert_eq!(parse(&text).unwrap_err(), expected);
        }
    }
}
