//! Text that may be shown in a terminal.

/// Whether a terminal may act upon it, or it hides what is there.
pub(crate) fn is_hazardous(character: char) -> bool {
    const DIRECTIONS: [char; 12] = [
        '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
        '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
    ];
    const LINE_ENDS: [char; 2] = ['\u{2028}', '\u{2029}'];
    character.is_control() || DIRECTIONS.contains(&character) || LINE_ENDS.contains(&character)
}

/// Panics unless the text is one line of at most `limit` bytes that a terminal shows as it is.
pub(crate) fn assert_one_line(text: &str, limit: usize) {
    assert!(text.len() <= limit, "{} bytes in one message: {:.200}...", text.len(), text);
    assert!(!text.contains(is_hazardous), "not for a terminal: {text:?}");
}
