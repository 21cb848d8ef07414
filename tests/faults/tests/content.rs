//! Content that repeats its version, so that a reader can tell a torn file from a whole one.

/// The bytes of a version: its number, repeated.
///
/// The number of repetitions depends on the version, so a version that is written in place over
/// another one is found.
pub(crate) fn of_version(version: u64, words: usize) -> Vec<u8> {
    let words = words + usize::try_from(version % 50).expect("a small number");
    let mut text = word(version).repeat(words);
    text.push_str(&format!("end of {version}\n"));
    text.into_bytes()
}

/// The version of these bytes; `None` if they are not one whole version.
pub(crate) fn version_of(bytes: &[u8], words: usize) -> Option<u64> {
    let first = std::str::from_utf8(bytes.get(..WORD)?).ok()?;
    let version = first.strip_prefix('v')?.trim_end().parse().ok()?;
    (bytes == of_version(version, words)).then_some(version)
}

/// The length of a word.
const WORD: usize = 10;

fn word(version: u64) -> String {
    format!("v{version:08} ")
}
