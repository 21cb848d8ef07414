//! Text from others, made safe to show: in log lines and in diffs.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// What Unicode calls default ignorable beside the format characters: fillers, variation selectors,
/// tags, and code points that are reserved for more of them. Unicode promises that these blocks
/// keep their meaning.
const IGNORABLE: [RangeInclusive<char>; 10] = [
    '\u{34f}'..='\u{34f}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{2065}'..='\u{2065}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fff8}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Escapes every character for which [`is_hidden`] is true, as Rust writes it: `\u{200b}`, `\n`.
/// All others stay, so that the result is one line. An emoji that joins several characters shows
/// its joiners escaped.
pub fn escape_hidden(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Escapes the same characters as JSON does, in a JSON text, where only strings have them. Line
/// feeds stay: they stand between its parts.
pub fn escape_hidden_json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) && character != '\n' {
            for unit in character.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Whether a terminal may act upon the character, or a reader cannot see it: control characters but
/// the tab, Unicode's format characters, line and paragraph separators, variation selectors, tags
/// and fillers. Combining marks and spaces are visible.
pub fn is_hidden(character: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    if character.is_ascii() {
        return character.is_ascii_control() && character != '\t';
    }
    matches!(character.general_category(), Control | Format | LineSeparator | ParagraphSeparator)
        || IGNORABLE.iter().any(|range| range.contains(&character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped() {
        let hidden = [
            '\0',
            '\n',
            '\r',
            '\x1b',
            '\x7f',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{2060}',
            '\u{2069}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{fff9}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{e01ef}',
        ];
        for character in hidden {
            let shown = escape_hidden(&format!("a{character}b")).into_owned();
            assert_eq!(shown, format!("a{}b", character.escape_default()));
        }
    }

    #[test]
    fn hidden_characters_are_escaped_as_json_does() {
        assert_eq!(escape_hidden_json("\"a\u{202e}\u{e0041}b\"\n"), "\"a\\u202e\\udb40\\udc41b\"\n");
    }

    #[test]
    fn visible_text_stays_as_it_is() {
        for text in ["", "a b\tc", "größe", "e\u{301}", "日本語　", "हिन्दी", "ไทย", "\u{1f600}", "\u{a0}"]
        {
            assert!(matches!(escape_hidden(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn all_that_is_hidden_is_no_printable_ascii() {
        assert!((' '..='~').chain(['\t']).all(|character| !is_hidden(character)));
    }
}
