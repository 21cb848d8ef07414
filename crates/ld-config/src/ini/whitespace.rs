//! White space and lines as Python's text files and `str` have them.

/// `text` without Python's white space at its ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Python's `str.isspace`: also the four separators that Unicode's White_Space leaves out.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// Lines that end in `\n`, `\r\n` or a lone `\r`, without their ends.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').flat_map(|part| {
        let ends = ["\r\n", "\n", "\r"];
        ends.iter().find_map(|end| part.strip_suffix(end)).unwrap_or(part).split('\r')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_any_newline() {
        let read: Vec<_> = lines("a\nb\r\nc\rd\n\re\u{2028}f\x0b").collect();
        assert_eq!(read, ["a", "b", "c", "d", "", "e\u{2028}f\x0b"]);
        for (text, expected) in
            [("", &[][..]), ("\r", &[""]), ("a\r\r\n", &["a", ""]), ("a\r\rb\r", &["a", "", "b"])]
        {
            assert_eq!(lines(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }
}
