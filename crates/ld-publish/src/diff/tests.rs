use std::process::Command;
use std::time::{Duration, Instant};

use super::{Diff, DiffOptions, diff};

fn text(old: &str, new: &str) -> String {
    match diff(old.as_bytes(), new.as_bytes(), &DiffOptions::default()) {
        Diff::Unified(text) => text,
        other => panic!("{other:?}"),
    }
}

/// Pairs with a single best diff.
const PAIRS: [(&str, &str); 14] = [
    ("", "a\n"),
    ("a\n", ""),
    ("", "a\nb\n"),
    ("a\n", "b\n"),
    ("a\n", "a\nb\n"),
    ("a\nb\n", "b\n"),
    ("a", "b"),
    ("a", "a\n"),
    ("a\n", "a"),
    ("a\nb", "a\nc"),
    ("\n", "\n\n"),
    ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
    ("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n", "one\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\ntwelve\n"),
    ("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "1\nnew\n2\n3\n4\n5\n6\n7\n9\n10\nlast\n"),
];

#[test]
fn the_text_is_that_of_difflib() {
    const PROGRAM: &str = r"
import difflib, sys
for old, new in zip(sys.argv[1::2], sys.argv[2::2]):
    lines = difflib.unified_diff(old.splitlines(True), new.splitlines(True), 'old', 'new')
    end = '\n\\ No newline at end of file\n'
    print(''.join(line if line.endswith('\n') else line + end for line in lines), end='\0')
";
    let output = Command::new("python3")
        .args(["-c", PROGRAM])
        .args(PAIRS.iter().flat_map(|(old, new)| [old, new]))
        .output()
        .expect("python3 (apt-get install python3)");
    let expected = String::from_utf8(output.stdout).unwrap();
    let expected: Vec<_> = expected.split_terminator('\0').collect();
    assert_eq!(PAIRS.map(|(old, new)| text(old, new)).to_vec(), expected);
}

#[test]
fn no_change_is_no_text() {
    assert_eq!(diff(b"a\n", b"a\n", &DiffOptions::default()), Diff::Unified(String::new()));
    assert_eq!(diff(b"\xff", b"\xff", &DiffOptions::default()), Diff::Unified(String::new()));
}

#[test]
fn what_is_not_utf_8_on_either_side_is_binary() {
    assert_eq!(diff(b"\xff", b"a", &DiffOptions::default()), Diff::Binary);
    assert_eq!(diff(b"a", b"a\xc3", &DiffOptions::default()), Diff::Binary);
}

/// Rebuilds the new side from the old one and the diff.
fn patched(old: &str, diff: &str) -> String {
    let old: Vec<_> = old.split_inclusive('\n').collect();
    let (mut new, mut at) = (String::new(), 0);
    for line in diff.lines().skip(2) {
        let (tag, rest) = line.split_at(1);
        match tag {
            "@" => {
                let range = rest.split(['-', ' ']).nth(2).unwrap();
                let (start, length) = range.split_once(',').unwrap_or((range, "1"));
                let start = start.parse::<usize>().unwrap() - usize::from(length != "0");
                new.extend(old[at..start].iter().copied());
                at = start;
            }
            "\\" => assert_eq!(new.pop(), Some('\n')),
            "+" => new.extend([rest, "\n"]),
            _ => {
                assert_eq!(old[at].trim_end_matches('\n'), rest);
                at += 1;
                if tag == " " {
                    new.extend([rest, "\n"]);
                }
            }
        }
    }
    new.extend(old[at..].iter().copied());
    new
}

#[test]
fn the_old_side_and_the_diff_give_the_new_side() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..3_000 {
        let mut side = || {
            (0..random.usize(..30))
                .map(|_| ["a\n", "b\n", "c\n", "\n"][random.usize(..4)])
                .collect::<String>()
        };
        let (old, new) = (side(), side());
        if old != new {
            let diff = text(&old, &new);
            assert_eq!(patched(&old, &diff), new, "{old:?}\n{diff}");
        }
    }
}

#[test]
fn nothing_in_the_content_or_the_names_reaches_the_terminal_raw() {
    let hostile = "a\x1b[2J\x07\rb\u{9b}31m\u{202e}txt\u{2066}\u{7f}\tend\r\n";
    for colour in [false, true] {
        let options = DiffOptions { old_name: "x\x1b]0;\n+".into(), colour, ..DiffOptions::default() };
        for (old, new) in [("", hostile), (hostile, ""), (hostile, &format!("{hostile}more\n"))] {
            let Diff::Unified(text) = diff(old.as_bytes(), new.as_bytes(), &options) else { panic!() };
            let mut text = text;
            for ours in ["\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[1m", "\x1b[0m"] {
                assert_eq!(text.contains(ours), colour && text.contains(ours));
                text = text.replace(ours, "");
            }
            let raw: Vec<_> = text.chars().filter(|c| c.is_control() && !"\n\t".contains(*c)).collect();
            assert_eq!(raw, [], "{text:?}");
            assert!(
                text.contains("a\\u{1b}[2J\\u{7}\\rb\\u{9b}31m\\u{202e}txt\\u{2066}\\u{7f}\tend\\r\n"),
                "{text}"
            );
            assert!(text.starts_with("--- x\\u{1b}]0;\\n+\n+++ new\n"), "{text}");
        }
    }
}

#[test]
fn colour_marks_what_goes_and_what_comes() {
    let options = DiffOptions { colour: true, ..DiffOptions::default() };
    let expected = "\x1b[1m--- old\x1b[0m\n\x1b[1m+++ new\x1b[0m\n\x1b[36m@@ -1,2 +1,2 @@\x1b[0m\n a\n\
                    \x1b[31m-b\x1b[0m\n\x1b[32m+c\x1b[0m\n";
    assert_eq!(diff(b"a\nb\n", b"a\nc\n", &options), Diff::Unified(expected.into()));
}

/// The inputs on which line diffs are slow: the name and both sides.
fn worst_inputs() -> Vec<(&'static str, String, String)> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut lines = |count: usize, distinct: u32| {
        (0..count).map(|_| format!("{:05}\n", random.u32(..distinct))).collect::<String>()
    };
    let (few, other_few) = (lines(150_000, 10), lines(150_000, 10));
    let (many, other_many) = (lines(150_000, 50_000), lines(150_000, 50_000));
    let half =
        |tag: &str| {
            (0..45_000)
                .map(|n| {
                    if n % 2 == 0 { format!("{tag} changed {n:07}\n") } else { format!("same line {n:07}\n") }
                })
                .collect()
        };
    let forward: String = (0..75_000).map(|n| format!("line {n:06}\n")).collect();
    let backward: String = (0..75_000).rev().map(|n| format!("line {n:06}\n")).collect();
    let mut toggled = "ab\n".repeat(300_000);
    toggled.insert_str(450_000, "c\n");
    vec![
        ("half of the lines changed", half("old"), half("new")),
        (
            "one repeated line, fewer of them",
            "repeated line\n".repeat(64_000),
            "repeated line\n".repeat(32_000),
        ),
        ("one repeated line with others between", "x\n".repeat(450_000), "x\nx\ny\n".repeat(150_000)),
        ("two lines in turn", "a\nb\n".repeat(225_000), "b\na\na\n".repeat(150_000)),
        ("empty lines", "\n".repeat(900_000), "\n".repeat(899_999) + "x\n"),
        ("one line", "x".repeat(900_000), "y".repeat(900_000)),
        ("few distinct lines at random", few, other_few),
        ("many distinct lines at random", many, other_many),
        ("the other way round", forward, backward),
        ("one line amid many equal ones", "ab\n".repeat(300_000), toggled),
        ("control characters", "\u{1b}\n".repeat(450_000), "\u{1b}\u{1b}\n".repeat(300_000)),
        ("20 MB", "x\n".repeat(10_000_000), "y\n".repeat(10_000_000)),
    ]
}

#[test]
fn the_worst_inputs_end_in_time_with_a_diff_or_a_summary() {
    for (what, old, new) in worst_inputs() {
        let options = DiffOptions { limit: Duration::from_secs(1), ..DiffOptions::default() };
        let start = Instant::now();
        let diff = diff(old.as_bytes(), new.as_bytes(), &options);
        let took = start.elapsed();
        let kind = match &diff {
            Diff::Unified(text) => format!("diff of {} bytes", text.len()),
            Diff::Summary(text) => text.clone(),
            Diff::Binary => panic!("{what}"),
        };
        eprintln!("{what}: {took:?}, {kind}");
        // Generous, for an unoptimised build on a loaded machine.
        assert!(took < Duration::from_secs(10), "{what}: {took:?}");
    }
}

#[test]
fn a_limit_of_nothing_gives_a_summary() {
    let options = DiffOptions { limit: Duration::ZERO, ..DiffOptions::default() };
    let expected = "The change is too large to show: 4 bytes in 2 lines become 1 byte in 1 line.\n";
    assert_eq!(diff(b"a\nb\n", b"c", &options), Diff::Summary(expected.into()));
}
