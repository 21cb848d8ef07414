//! Entries that no live data tool wrote.

use ld_publish::{Error, HistoryError, NodeNow};
use ld_testkit::Admin;

use crate::kit::{MAX_NODE_BYTES, Rig};

/// Puts an entry of this content into the history of `/app`.
fn put(rig: &Rig, content: impl AsRef<[u8]>) {
    let path = rig.full(&format!("/live-data/history/app/entry-{}-", "0".repeat(64)));
    let admin: &Admin = rig.admin();
    let number = admin.children(&rig.full("/live-data/history/app")).unwrap().len();
    admin.create(&format!("{path}{:010}", number + 100), content).unwrap();
}

#[tokio::test]
async fn garbage_is_shown_with_why_and_hides_nothing() {
    let rig = Rig::new(20, &["/app"]).await;
    rig.publish(&[("/app", b"a")], "a").await.unwrap();
    let deep = "[".repeat(100_000);
    let huge = vec![b'x'; 300 << 10];
    let contents: [&[u8]; 6] = [
        b"",
        b"\xff\xfe",
        deep.as_bytes(),
        &huge,
        br#"{"format":9,"version":1,"created":1,"bytes":1}"#,
        br#"{"format":1,"version":1,"created":1,"bytes":1,"unrecorded":{"mzxid":9223372036854775807,"mtime":-1}}"#,
    ];
    for content in contents {
        put(&rig, content);
    }
    let log = rig.log("/app").await;
    assert_eq!(log.entries.iter().filter(|entry| entry.problem.is_some()).count(), contents.len());
    assert!(matches!(log.now, NodeNow::Published(_)));
    assert_eq!(log.present().unwrap().message, "a");
    // Any of them could be a publication of a later version.
    let error = rig.history.plan_rollback(&rig.client, "/app", None, MAX_NODE_BYTES).await.unwrap_err();
    assert!(matches!(error, Error::History(HistoryError::Entry { .. })), "{error}");
    // Publishing goes on.
    rig.publish(&[("/app", b"b")], "b").await.unwrap();
    assert_eq!(rig.log("/app").await.present().unwrap().message, "b");
}

#[tokio::test]
async fn escape_sequences_are_kept_as_they_are() {
    let rig = Rig::new(20, &["/app"]).await;
    let message = "\x1b[2J\u{202e}line\nline";
    rig.publish(&[("/app", b"a")], message).await.unwrap();
    assert_eq!(rig.log("/app").await.present().unwrap().message, message);
}

#[tokio::test]
async fn other_nodes_in_the_directory_are_no_entries() {
    let rig = Rig::new(1, &["/app"]).await;
    rig.publish(&[("/app", b"a")], "a").await.unwrap();
    let place = rig.full("/live-data/history/app");
    for name in ["notes", "entry-1", "contents/notes"] {
        rig.admin().create(&format!("{place}/{name}"), "x").unwrap();
    }
    assert_eq!(rig.lines("/app").await, ["0 -: old", "1 a: a"]);
    rig.publish(&[("/app", b"b")], "b").await.unwrap();
    assert_eq!(rig.prune("/app").await, 1);
    assert_eq!(rig.admin().get(&format!("{place}/contents/notes")).unwrap().0, b"x");
}

#[tokio::test]
async fn a_directory_that_must_not_be_read_is_named() {
    let rig = Rig::new(20, &["/app"]).await;
    let acl = [ld_testkit::Acl::anyone(ld_testkit::Acl::ADMIN)];
    rig.admin().set_acl(&rig.full("/live-data/history"), &acl).unwrap();
    let error = rig.publish(&[("/app", b"a")], "a").await.unwrap_err();
    let is_named =
        matches!(&error, Error::NotAuthorized { path, .. } if path.starts_with("/live-data/history"));
    assert!(is_named, "{error}");
    assert_eq!(rig.content("/app"), "old");
}
