//! Each guard lets the good pass, rejects the bad, and never shows content.

mod checks;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ld_config::{Format, Guards};

use crate::{Checks, Error, Guard, judge, judge_file};

/// Writes an executable. Another test's fork could hold it open for writing, so it is written by
/// another process.
pub(super) fn write_script(path: &Path, text: &str) {
    let source = path.with_extension("source");
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o700)
        .open(&source)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let copied = std::process::Command::new("cp").arg("-p").arg(&source).arg(path).status().unwrap();
    assert!(copied.success());
}

/// Waits until the process is no more, or all that is left of it is its exit status.
#[track_caller]
pub(super) fn wait_until_gone(process: i32) {
    wait_until("the process to be gone", || {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"));
        stat.map_or(true, |stat| stat.contains(") Z"))
    });
}

#[track_caller]
pub(super) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

pub(super) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn judge(&self, guards: &Guards, content: impl AsRef<[u8]>) -> Result<(), Error> {
        self.judge_by(guards, content, &Checks::default())
    }

    pub(super) fn judge_by(
        &self,
        guards: &Guards,
        content: impl AsRef<[u8]>,
        checks: &Checks,
    ) -> Result<(), Error> {
        judge(guards, content.as_ref(), checks, |content| self.write_file(content))
    }

    fn write_file(&self, content: &[u8]) -> std::io::Result<tempfile::NamedTempFile> {
        let directory = self.path("checked");
        fs::create_dir_all(&directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(content)?;
        Ok(file)
    }

    pub(super) fn check(&self, script: &str) -> Guards {
        let program = self.path("check");
        write_script(&program, script);
        {
            let mut guards = Guards::default();
            guards.check = Some(program);
            guards
        }
    }

    /// How many files are being checked.
    pub(super) fn files(&self) -> usize {
        fs::read_dir(self.path("checked")).map_or(0, Iterator::count)
    }
}

fn rejection(verdict: Result<(), Error>) -> String {
    match verdict {
        Err(Error::Rejected { reason, .. }) => reason,
        other => panic!("not rejected: {other:?}"),
    }
}

#[test]
fn sizes_are_checked_at_their_bounds() {
    let place = Place::new();
    let guards = {
        let mut guards = Guards::default();
        guards.min_bytes = Some(2);
        guards.max_bytes = Some(3);
        guards
    };
    assert!(rejection(place.judge(&guards, "a")).contains("min_bytes is 2"));
    place.judge(&guards, "ab").unwrap();
    place.judge(&guards, "abc").unwrap();
    assert!(rejection(place.judge(&guards, "abcd")).contains("max_bytes is 3"));
    place.judge(&Guards::default(), "").unwrap();
}

#[test]
fn each_format_takes_its_own_syntax_and_rejects_poison() {
    let place = Place::new();
    let deep_json = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_toml = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_yaml = "- ".repeat(50_000);
    let huge = format!("[{}]", "9".repeat(5_000));
    let huge_toml = format!("a = {}", "9".repeat(5_000));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    // Deeper with each line for a parser that follows the aliases, and with few nodes.
    let mut chain = String::from("a0: &a0 [x]\n");
    (1..130).for_each(|level| chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1)));
    let dotted = ["a"; 60].join(".");
    let dotted_toml = format!("{}1{}", format!("{dotted} = {{").repeat(60) + "b = ", "}".repeat(60));
    let good: [(Format, &str); 10] = [
        (Format::Json, r#"{"a": [1, 2.5, "x", null, true]}"#),
        (Format::Json, "1"),
        (Format::Toml, "a = 1\n[b]\nc = [1, 2]\nd = 2020-01-01T00:00:00Z\n"),
        (Format::Toml, ""),
        (Format::Yaml, "a: 1\nb: [x, y]\nc: &c {d: e}\nf: *c\n"),
        (Format::Yaml, "--- 1\n--- 2\n"),
        (Format::Yaml, ""),
        (Format::Yaml, r#"{"json": ["is", "yaml"]}"#),
        (Format::Utf8, "grüße\u{0}"),
        (Format::Utf8, ""),
    ];
    for (format, text) in good {
        let guards = {
            let mut guards = Guards::default();
            guards.format = Some(format);
            guards
        };
        assert!(place.judge(&guards, text).is_ok(), "{format:?}: {text}");
    }
    let bad: [(Format, &[u8]); 18] = [
        (Format::Json, b""),
        (Format::Json, b"{\"topsecret\": }"),
        (Format::Json, b"{} trailing"),
        (Format::Json, b"[1e999999]"),
        (Format::Json, huge.as_bytes()),
        (Format::Json, deep_json.as_bytes()),
        (Format::Json, b"\xff"),
        (Format::Toml, b"topsecret"),
        (Format::Toml, b"a = 1\na = 2"),
        (Format::Toml, huge_toml.as_bytes()),
        (Format::Toml, deep_toml.as_bytes()),
        (Format::Toml, dotted_toml.as_bytes()),
        (Format::Yaml, b"topsecret: [unclosed"),
        (Format::Yaml, deep_yaml.as_bytes()),
        (Format::Yaml, bomb.as_bytes()),
        (Format::Yaml, chain.as_bytes()),
        (Format::Yaml, b"&a [*a]"),
        (Format::Utf8, b"\xc3("),
    ];
    for (format, content) in bad {
        let guards = {
            let mut guards = Guards::default();
            guards.format = Some(format);
            guards
        };
        let reason = rejection(place.judge(&guards, content));
        assert!(!reason.contains("topsecret"), "the reason shows content: {reason}");
    }
}

#[test]
fn content_in_a_file_is_judged_like_content_in_memory() {
    let mut guards = Guards::default();
    guards.format = Some(Format::Json);
    guards.min_bytes = Some(2);
    let judge = |bytes: u64, content: &'static [u8]| {
        judge_file(
            &guards,
            || Ok::<_, io::Error>("/unused"),
            bytes,
            &Checks::default(),
            || Ok(content.to_vec()),
        )
    };
    judge(2, b"{}").unwrap();
    assert!(
        matches!(judge(2, b"{x"), Err(Error::Rejected { guard: Guard::Format, reason }) if reason.contains("not JSON"))
    );
    assert!(
        matches!(judge(1, b"1"), Err(Error::Rejected { guard: Guard::Size, reason }) if reason.contains("min_bytes is 2"))
    );
    let large = judge((32 << 20) + 1, b"{}");
    assert!(matches!(large, Err(Error::Rejected { reason, .. }) if reason.contains("up to 33554432")));
}
