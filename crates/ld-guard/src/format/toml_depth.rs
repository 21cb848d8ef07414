//! How deep TOML nests, by the events of its parser and before anything is built.
//!
//! The toml crate bounds the brackets within brackets and the parts of a key, 80 each, but not
//! their product: a few kilobytes of dotted keys within inline tables make it recurse thousands of
//! levels, and that overflows a thread's stack.

use toml_parser::parser::{EventReceiver, RecursionGuard, parse_document};
use toml_parser::{ErrorSink, Source, Span, decoder::Encoding};

/// The toml crate's own bound on brackets within brackets: the events come from a recursive parser,
/// too.
const MAX_BRACKETS: u32 = 80;

/// The first line on which a value is deeper than `limit` tables and arrays; `None` if there is
/// none.
pub(super) fn line_beyond(limit: usize, text: &str) -> Option<usize> {
    let source = Source::new(text);
    let tokens: Vec<_> = source.lex().collect();
    let mut depth = Depth {
        limit,
        header: 0,
        key: 0,
        after_dot: false,
        in_header: false,
        open: Vec::new(),
        beyond: None,
    };
    parse_document(&tokens, &mut RecursionGuard::new(&mut depth, MAX_BRACKETS), &mut ());
    depth.beyond.map(|start| text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1)
}

struct Depth {
    limit: usize,
    /// Parts of the last `[header]`: the tables in which all that follows lies.
    header: usize,
    in_header: bool,
    /// Parts of the key that is being read, or of the value that is.
    key: usize,
    after_dot: bool,
    /// The parts of the key that leads to each open array or inline table.
    open: Vec<usize>,
    /// Where the limit was passed first, in bytes.
    beyond: Option<usize>,
}

impl Depth {
    fn enter_header(&mut self) {
        (self.header, self.key, self.in_header) = (0, 0, true);
        self.open.clear();
    }

    fn open(&mut self, span: Span) -> bool {
        self.open.push(std::mem::take(&mut self.key));
        self.look(span);
        self.beyond.is_none()
    }

    fn close(&mut self) {
        self.key = self.open.pop().unwrap_or_default();
    }

    /// Each bracket is a level, and so is each part of a key but its last, which names a value and
    /// no table.
    fn look(&mut self, span: Span) {
        let tables = |parts: usize| parts.saturating_sub(1);
        let within = self.open.iter().map(|parts| tables(*parts) + 1).sum::<usize>();
        if self.beyond.is_none() && self.header + within + tables(self.key) > self.limit {
            self.beyond = Some(span.start());
        }
    }
}

impl EventReceiver for Depth {
    fn std_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.enter_header();
    }

    fn std_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.in_header = false;
    }

    fn array_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.enter_header();
        // The array itself.
        self.header = 1;
    }

    fn array_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.in_header = false;
    }

    fn inline_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        self.open(span)
    }

    fn inline_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.close();
    }

    fn array_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        self.open(span)
    }

    fn array_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.close();
    }

    fn simple_key(&mut self, span: Span, _: Option<Encoding>, _: &mut dyn ErrorSink) {
        if self.in_header {
            self.header += 1;
        } else {
            self.key = if self.after_dot { self.key + 1 } else { 1 };
        }
        self.after_dot = false;
        self.look(span);
    }

    fn key_sep(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.after_dot = true;
    }
}

#[cfg(test)]
mod tests {
    use super::line_beyond;

    #[test]
    fn headers_dotted_keys_and_brackets_all_count() {
        for (text, depth) in [
            ("a = 1", 0),
            ("a.b.c = 1", 2),
            ("[a.b]\nc = 1", 2),
            ("[[a]]\nc = 1", 2),
            ("[a]\n[b]\nc.d = 1", 2),
            ("a = [[1], [2]]\nb = {c = {d.e = 1}, f = 2}", 3),
            ("a = [{b.c = 1}, {d = 1}]", 3),
            ("[a.b]\nc.d = {e.f = [1]}\ng = 1", 6),
        ] {
            assert_eq!(line_beyond(depth, text), None, "{text}");
            assert!(depth == 0 || line_beyond(depth - 1, text).is_some(), "{text}");
        }
        assert_eq!(line_beyond(1, "a = 1\nb.c = 2\n\nd = [{e = 1}]"), Some(4));
    }

    #[test]
    fn any_amount_of_brackets_ends_at_once() {
        let brackets = "[".repeat(100_000);
        assert_eq!(line_beyond(60, &format!("a = {brackets}")), Some(1));
        line_beyond(128, &format!("a = {brackets}"));
        line_beyond(128, &"{a.b = ".repeat(100_000));
    }
}
