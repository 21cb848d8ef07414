//! Back to earlier publications.

use std::future::pending;
use std::pin::pin;

use ld_publish::{Error, HistoryError, Note, Publication, Rollback};

use crate::kit::{MAX_NODE_BYTES, Rig, history, note, poll_times, within};

async fn planned(rig: &Rig, path: &str, number: Option<u32>) -> Result<Rollback, Error> {
    rig.history.plan_rollback(&rig.client, path, number, MAX_NODE_BYTES).await
}

async fn roll_back(rig: &Rig, path: &str, number: Option<u32>) {
    let rollback = planned(rig, path, number).await.unwrap();
    let note = Note::new("bob@host", rollback.message()).unwrap();
    let publication = Publication::of_changes(rollback.plans).unwrap();
    rig.history.commit(&publication, &note, pending()).await.unwrap();
}

#[tokio::test]
async fn it_goes_to_the_publication_before_the_present_one() {
    let rig = Rig::new(20, &["/app"]).await;
    rig.publish(&[("/app", b"a")], "a").await.unwrap();
    rig.publish(&[("/app", b"b")], "b").await.unwrap();
    roll_back(&rig, "/app", None).await;
    assert_eq!(rig.content("/app"), "a");
    let log = rig.log("/app").await;
    let (last, number) = (log.entries.last().unwrap(), log.entries[1].number);
    assert_eq!((last.author.as_str(), last.version), ("bob@host", 3));
    assert_eq!(last.message, format!("roll back /app to publication {number}"));
    // A rollback is a publication: this one is taken back, too.
    roll_back(&rig, "/app", None).await;
    assert_eq!(rig.content("/app"), "b");
}

#[tokio::test]
async fn the_message_fits_whatever_the_path() {
    let path = format!("/{}", "a".repeat(1_000));
    let rig = Rig::new(20, &[&path]).await;
    rig.publish(&[(&path, b"a")], "a").await.unwrap();
    let number = rig.log(&path).await.entries[0].number;
    roll_back(&rig, &path, None).await;
    let message = rig.log(&path).await.entries.last().unwrap().message.clone();
    assert_eq!(message, format!("roll back to publication {number} of the first node of the group"));
}

#[tokio::test]
async fn it_goes_to_any_publication_that_is_kept() {
    let rig = Rig::new(20, &["/app"]).await;
    for content in ["a", "b", "c"] {
        rig.publish(&[("/app", content.as_bytes())], content).await.unwrap();
    }
    let numbers: Vec<u32> = rig.log("/app").await.entries.iter().map(|entry| entry.number).collect();
    for (number, content) in numbers.iter().zip(["old", "a", "b"]) {
        roll_back(&rig, "/app", Some(*number)).await;
        assert_eq!(rig.content("/app"), content);
    }
    let error = planned(&rig, "/app", Some(4_711)).await.unwrap_err();
    assert!(matches!(error, Error::History(HistoryError::NoPublication { number: 4_711, .. })), "{error}");
}

#[tokio::test]
async fn a_change_by_another_tool_is_taken_back_and_kept() {
    let rig = Rig::new(20, &["/app"]).await;
    rig.publish(&[("/app", b"a")], "a").await.unwrap();
    rig.set("/app", "theirs");
    roll_back(&rig, "/app", None).await;
    assert_eq!(rig.content("/app"), "a");
    roll_back(&rig, "/app", None).await;
    assert_eq!(rig.content("/app"), "theirs");
}

#[tokio::test]
async fn a_group_goes_back_as_one() {
    let rig = Rig::new(20, &["/a", "/b", "/c"]).await;
    rig.publish(&[("/a", b"a1"), ("/b", b"b1")], "both").await.unwrap();
    rig.publish(&[("/b", b"b2"), ("/c", b"c2")], "others").await.unwrap();
    let rollback = planned(&rig, "/b", None).await.unwrap();
    let paths: Vec<&str> = rollback.plans.iter().map(|plan| plan.path()).collect();
    assert_eq!(paths, ["/b", "/c"]);
    let contents: Vec<&[u8]> = rollback.plans.iter().map(|plan| plan.new_content()).collect();
    assert_eq!(contents, [&b"b1"[..], b"old"]);
    roll_back(&rig, "/b", None).await;
    assert_eq!(["/a", "/b", "/c"].map(|path| rig.content(path)), ["a1", "b1", "old"]);
    let log = rig.log("/c").await;
    assert_eq!(log.present().unwrap().group, ["/b", "/c"]);
    let zxids = [rig.log("/b").await, log].map(|log| log.present().unwrap().zxid);
    assert_eq!(zxids[0], zxids[1]);
    // One further publication of /a is undone with the group that it was of.
    rig.publish(&[("/a", b"a4")], "alone").await.unwrap();
    let number = rig.log("/b").await.entries[0].number;
    roll_back(&rig, "/b", Some(number)).await;
    assert_eq!(["/a", "/b", "/c"].map(|path| rig.content(path)), ["old", "old", "old"]);
}

#[tokio::test]
async fn other_publications_of_a_group_member_stay() {
    let rig = Rig::new(20, &["/a", "/b"]).await;
    rig.publish(&[("/a", b"a1"), ("/b", b"b1")], "both").await.unwrap();
    rig.publish(&[("/a", b"a2")], "alone").await.unwrap();
    rig.publish(&[("/b", b"b2")], "alone").await.unwrap();
    // Only the publication of /a alone is undone, and not the one that it goes back to.
    roll_back(&rig, "/a", None).await;
    assert_eq!(["/a", "/b"].map(|path| rig.content(path)), ["a1", "b2"]);
    rig.publish(&[("/b", b"b3")], "alone").await.unwrap();
    rig.publish(&[("/a", b"a4"), ("/b", b"b4")], "both").await.unwrap();
    // /b goes back to right before both, and keeps its own publication before that.
    roll_back(&rig, "/a", None).await;
    assert_eq!(["/a", "/b"].map(|path| rig.content(path)), ["a1", "b3"]);
}

#[tokio::test]
async fn a_group_member_without_that_time_refuses() {
    let rig = Rig::new(2, &["/a", "/b"]).await;
    rig.publish(&[("/a", b"a1"), ("/b", b"b1")], "both").await.unwrap();
    for content in ["b2", "b3"] {
        rig.publish(&[("/b", content.as_bytes())], "").await.unwrap();
    }
    rig.prune("/b").await;
    let error = planned(&rig, "/a", None).await.unwrap_err();
    assert!(
        matches!(&error, Error::History(HistoryError::GroupIncomplete { path, .. }) if path == "/b"),
        "{error}"
    );
}

#[tokio::test]
async fn a_group_goes_back_to_what_other_tools_wrote() {
    // Whichever was made first.
    for path in ["/a", "/b"] {
        let rig = Rig::new(20, &["/a", "/b"]).await;
        rig.publish(&[("/a", b"a1"), ("/b", b"b1")], "both").await.unwrap();
        rig.set("/a", "theirs");
        rig.set("/b", "theirs");
        rig.publish(&[("/a", b"a3"), ("/b", b"b3")], "both").await.unwrap();
        roll_back(&rig, path, None).await;
        assert_eq!(["/a", "/b"].map(|path| rig.content(path)), ["theirs", "theirs"]);
        let first = rig.log(path).await.entries[0].number;
        roll_back(&rig, path, Some(first)).await;
        assert_eq!(["/a", "/b"].map(|path| rig.content(path)), ["old", "old"]);
    }
}

#[tokio::test]
async fn a_group_member_goes_back_to_right_before_the_group() {
    let rig = Rig::new(20, &["/a", "/b"]).await;
    rig.publish(&[("/b", b"b1")], "").await.unwrap();
    // Of these two only the last one is kept. What /b held at the publication of /a is lost.
    rig.set("/b", "lost");
    rig.publish(&[("/a", b"a1")], "").await.unwrap();
    rig.set("/b", "kept");
    rig.publish(&[("/a", b"a2"), ("/b", b"b2")], "both").await.unwrap();
    roll_back(&rig, "/a", None).await;
    assert_eq!(["/a", "/b"].map(|path| rig.content(path)), ["a1", "kept"]);
}

#[tokio::test]
async fn a_group_member_that_was_made_again_keeps_its_second_life() {
    let rig = Rig::new(20, &["/a", "/b"]).await;
    rig.publish(&[("/b", b"first life")], "").await.unwrap();
    rig.admin().delete(&rig.full("/b")).unwrap();
    rig.publish(&[("/a", b"a1")], "").await.unwrap();
    rig.admin().create(&rig.full("/b"), "second life").unwrap();
    rig.publish(&[("/a", b"a2"), ("/b", b"b2")], "both").await.unwrap();
    roll_back(&rig, "/a", None).await;
    assert_eq!(["/a", "/b"].map(|path| rig.content(path)), ["a1", "second life"]);
}

#[tokio::test]
async fn a_group_member_that_is_gone_is_named() {
    let rig = Rig::new(20, &["/a", "/b"]).await;
    rig.publish(&[("/a", b"a1"), ("/b", b"b1")], "both").await.unwrap();
    rig.admin().delete(&rig.full("/b")).unwrap();
    let error = planned(&rig, "/a", None).await.unwrap_err();
    let gone = |error: &HistoryError| matches!(error, HistoryError::GroupGone { path, .. } if path == "/b");
    assert!(matches!(&error, Error::History(error) if gone(error)), "{error}");
    // The node itself has no other one beside it.
    rig.admin().delete(&rig.full("/a")).unwrap();
    let error = planned(&rig, "/a", None).await.unwrap_err();
    assert!(matches!(&error, Error::Absent { path } if path == "/a"), "{error}");
}

#[tokio::test]
async fn a_publication_meanwhile_stops_it() {
    let rig = Rig::new(20, &["/app"]).await;
    rig.publish(&[("/app", b"a")], "a").await.unwrap();
    let rollback = planned(&rig, "/app", None).await.unwrap();
    rig.publish(&[("/app", b"b")], "b").await.unwrap();
    let publication = Publication::of_changes(rollback.plans).unwrap();
    let error = rig.history.commit(&publication, &note("late"), pending()).await.unwrap_err();
    assert!(matches!(error, Error::ChangedMeanwhile), "{error}");
    assert_eq!(rig.content("/app"), "b");
}

#[tokio::test]
async fn a_publication_at_any_moment_is_not_lost() {
    for times in 1..30 {
        let rig = Rig::new(20, &["/app"]).await;
        rig.publish(&[("/app", b"a")], "a").await.unwrap();
        rig.publish(&[("/app", b"b")], "b").await.unwrap();
        let mut plan = pin!(planned(&rig, "/app", None));
        let early = within("a plan", poll_times(plan.as_mut(), times)).await;
        rig.publish(&[("/app", b"c")], "c").await.unwrap();
        let planned = match early {
            Some(planned) => planned,
            None => within("the rest", plan).await,
        };
        let error = match planned {
            Err(error) => error,
            Ok(rollback) => {
                let note = note(&rollback.message());
                let publication = Publication::of_changes(rollback.plans).unwrap();
                match rig.history.commit(&publication, &note, pending()).await {
                    // All was planned after the publication.
                    Ok(_) => {
                        assert_eq!(rig.content("/app"), "b");
                        continue;
                    }
                    Err(error) => error,
                }
            }
        };
        assert!(matches!(error, Error::ChangedMeanwhile), "{error}");
        assert_eq!(rig.content("/app"), "c");
    }
}

#[tokio::test]
async fn without_anything_earlier_it_says_so() {
    let rig = Rig::new(20, &["/app"]).await;
    let error = planned(&rig, "/app", None).await.unwrap_err();
    assert!(matches!(error, Error::History(HistoryError::NoEarlierPublication { .. })), "{error}");
    let off = history(0).plan_rollback(&rig.client, "/app", None, MAX_NODE_BYTES).await.unwrap_err();
    assert!(matches!(off, Error::History(HistoryError::Off)), "{off}");
}
