//! Text files, read as Python's `open` reads them.

use std::borrow::Cow;
use std::ops::Deref;
use std::path::Path;

use crate::error::Error;

/// Which characters end a line, like the argument `newline` of Python's `open`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Newlines {
    /// `\n`, `\r\n` and `\r` end a line, and each becomes `\n` (Python: `None`; the default).
    #[default]
    Universal,
    /// `\n`, `\r\n` and `\r` end a line and stay as they are (Python: `""`).
    Keep,
    /// Only `\n` ends a line; the text stays as it is (Python: `"\n"`).
    Lf,
    /// Only `\r` ends a line; the text stays as it is (Python: `"\r"`).
    Cr,
    /// Only `\r\n` ends a line; the text stays as it is (Python: `"\r\n"`).
    CrLf,
}

/// How a file becomes text. The encoding is UTF-8 unless `TextOptions::encoding` (with the feature
/// `encoding`) says otherwise. Bytes that are not valid are an error, and a byte order mark stays,
/// as in baseplate.py.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TextOptions {
    /// Which characters end a line.
    pub newlines: Newlines,
    #[cfg(feature = "encoding")]
    pub(crate) encoding: Option<&'static encoding_rs::Encoding>,
}

impl TextOptions {
    /// UTF-8 with universal newlines.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets which characters end a line.
    #[must_use]
    pub fn newlines(mut self, newlines: Newlines) -> Self {
        self.newlines = newlines;
        self
    }

    /// Sets another encoding than UTF-8.
    #[cfg(feature = "encoding")]
    #[must_use]
    pub fn encoding(mut self, encoding: &'static encoding_rs::Encoding) -> Self {
        self.encoding = Some(encoding);
        self
    }

    /// The text of a whole file.
    pub(crate) fn decode<'a>(&self, path: &Path, bytes: &'a [u8]) -> Result<Text<'a>, Error> {
        #[cfg(feature = "encoding")]
        if let Some(encoding) = self.encoding {
            let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
            let path = path.to_path_buf();
            let text = text.ok_or_else(|| Error::NotEncoded { path, encoding: encoding.name() })?;
            return Ok(Text::of(text, *self));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Error::NotUtf8 { path: path.to_path_buf(), valid_up_to: error.valid_up_to() })?;
        Ok(Text::new(text, *self))
    }
}

/// A whole text file, handed to the parser; dereferences to its `str`.
#[derive(Debug, Clone)]
pub struct Text<'a> {
    text: Cow<'a, str>,
    newlines: Newlines,
}

impl<'a> Text<'a> {
    /// Translates the newlines of `text` as in `options`.
    #[must_use]
    pub fn new(text: &'a str, options: TextOptions) -> Self {
        Self::of(Cow::Borrowed(text), options)
    }

    fn of(text: Cow<'a, str>, options: TextOptions) -> Self {
        let newlines = options.newlines;
        let text = match newlines {
            Newlines::Universal if text.contains('\r') => {
                Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
            }
            _ => text,
        };
        Self { text, newlines }
    }

    /// The lines without their line ends, split by the newline mode. A line end at the end of the
    /// text does not start another line.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let mut rest: &str = &self.text;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (line, after) = self.cut(rest).unwrap_or((rest, ""));
            rest = after;
            Some(line)
        })
    }

    fn cut<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        match self.newlines {
            Newlines::Universal | Newlines::Lf => text.split_once('\n'),
            Newlines::Cr => text.split_once('\r'),
            Newlines::CrLf => text.split_once("\r\n"),
            Newlines::Keep => {
                let (line, after) = text.split_at(text.find(['\r', '\n'])?);
                let after = after.strip_prefix("\r\n").or_else(|| after.strip_prefix(['\r', '\n']))?;
                Some((line, after))
            }
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &str = "a\r\nb\rc\nd";

    fn text(newlines: Newlines) -> Text<'static> {
        Text::new(MIXED, TextOptions::new().newlines(newlines))
    }

    #[test]
    fn universal_newlines_become_line_feeds() {
        assert_eq!(&*text(Newlines::Universal), "a\nb\nc\nd");
    }

    #[test]
    fn other_modes_keep_the_text_and_split_it_as_python_does() {
        let expected: [(Newlines, &[&str]); 5] = [
            (Newlines::Universal, &["a", "b", "c", "d"]),
            (Newlines::Keep, &["a", "b", "c", "d"]),
            (Newlines::Lf, &["a\r", "b\rc", "d"]),
            (Newlines::Cr, &["a", "\nb", "c\nd"]),
            (Newlines::CrLf, &["a", "b\rc\nd"]),
        ];
        for (newlines, lines) in expected {
            let text = text(newlines);
            assert_eq!(text.lines().collect::<Vec<_>>(), lines, "{newlines:?}");
            if newlines != Newlines::Universal {
                assert_eq!(&*text, MIXED);
            }
        }
    }

    #[test]
    fn a_final_newline_starts_no_line_and_empty_lines_count() {
        let text = Text::new("a\n\nb\n", TextOptions::new());
        assert_eq!(text.lines().collect::<Vec<_>>(), ["a", "", "b"]);
        assert_eq!(Text::new("", TextOptions::new()).lines().count(), 0);
    }
}
