//! What goes to standard output.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ld_cli::Exit;
use ld_config::{escape_hidden, escape_hidden_json};
use serde_json::Value;
use tracing::{error, warn};

/// The last millisecond of the year 9999: RFC 3339 has four digits for a year.
const LAST_TIME: u64 = 253_402_300_799_999;

/// Prints bytes as they are, or on a terminal so that they cannot do anything to it.
pub(crate) fn bytes(content: &[u8]) -> Result<Exit, Exit> {
    if io::stdout().is_terminal() {
        return print(harmless(content).as_bytes());
    }
    print(content)
}

/// Whether anything reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Present,
    /// It has seen enough.
    Gone,
}

/// Prints lines, each with hidden characters escaped.
pub(crate) fn lines<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> Result<Exit, Exit> {
    print(text_of_lines(lines).as_bytes())
}

/// Prints an object, with hidden characters escaped.
pub(crate) fn json(value: &Value) -> Result<Exit, Exit> {
    print(text_of_json(value).as_bytes())
}

/// Lines as they are printed.
pub(crate) fn text_of_lines<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&escape_hidden(line.as_ref()));
        text.push('\n');
    }
    text
}

/// An object as it is printed.
pub(crate) fn text_of_json(value: &Value) -> String {
    format!("{}\n", escape_hidden_json(&format!("{value:#}")))
}

/// Says that a change is made, although it could not be printed.
pub(crate) fn change_is_made(_: &Exit) {
    warn!("what was changed stays: only its report could not be printed");
}

/// Content for JSON: its encoding, and its text in that.
pub(crate) fn encoded(content: &[u8]) -> (&'static str, String) {
    match str::from_utf8(content) {
        Ok(text) => ("utf8", text.to_owned()),
        Err(_) => ("base64", STANDARD.encode(content)),
    }
}

fn print(bytes: &[u8]) -> Result<Exit, Exit> {
    write(bytes).map(|_| Exit::Done)
}

/// Prints bytes as they are, and says whether anything reads them.
pub(crate) fn write(bytes: &[u8]) -> Result<Reader, Exit> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(cause) if cause.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(cause) => {
            error!("standard output cannot be written: {cause}");
            Err(Exit::Failed)
        }
        Ok(()) => Ok(Reader::Present),
    }
}

/// Text with its lines and tabs, and everything else that a reader cannot see as an escape.
fn harmless(content: &[u8]) -> String {
    let mut shown = String::with_capacity(content.len());
    for chunk in content.utf8_chunks() {
        for line in chunk.valid().split_inclusive('\n') {
            let text = line.strip_suffix('\n').unwrap_or(line);
            shown.push_str(&escape_hidden(text));
            shown.push_str(&line[text.len()..]);
        }
        shown.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    shown
}

/// Milliseconds since 1970, as a server has them, in RFC 3339.
pub(crate) fn time(millis: i64) -> String {
    match u64::try_from(millis) {
        Ok(millis @ 0..=LAST_TIME) => {
            let time = UNIX_EPOCH + Duration::from_millis(millis);
            humantime::format_rfc3339_millis(time).to_string()
        }
        _ => format!("{millis} ms since 1970"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_cannot_act_upon_a_terminal() {
        assert_eq!(harmless(b"a\tb\r\n\x1b[2Jc\xff\n"), "a\tb\\r\n\\u{1b}[2Jc\\xff\n");
        assert_eq!(harmless("größe\n".as_bytes()), "größe\n");
    }

    #[test]
    fn any_time_of_a_server_is_shown() {
        assert_eq!(time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(time(253_402_300_799_999), "9999-12-31T23:59:59.999Z");
        for millis in [-1, i64::MIN, i64::MAX, 253_402_300_800_000] {
            assert_eq!(time(millis), format!("{millis} ms since 1970"));
        }
    }
}
