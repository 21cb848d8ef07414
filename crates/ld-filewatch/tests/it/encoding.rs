//! Text in other encodings than UTF-8.

use ld_filewatch::testing::FakeFileWatcher;
use ld_filewatch::{Error, FileWatcher, TextOptions};

use crate::kit::{Dir, eventually, replace};

#[test]
fn text_is_read_in_the_chosen_encoding() {
    let dir = Dir::new();
    let path = dir.write("latin", b"caf\xe9\r\nbar");
    let options = TextOptions::new().encoding(encoding_rs::WINDOWS_1252);
    let watcher = FileWatcher::builder(&path).text(options, |text| Ok(text.to_string())).unwrap();
    assert_eq!(*watcher.get().unwrap(), "café\nbar");
    replace(&path, b"\xfcber");
    eventually("the new text", || *watcher.get().unwrap() == "über");
}

#[test]
fn bytes_that_are_not_of_the_encoding_are_an_error() {
    let options = TextOptions::new().encoding(encoding_rs::SHIFT_JIS);
    let fake = FakeFileWatcher::with_text(options, |text| Ok(text.to_string()));
    fake.set_bytes(b"\x83\x65\x83\x58\x83\x67");
    assert_eq!(*fake.watcher().get().unwrap(), "テスト");
    fake.set_bytes(b"\x83");
    let error = fake.watcher().last_error().unwrap();
    assert!(matches!(*error, Error::NotEncoded { encoding: "Shift_JIS", .. }), "{error}");
    assert_eq!(error.to_string(), "fake: not valid Shift_JIS");
}
