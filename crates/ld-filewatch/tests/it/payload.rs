//! Content with a check of its own completeness.

/// Enough for a write to be cut somewhere.
const LINES: usize = 200;

/// The content of a number: the same line many times, and a last one.
pub(crate) fn payload(number: u64) -> Vec<u8> {
    let mut content = format!("{number:012}\n").repeat(LINES);
    content.push_str("end\n");
    content.into_bytes()
}

/// The number of a whole content; `None` for a torn one.
pub(crate) fn number(content: &[u8]) -> Option<u64> {
    let number = std::str::from_utf8(content.get(..12)?).ok()?.parse().ok()?;
    (content == payload(number)).then_some(number)
}
