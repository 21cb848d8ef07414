//! Text that cannot drive a terminal.

/// Appends `text` with every character escaped that a terminal may act upon, or that hides what is
/// there: control characters but the tab, and those that change the direction of writing.
pub(super) fn push_escaped(out: &mut String, text: &str) {
    for character in text.chars() {
        if character == '\t' || !is_hazardous(character) {
            out.push(character);
        } else {
            out.extend(character.escape_default());
        }
    }
}

fn is_hazardous(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
