use proptest::prelude::*;

use super::*;

fn stat() -> Stat {
    Stat {
        czxid: 7,
        mzxid: 7,
        pzxid: 7,
        ctime: 1_000,
        mtime: 1_000,
        version: 0,
        cversion: 0,
        aversion: 0,
        ephemeral_owner: 0,
        data_length: 0,
        num_children: 0,
    }
}

fn read(data: &[u8]) -> LogEntry {
    let name = Name { number: 1, sha256: "0".repeat(64) };
    LogEntry::of(name, &stat(), Ok(data))
}

#[test]
fn names_are_read_as_they_are_made() {
    let name = Name { number: 12, sha256: "0a".repeat(32) };
    assert_eq!(name.text(), format!("entry-{}-0000000012", "0a".repeat(32)));
    assert_eq!(Name::parse(&name.text()), Some(name));
    let hash = "0a".repeat(32);
    for other in [
        "contents".to_owned(),
        "entry-0000000012".to_owned(),
        format!("entry-{hash}-12"),
        format!("entry-{hash}-+000000012"),
        format!("entry-{hash}-9999999999"),
        format!("entry-{}-0000000012", "0A".repeat(32)),
        format!("entry-{hash}0-0000000012"),
    ] {
        assert_eq!(Name::parse(&other), None, "{other}");
    }
}

#[test]
fn later_fields_are_ignored_and_later_formats_refused() {
    let entry = read(br#"{"format":1,"version":3,"created":2,"bytes":5,"author":"a","later":[1]}"#);
    assert_eq!((entry.version, entry.created, entry.bytes, entry.zxid), (3, 2, 5, 7));
    assert_eq!((&*entry.author, entry.is_recorded, entry.problem), ("a", true, None));
    let problem = read(br#"{"format":2,"version":3,"created":2,"bytes":5}"#).problem.unwrap();
    assert!(problem.contains("format 2") && problem.contains("update"), "{problem}");
}

#[test]
fn an_unrecorded_entry_has_the_zxid_of_its_content() {
    let json = r#"{"format":1,"version":3,"created":2,"bytes":5,"unrecorded":{"mzxid":6,"mtime":9}}"#;
    let entry = read(json.as_bytes());
    assert_eq!((entry.zxid, entry.time, entry.is_recorded, entry.problem), (6, 9, false, None));
    // It cannot be of the time after its own transaction.
    let entry = read(json.replace("\"mzxid\":6", "\"mzxid\":7").as_bytes());
    assert!(entry.problem.is_some() && entry.zxid == 7, "{entry:?}");
}

proptest! {
    #[test]
    fn any_bytes_are_an_entry_or_a_problem(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        let entry = read(&data);
        prop_assert_eq!(entry.number, 1);
    }

    #[test]
    fn any_name_is_an_entrys_or_not(name in "(entry-)?[0-9a-f]{60,66}-?[0-9]{8,12}") {
        if let Some(parsed) = Name::parse(&name) {
            prop_assert_eq!(parsed.text(), name);
        }
    }
}
