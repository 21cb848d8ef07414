//! Synthetic observations.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A ledger of node 0 with a version acknowledged each second from second 1 on.
fn ledger(versions: u32) -> Ledger {
    let ledger = Ledger::new(2);
    for second in 1..=versions {
        let version = ledger.begin(0);
        ledger.held(0, version, SECOND * second);
    }
    ledger
}

fn at(seconds: u32) -> Circumstances {
    Circumstances {
        now: SECOND * seconds,
        undisturbed: Some(Duration::ZERO),
        thawed: None,
        unreadable: None,
        may_go_back: false,
        void: false,
    }
}

fn file(inode: u64, mtime: u32, content: Content) -> Seen {
    Seen::File(Sight { inode, size: 100, mtime: SECOND * mtime, content })
}

fn version(version: u64) -> Content {
    Content::Whole { node: 0, version }
}

fn violations(finding: Finding) -> Vec<Violation> {
    finding.violations.into_iter().map(|(violation, _)| violation).collect()
}

#[test]
fn a_file_that_follows_is_without_fault() {
    let ledger = ledger(3);
    let mut judge = Judge::new(0);
    for (inode, number) in [(1, 1), (2, 2), (3, 3)] {
        let finding = judge.look(file(inode, 3, version(number)), &ledger, at(3));
        assert_eq!((finding.violations.len(), finding.applied), (0, Some(number)));
    }
    assert!(judge.is_right());
    let touched = judge.look(file(3, 60, version(3)), &ledger, at(60));
    assert!(touched.heartbeat && touched.violations.is_empty());
}

#[test]
fn torn_content_is_found() {
    let mut judge = Judge::new(0);
    let torn = judge.look(file(1, 1, Content::Torn("half".into())), &ledger(1), at(1));
    assert_eq!(violations(torn), [Violation::Torn]);
}

#[test]
fn content_that_nobody_wrote_counts_as_torn() {
    let ledger = ledger(1);
    let alien = Judge::new(0).look(file(1, 1, version(9)), &ledger, at(1));
    assert_eq!(violations(alien), [Violation::Torn]);
    let other = Judge::new(1).look(file(1, 1, version(1)), &ledger, at(1));
    assert_eq!(violations(other), [Violation::Torn], "another node's content");
}

#[test]
fn an_older_version_is_found_also_across_a_removal() {
    let ledger = ledger(3);
    let mut judge = Judge::new(0);
    judge.look(file(1, 3, version(3)), &ledger, at(3));
    judge.look(Seen::Missing, &ledger, at(4));
    let back = judge.look(file(2, 5, version(2)), &ledger, at(5));
    assert_eq!(violations(back), [Violation::Backwards]);
}

#[test]
fn a_restored_ensemble_and_a_doubtful_write_may_go_back() {
    let restored = ledger(3);
    let mut judge = Judge::new(0);
    judge.look(file(1, 3, version(3)), &restored, at(3));
    let world = Circumstances { may_go_back: true, ..at(4) };
    assert_eq!(violations(judge.look(file(2, 4, version(1)), &restored, world)), []);

    let doubtful = ledger(3);
    doubtful.doubt(0, 2);
    let mut judge = Judge::new(0);
    judge.look(file(1, 3, version(3)), &doubtful, at(3));
    assert_eq!(violations(judge.look(file(2, 4, version(2)), &doubtful, at(4))), []);
}

#[test]
fn a_heartbeat_on_an_outdated_file_is_false_beyond_the_tolerance() {
    // Version 2 came at second 2, and the file still holds version 1.
    let ledger = ledger(2);
    let mut judge = Judge::new(0);
    judge.look(file(1, 1, version(1)), &ledger, at(1));
    let soon = judge.look(file(1, 8, version(1)), &ledger, at(8));
    assert_eq!(violations(soon), [], "6 s late is within the tolerance");
    let late = judge.look(file(1, 9, version(1)), &ledger, at(9));
    assert_eq!(violations(late), [Violation::FalseHeartbeat]);
}

#[test]
fn a_heartbeat_of_a_watcher_that_has_just_thawed_is_forgiven() {
    let ledger = ledger(2);
    let mut judge = Judge::new(0);
    judge.look(file(1, 1, version(1)), &ledger, at(1));
    let thawed = Circumstances { thawed: Some(SECOND * 14), ..at(15) };
    assert_eq!(violations(judge.look(file(1, 15, version(1)), &ledger, thawed)), []);
}

#[test]
fn a_change_that_the_watcher_might_not_read_is_given_more_time() {
    let ledger = ledger(2);
    let unreadable = |now| Circumstances { unreadable: Some((SECOND, SECOND * 5)), ..at(now) };
    let mut judge = Judge::new(0);
    judge.look(file(1, 1, version(1)), &ledger, unreadable(1));
    assert_eq!(violations(judge.look(file(1, 13, version(1)), &ledger, unreadable(13))), []);
    let late = judge.look(file(1, 14, version(1)), &ledger, unreadable(14));
    assert_eq!(violations(late), [Violation::FalseHeartbeat]);
}

#[test]
fn a_heartbeat_on_an_edited_file_is_false_at_once() {
    let ledger = ledger(1);
    let mut judge = Judge::new(0);
    judge.look(file(1, 2, Content::Edited), &ledger, at(2));
    let touched = judge.look(file(1, 3, Content::Edited), &ledger, at(3));
    assert_eq!(violations(touched), [Violation::FalseHeartbeat]);
}

#[test]
fn a_file_that_never_converges_is_lost_once() {
    let ledger = ledger(2);
    let mut judge = Judge::new(0);
    assert_eq!(violations(judge.look(file(1, 1, version(1)), &ledger, at(22))), []);
    assert_eq!(violations(judge.look(file(1, 1, version(1)), &ledger, at(23))), [Violation::Lost]);
    assert_eq!(violations(judge.look(file(1, 1, version(1)), &ledger, at(24))), []);
    assert!(!judge.is_right());
}

#[test]
fn a_disturbed_file_has_time_from_the_moment_of_healing() {
    let ledger = ledger(2);
    let mut judge = Judge::new(0);
    let disturbed = Circumstances { undisturbed: None, ..at(60) };
    assert_eq!(violations(judge.look(Seen::Other, &ledger, disturbed)), []);
    let healed = |now| Circumstances { undisturbed: Some(SECOND * 60), ..at(now) };
    assert_eq!(violations(judge.look(Seen::Other, &ledger, healed(80))), []);
    assert_eq!(violations(judge.look(Seen::Other, &ledger, healed(81))), [Violation::Lost]);
    let right = judge.look(file(2, 82, version(2)), &ledger, healed(82));
    assert_eq!(right.healed, Some(SECOND * 22));
}

#[test]
fn an_empty_ensemble_must_not_empty_files_but_a_deletion_must() {
    let ledger = ledger(1);
    let mut judge = Judge::new(0);
    judge.look(file(1, 1, version(1)), &ledger, at(1));
    let void = Circumstances { void: true, ..at(2) };
    assert_eq!(violations(judge.look(Seen::Missing, &ledger, void)), [Violation::Emptied]);

    let deletion = ledger.begin_deletion(0);
    ledger.held(0, deletion, SECOND * 3);
    let mut judge = Judge::new(0);
    judge.look(file(1, 1, version(1)), &ledger, at(1));
    assert_eq!(violations(judge.look(file(1, 1, version(1)), &ledger, at(24))), [Violation::Lost]);
    judge.look(Seen::Missing, &ledger, at(25));
    assert!(judge.is_right());
}
