//! The unified format.

use std::ops::Range;
use std::time::Instant;

use ld_config::escape_hidden;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline, group_diff_ops};

use super::{DiffOptions, MAX_OUTPUT_BYTES};

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const CYAN: &str = "\x1b[36m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// The unified diff, or `None` if the deadline passed or the text grew too long.
pub(super) fn write(
    old: &str,
    new: &str,
    options: &DiffOptions,
    deadline: Option<Instant>,
) -> Option<String> {
    let late = || deadline.is_some_and(|deadline| Instant::now() >= deadline);
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline);
    // Past its deadline the algorithm answers with whatever it has, often "everything changed".
    if late() {
        return None;
    }
    let mut page = Page { text: String::new(), colour: options.colour };
    page.line(BOLD, "--- ", &options.old_name);
    page.line(BOLD, "+++ ", &options.new_name);
    for hunk in group_diff_ops(ops, CONTEXT) {
        page.hunk(&hunk, &old, &new);
        if page.text.len() > MAX_OUTPUT_BYTES || late() {
            return None;
        }
    }
    Some(page.text)
}

struct Page {
    text: String,
    colour: bool,
}

impl Page {
    fn hunk(&mut self, ops: &[DiffOp], old: &[&str], new: &[&str]) {
        let (Some(first), Some(last)) = (ops.first(), ops.last()) else { return };
        let removed = range(first.old_range().start..last.old_range().end);
        let added = range(first.new_range().start..last.new_range().end);
        self.line(CYAN, "@@ ", &format!("-{removed} +{added} @@"));
        for op in ops {
            if let DiffOp::Equal { .. } = op {
                self.lines("", " ", &old[op.old_range()]);
            } else {
                self.lines(RED, "-", &old[op.old_range()]);
                self.lines(GREEN, "+", &new[op.new_range()]);
            }
        }
    }

    fn lines(&mut self, colour: &str, prefix: &str, lines: &[&str]) {
        for line in lines {
            match line.strip_suffix('\n') {
                Some(line) => self.line(colour, prefix, line),
                None => {
                    self.line(colour, prefix, line);
                    self.text.push_str("\\ No newline at end of file\n");
                }
            }
        }
    }

    fn line(&mut self, colour: &str, prefix: &str, rest: &str) {
        let coloured = self.colour && !colour.is_empty();
        if coloured {
            self.text.push_str(colour);
        }
        self.text.push_str(prefix);
        self.text.push_str(&escape_hidden(rest));
        if coloured {
            self.text.push_str(PLAIN);
        }
        self.text.push('\n');
    }
}

/// Lines as the format counts them: from 1, the length left out if it is 1, and an empty range is
/// placed after the line before it.
fn range(lines: Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        length => format!("{},{length}", lines.start + 1),
    }
}
