//! Errors, and how they are reported.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use ld_filewatch::{Error, FileWatcher, Newlines, TextOptions};

use crate::kit::{DEADLINE, Dir, eventually, replace};

fn number(bytes: &[u8]) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    Ok(std::str::from_utf8(bytes)?.trim().parse()?)
}

#[test]
fn the_callback_gets_each_new_reason_once() {
    let dir = Dir::new();
    let path = dir.path("n");
    let reported = Arc::new(Mutex::new(Vec::new()));
    let callback = Arc::clone(&reported);
    let watcher = FileWatcher::builder(&path)
        .poll_interval(Duration::from_millis(5))
        .on_error(move |error| {
            callback.lock().unwrap().push(error.to_string());
            panic!("asked to");
        })
        .build(number)
        .unwrap();
    let reported = || reported.lock().unwrap().clone();
    for _ in 0..20 {
        assert!(watcher.get().is_err());
    }
    replace(&path, "x");
    eventually("the parser's error", || reported().len() == 2);
    replace(&path, "1");
    eventually("content", || watcher.get().is_ok_and(|n| *n == 1));
    std::fs::remove_file(&path).unwrap();
    eventually("that it is missing", || reported().len() == 3);
    let checked = watcher.status().last_checked;
    eventually("another poll", || watcher.status().last_checked > checked);
    let texts = reported();
    assert!(texts[0].ends_with("the file does not exist") && texts[2] == texts[0], "{texts:?}");
    assert!(texts[1].ends_with("cannot be parsed: invalid digit found in string"), "{texts:?}");
    assert_eq!(watcher.last_error().unwrap().to_string(), texts[2]);
    assert_eq!(watcher.status().last_error.as_ref(), Some(&texts[2]));
    assert_eq!(*watcher.get().unwrap(), 1);
}

#[test]
fn display_shows_the_reason() {
    let dir = Dir::new();
    let missing = FileWatcher::builder(dir.path("missing")).build(number).unwrap();
    let broken = FileWatcher::builder(dir.write("broken", "x")).build(number).unwrap();
    let short = Duration::from_millis(1);
    let path = |name| dir.path(name).display().to_string();
    let [missing_path, broken_path] = [path("missing"), path("broken")];
    let texts = [
        missing.get().unwrap_err().to_string(),
        broken.last_error().unwrap().to_string(),
        broken.get().unwrap_err().to_string(),
        broken.wait_available(short).unwrap_err().to_string(),
    ];
    let why = "cannot be parsed: invalid digit found in string";
    let expected = [
        format!("{missing_path}: no content has been loaded yet: the file does not exist"),
        format!("{broken_path}: {why}"),
        format!("{broken_path}: no content has been loaded yet: {why}"),
        format!("{broken_path}: no content could be loaded within 1ms: {why}"),
    ];
    assert_eq!(texts, expected);
}

#[test]
fn reads_of_a_broken_file_neither_parse_nor_report_again() {
    let dir = Dir::new();
    let path = dir.write("n", "x");
    let (parsed, reported) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (Arc::clone(&parsed), Arc::clone(&reported));
    let start = Instant::now();
    let watcher = FileWatcher::builder(&path)
        .load_on_read(true)
        .on_error(move |_| {
            counters.1.fetch_add(1, Ordering::Relaxed);
        })
        .build(move |bytes| {
            counters.0.fetch_add(1, Ordering::Relaxed);
            number(bytes)
        })
        .unwrap();
    for _ in 0..1_000 {
        assert!(watcher.get().is_err());
    }
    // A read may have the same content parsed again every 100 ms.
    let most = 2 + start.elapsed().as_millis() as usize / 100;
    assert!(parsed.load(Ordering::Relaxed) <= most, "{parsed:?} parses, at most {most}");
    assert_eq!(reported.load(Ordering::Relaxed), 1);
    // Other content that is rejected for the same reason counts as new.
    replace(&path, "y");
    eventually("the second report", || reported.load(Ordering::Relaxed) == 2);
}

#[test]
fn slow_parsers_delay_no_other_file() {
    let dir = Dir::new();
    let mut release = Vec::new();
    let slow: Vec<_> = (0..4)
        .map(|file| {
            let path = dir.write(&format!("slow-{file}"), "1");
            let (open, gate) = mpsc::channel::<()>();
            let (enter, entered) = mpsc::channel();
            let watcher = FileWatcher::builder(&path)
                .build(move |bytes| {
                    if bytes != b"1" {
                        enter.send(()).unwrap();
                        let _ = gate.recv();
                    }
                    number(bytes)
                })
                .unwrap();
            replace(&path, "2");
            entered.recv_timeout(DEADLINE).expect("a thread for this parser");
            release.push(open);
            watcher
        })
        .collect();
    let path = dir.write("quick", "1");
    let quick = FileWatcher::builder(&path).build(number).unwrap();
    replace(&path, "2");
    assert_eq!(*quick.wait_changed(1, DEADLINE).expect("not delayed").data, 2);
    assert!(slow.iter().all(|watcher| *watcher.get().unwrap() == 1));
    drop(release);
    for watcher in &slow {
        assert_eq!(*watcher.wait_changed(1, DEADLINE).expect("after all").data, 2);
    }
}

#[test]
fn a_parser_may_watch_another_file() {
    let dir = Dir::new();
    let inner = dir.write("inner", "41");
    let outer = dir.write("outer", "1");
    let watcher = FileWatcher::builder(&outer)
        .build(move |bytes| {
            let other = FileWatcher::builder(&inner).build(number)?;
            Ok(number(bytes)? + *other.get()?)
        })
        .unwrap();
    assert_eq!(*watcher.get().unwrap(), 42);
}

#[test]
fn text_is_utf_8_with_universal_newlines_by_default() {
    let dir = Dir::new();
    let path = dir.write("text", "a\r\nb\rc\n");
    let read = |options| FileWatcher::builder(&path).text(options, |text| Ok(text.to_string())).unwrap();
    let universal = read(TextOptions::new());
    assert_eq!(*universal.get().unwrap(), "a\nb\nc\n");
    for newlines in [Newlines::Keep, Newlines::Lf, Newlines::Cr, Newlines::CrLf] {
        assert_eq!(*read(TextOptions::new().newlines(newlines)).get().unwrap(), "a\r\nb\rc\n");
    }
    replace(&path, b"ab\xff");
    eventually("the error", || {
        matches!(universal.last_error().as_deref(), Some(Error::NotUtf8 { valid_up_to: 2, .. }))
    });
    assert_eq!(*universal.get().unwrap(), "a\nb\nc\n");
}

#[test]
fn options_that_cannot_work_are_refused() {
    let refused = |builder: ld_filewatch::Builder<u64>| {
        matches!(builder.build(number), Err(Error::InvalidOption { .. }))
    };
    let error = FileWatcher::builder("").build(number).unwrap_err();
    assert_eq!(error.to_string(), "path: must not be empty");
    assert!(refused(FileWatcher::builder("/x").poll_interval(Duration::ZERO)));
    assert!(refused(FileWatcher::builder("/x").events(false).poll_interval(Duration::MAX)));
}

#[test]
fn a_read_without_content_has_the_file_parsed_again() {
    let dir = Dir::new();
    let path = dir.write("n", "1");
    let mut ready = false;
    let watcher = FileWatcher::builder(&path)
        .poll_interval(Duration::MAX)
        .load_on_read(true)
        .build(
            move |bytes| {
                if std::mem::replace(&mut ready, true) { number(bytes) } else { Err("not yet".into()) }
            },
        )
        .unwrap();
    assert_eq!(*watcher.get().unwrap(), 1);
}

#[cfg(all(feature = "json", feature = "toml"))]
#[test]
fn json_and_toml_files_need_no_parser() {
    let dir = Dir::new();
    type Content = std::collections::BTreeMap<String, Vec<u32>>;
    let json = FileWatcher::<Content>::builder(dir.write("a.json", r#"{"a": [1, 2]}"#)).json().unwrap();
    let toml = FileWatcher::<Content>::builder(dir.write("a.toml", "a = [1, 2]")).toml().unwrap();
    assert_eq!(json.get().unwrap()["a"], [1, 2]);
    assert_eq!(*json.get().unwrap(), *toml.get().unwrap());
}
