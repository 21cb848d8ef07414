//! Text that may be shown in a terminal.

/// Unicode's format characters, line and paragraph separators, and default ignorable characters, by
/// the ranges of Unicode 17 and not by the table that the product uses.
const HIDDEN: [(u32, u32); 31] = [
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x600, 0x605),
    (0x61c, 0x61c),
    (0x6dd, 0x6dd),
    (0x70f, 0x70f),
    (0x890, 0x891),
    (0x8e2, 0x8e2),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0x110bd, 0x110bd),
    (0x110cd, 0x110cd),
    (0x13430, 0x1343f),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0000, 0xe0001),
    (0xe0002, 0xe001f),
    (0xe0020, 0xe007f),
    (0xe0080, 0xe00ff),
    (0xe0100, 0xe01ef),
    (0xe01f0, 0xe0fff),
    (0x7f, 0x9f),
];

/// Whether a terminal may act upon it, or it hides what is there.
pub(crate) fn is_hazardous(character: char) -> bool {
    let code = u32::from(character);
    character.is_control() || HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

/// Panics unless the text is one line of at most `limit` bytes that a terminal shows as it is.
pub(crate) fn assert_one_line(text: &str, limit: usize) {
    assert!(text.len() <= limit, "{} bytes in one message: {:.200}...", text.len(), text);
    assert!(!text.contains(is_hazardous), "not for a terminal: {text:?}");
}

/// The same for a message that quotes a text: its tabs stay, since `escape_hidden` keeps them.
pub(crate) fn assert_one_line_but_tabs(text: &str, limit: usize) {
    assert_one_line(&text.replace('\t', " "), limit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_agree() {
        let differing = ('\0'..=char::MAX)
            .filter(|character| *character != '\t')
            .filter(|character| is_hazardous(*character) != ld_config::is_hidden(*character));
        let differing: Vec<_> = differing.map(|character| character.escape_unicode().to_string()).collect();
        assert_eq!(differing, Vec::<String>::new());
    }
}
