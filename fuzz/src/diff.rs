//! The writer's diff: in time, safe to show, and with the old side it gives the new one.

use std::time::Duration;

use ld_publish::{Diff, DiffOptions};

use crate::limit::within;
use crate::terminal::{assert_one_line, is_hazardous};

/// Separates the two sides of an input.
const PARTING: &[u8] = b"=======\n";

/// Up to this size a full diff is always asked for, in bytes.
const SMALL_BYTES: usize = 4_096;

/// The search for a good diff of larger inputs.
const SEARCH: Duration = Duration::from_millis(200);

/// How long the whole may take.
const LIMIT: Duration = Duration::from_millis(1_200);

/// The most text that a diff has, in bytes, without its last hunk. That may have an escape for each
/// byte of the input.
const MAX_OUTPUT_BYTES: usize = 8 << 20;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

const NO_NEWLINE: &str = "\\ No newline at end of file";

pub(crate) fn check(data: &[u8]) {
    let (old, new) = sides(data);
    let small = data.len() <= SMALL_BYTES;
    let options = DiffOptions::default().limit(if small { Duration::MAX } else { SEARCH });
    match within(LIMIT, "the diff", || ld_publish::diff(old, new, &options)) {
        Diff::Unified(text) if old == new => assert_eq!(text, ""),
        Diff::Unified(text) => {
            assert!(!text.contains(|c| is_hazardous(c) && c != '\n' && c != '\t'), "raw: {text:?}");
            assert!(text.len() <= MAX_OUTPUT_BYTES, "{} bytes", text.len());
            let (old, new) = (shown_lines(old), shown_lines(new));
            assert_eq!(patched(&old, &text), new, "{text}");
            if small {
                assert_colour_only_adds(data, &text);
            }
        }
        Diff::Binary => assert!(std::str::from_utf8(old).is_err() || std::str::from_utf8(new).is_err()),
        Diff::Summary(text) => {
            assert!(!small, "a summary of {} bytes", data.len());
            assert_one_line(text.strip_suffix('\n').expect("it ends in a newline"), 200);
        }
        other => panic!("{other:?}"),
    }
}

/// Both sides repeated, so that they are of the same kind as before.
pub(crate) fn grow(data: &[u8], bytes: usize) -> Vec<u8> {
    let (old, new) = sides(data);
    let times = bytes.checked_div(data.len()).unwrap_or_default();
    [&old.repeat(times), PARTING, &new.repeat(times)].concat()
}

fn sides(data: &[u8]) -> (&[u8], &[u8]) {
    match data.windows(PARTING.len()).position(|window| window == PARTING) {
        Some(at) => (&data[..at], &data[at + PARTING.len()..]),
        None => (&[], data),
    }
}

fn assert_colour_only_adds(data: &[u8], plain: &str) {
    let (old, new) = sides(data);
    let options = DiffOptions::default().colour(true).limit(Duration::MAX);
    let Diff::Unified(mut text) = ld_publish::diff(old, new, &options) else {
        panic!("another kind in colour")
    };
    for ours in ["\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[1m", "\x1b[0m"] {
        text = text.replace(ours, "");
    }
    assert_eq!(text, plain);
}

/// The lines with their ends, hazards escaped, as the diff shows them.
fn shown_lines(side: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(side).expect("a side that is not UTF-8 has no unified diff");
    let shown = |character: char| match character {
        '\n' | '\t' => character.to_string(),
        hazard if is_hazardous(hazard) => hazard.escape_default().to_string(),
        other => other.to_string(),
    };
    text.split_inclusive('\n').map(|line| line.chars().map(shown).collect()).collect()
}

/// Applies the diff to the old lines as strictly as it can be read.
fn patched(old: &[String], diff: &str) -> Vec<String> {
    let mut lines = diff.strip_suffix('\n').expect("it ends in a newline").split('\n').peekable();
    assert_eq!((lines.next(), lines.next()), (Some("--- old"), Some("+++ new")));
    assert!(lines.peek().is_some(), "no hunk");
    let (mut new, mut at) = (Vec::new(), 0);
    while let Some(header) = lines.next() {
        let (removed, added) = ranges(header);
        assert!(removed.start >= at, "hunks overlap or go back: {header}");
        new.extend_from_slice(&old[at..removed.start]);
        at = removed.start;
        assert_eq!(new.len(), added.start, "the new side of {header}");
        let mut tags = String::new();
        while at < removed.end || new.len() < added.end {
            let line = lines.next().unwrap_or_else(|| panic!("{header} is cut short"));
            let (tag, rest) = line.split_at(1);
            let end = if lines.next_if_eq(&NO_NEWLINE).is_some() { "" } else { "\n" };
            let line = format!("{rest}{end}");
            if tag != "+" {
                assert_eq!(old[at], line, "the old side of {header}");
                at += 1;
            }
            match tag {
                " " | "+" => new.push(line),
                "-" => {}
                other => panic!("{other:?} is no tag"),
            }
            tags.push_str(tag);
        }
        assert!(at == removed.end && new.len() == added.end, "{header} counts wrong");
        assert!(tags.contains(['-', '+']), "{header} changes nothing");
        let around = |trimmed: &str| tags.len() - trimmed.len();
        assert!(
            around(tags.trim_start()) <= CONTEXT && around(tags.trim_end()) <= CONTEXT,
            "{header}: {tags}"
        );
    }
    new.extend_from_slice(&old[at..]);
    new
}

/// The lines of a header, counted from 0.
fn ranges(header: &str) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
    let inner = header.strip_prefix("@@ -").and_then(|rest| rest.strip_suffix(" @@"));
    let (removed, added) =
        inner.and_then(|inner| inner.split_once(" +")).unwrap_or_else(|| panic!("{header:?}"));
    let range = |text: &str| {
        let (start, length) = text.split_once(',').unwrap_or((text, "1"));
        let (start, length): (usize, usize) = (start.parse().unwrap(), length.parse().unwrap());
        // An empty range is placed after the line before it.
        let start = if length == 0 { start } else { start - 1 };
        start..start + length
    };
    (range(removed), range(added))
}
