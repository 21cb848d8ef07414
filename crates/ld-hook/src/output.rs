//! What a program writes, in bounded log lines.

use ld_config::escape_hidden;
use tracing::info;

use crate::event::Event;

/// The most lines that are logged of one run.
const MOST_LINES: usize = 50;

/// The most bytes that are logged of one line.
const MOST_BYTES: usize = 400;

/// The output of one run, which comes in pieces.
pub(crate) struct Output<F: FnMut(&str)> {
    log: F,
    line: Vec<u8>,
    lines: usize,
    dropped: u64,
}

/// Output that goes to the log, with the name of its node.
pub(crate) fn logged(event: &Event) -> Output<impl FnMut(&str)> {
    let (node, label) = (event.subject.name.clone(), event.label());
    Output::new(move |line| info!(node, "{label}: output: {line}"))
}

impl<F: FnMut(&str)> Output<F> {
    fn new(log: F) -> Self {
        Self { log, line: Vec::new(), lines: 0, dropped: 0 }
    }

    /// Takes a piece. Lines that are complete are logged.
    pub(crate) fn add(&mut self, piece: &[u8]) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            let (text, is_complete) = match part {
                [text @ .., b'\n'] => (text, true),
                text => (text, false),
            };
            let room = if self.lines < MOST_LINES { MOST_BYTES - self.line.len() } else { 0 };
            let taken = room.min(text.len());
            self.line.extend_from_slice(&text[..taken]);
            self.dropped += (text.len() - taken) as u64;
            if is_complete {
                self.end_line();
            }
        }
    }

    /// Logs the rest, and how much was left out.
    pub(crate) fn finish(mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
        if self.dropped > 0 {
            (self.log)(&format!("({} more bytes are not shown)", self.dropped));
        }
    }

    fn end_line(&mut self) {
        if self.lines < MOST_LINES && !self.line.is_empty() {
            (self.log)(&escape_hidden(&String::from_utf8_lossy(&self.line)));
            self.lines += 1;
        }
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut output = Output::new(|line: &str| lines.push(line.to_owned()));
        pieces.iter().for_each(|piece| output.add(piece));
        output.finish();
        lines
    }

    #[test]
    fn lines_are_joined_from_pieces_and_escaped() {
        assert_eq!(lines(&[b"a", b"b\n\nc\x1b[2J\xff\n", b"d"]), ["ab", "c\\u{1b}[2J\u{fffd}", "d"]);
        assert_eq!(lines(&[]), [""; 0]);
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let long = vec![b'x'; MOST_BYTES + 7];
        assert_eq!(lines(&[&long, b"\n"])[1..], ["(7 more bytes are not shown)"]);
        let many = b"yes\n".repeat(MOST_LINES + 2);
        let shown = lines(&[&many]);
        assert_eq!(
            (shown.len(), shown[MOST_LINES].as_str()),
            (MOST_LINES + 1, "(6 more bytes are not shown)")
        );
    }
}
