//! How messages show a value: on one line, of bounded length, as the file has it.

use std::fmt;

/// The longest piece of a value that a message quotes, in characters.
pub(crate) const MAX_QUOTED: usize = 80;

/// The longest piece of a key that a message shows, in characters: a node's name is part of it.
const MAX_KEY: usize = 200;

/// Why an empty value is refused where one is required.
pub(crate) const NO_VALUE: &str = "no value specified";

/// A value, or a piece of one. Its `Display` is the quoted form for messages.
///
/// What a variable stood for may be a secret. So a value with replaced variables is shown as the
/// file has it, and its pieces are not shown at all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    text: &'a str,
    /// The whole value as the file has it, if variables were replaced in it.
    written: Option<&'a str>,
    is_piece: bool,
}

impl<'a> Text<'a> {
    /// A value without variables.
    pub(crate) fn literal(text: &'a str) -> Self {
        Self { text, written: None, is_piece: false }
    }

    /// A value that the file has as `written`. The two are equal if no variable was replaced.
    pub(crate) fn expanded(text: &'a str, written: &'a str) -> Self {
        Self { text, written: (text != written).then_some(written), is_piece: false }
    }

    /// The text itself: to be read, not to be shown.
    pub(crate) fn as_str(self) -> &'a str {
        self.text
    }

    /// Whether variables were replaced in the value.
    pub(crate) fn is_expanded(self) -> bool {
        self.written.is_some()
    }

    /// A piece of this text.
    pub(crate) fn piece(self, text: &'a str) -> Self {
        Self { text, is_piece: self.is_piece || text != self.text, ..self }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.written {
            None => f.write_str(&quoted(self.text)),
            Some(written) => {
                f.write_str(if self.is_piece { "a part of " } else { "" })?;
                write!(f, "{} (with its variables replaced)", quoted(written))
            }
        }
    }
}

/// `text` in quotes, on one line and of bounded length.
pub(crate) fn quoted(text: &str) -> String {
    // Quotes of the value itself stay as they were written.
    format!("'{}'", shown(text, MAX_QUOTED).replace("\\'", "'").replace("\\\"", "\""))
}

/// A key or a part of one, on one line and of bounded length.
pub(crate) fn shown_key(key: &str) -> String {
    shown(key, MAX_KEY)
}

fn shown(text: &str, limit: usize) -> String {
    let start: String = text.chars().take(limit).flat_map(char::escape_debug).collect();
    let more = if text.chars().nth(limit).is_some() { "..." } else { "" };
    start + more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_is_one_short_line() {
        assert_eq!(quoted("a\nb"), r"'a\nb'");
        assert_eq!(quoted("it's"), "'it's'");
        assert_eq!(quoted(&"x".repeat(100)).chars().count(), MAX_QUOTED + 5);
    }

    #[test]
    fn an_expanded_value_is_shown_as_written() {
        let text = Text::expanded("hush:1", "$A:1");
        assert_eq!(text.to_string(), "'$A:1' (with its variables replaced)");
        assert_eq!(text.piece("hush").to_string(), "a part of '$A:1' (with its variables replaced)");
        assert_eq!(Text::expanded("$A", "$A").piece("A").to_string(), "'A'");
    }
}
