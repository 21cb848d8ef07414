//! The judge on synthetic observations.

use std::time::Duration;

use super::file_judge::Finding;
use super::*;
use crate::nodes::{Content, History};

const SECOND: Duration = Duration::from_secs(1);

/// A history of node 0 with one acknowledged version a second, from second 1 on.
fn history(versions: u32) -> History {
    let history = History::new(2);
    for second in 1..=versions {
        let version = history.begin(0);
        history.acknowledge(0, version, SECOND * second);
    }
    history
}

fn at(seconds: u32) -> Conditions {
    Conditions {
        now: SECOND * seconds,
        undisturbed_since: Some(Duration::ZERO),
        resumed_at: None,
        unreadable: None,
        may_roll_back: false,
        ensemble_is_empty: false,
    }
}

fn file(inode: u64, mtime: u32, content: Content) -> Observation {
    Observation::File(RegularFile { inode, size: 100, mtime: SECOND * mtime, content })
}

fn version(version: u64) -> Content {
    Content::Whole { node: 0, version }
}

fn violations(finding: Finding) -> Vec<Violation> {
    finding.violations.into_iter().map(|(violation, _)| violation).collect()
}

#[test]
fn a_file_that_follows_its_node_is_right() {
    let history = history(3);
    let mut judge = FileJudge::new(0, 0);
    for (inode, number) in [(1, 1), (2, 2), (3, 3)] {
        let finding = judge.observe(file(inode, 3, version(number)), &history, at(3));
        assert_eq!((finding.violations.len(), finding.applied), (0, Some(number)));
    }
    assert!(judge.is_right());
    let touched = judge.observe(file(3, 60, version(3)), &history, at(60));
    assert!(touched.heartbeat && touched.violations.is_empty());
}

#[test]
fn torn_content_is_found() {
    let mut judge = FileJudge::new(0, 0);
    let torn = judge.observe(file(1, 1, Content::Torn("half".into())), &history(1), at(1));
    assert_eq!(violations(torn), [Violation::Torn]);
}

#[test]
fn a_pointer_instead_of_its_object_is_found() {
    let mut judge = FileJudge::new(0, 0);
    let pointer = judge.observe(file(1, 1, Content::Pointer), &history(1), at(1));
    assert_eq!(violations(pointer), [Violation::Pointer]);
    let touched = judge.observe(file(1, 2, Content::Pointer), &history(1), at(2));
    assert_eq!(violations(touched), [Violation::FalseHeartbeat]);
}

#[test]
fn content_that_was_never_written_counts_as_torn() {
    let history = history(1);
    let unknown = FileJudge::new(0, 0).observe(file(1, 1, version(9)), &history, at(1));
    assert_eq!(violations(unknown), [Violation::Torn]);
    let other = FileJudge::new(1, 1).observe(file(1, 1, version(1)), &history, at(1));
    assert_eq!(violations(other), [Violation::Torn], "another node's content");
}

#[test]
fn an_older_version_after_a_removal_is_found() {
    let history = history(3);
    let mut judge = FileJudge::new(0, 0);
    judge.observe(file(1, 3, version(3)), &history, at(3));
    judge.observe(Observation::Missing, &history, at(4));
    let back = judge.observe(file(2, 5, version(2)), &history, at(5));
    assert_eq!(violations(back), [Violation::Backwards]);
}

#[test]
fn a_restore_and_an_unknown_outcome_excuse_older_versions() {
    let restored = history(3);
    let mut judge = FileJudge::new(0, 0);
    judge.observe(file(1, 3, version(3)), &restored, at(3));
    let conditions = Conditions { may_roll_back: true, ..at(4) };
    assert_eq!(violations(judge.observe(file(2, 4, version(1)), &restored, conditions)), []);

    let unknown = history(3);
    unknown.mark_unknown(0, 2);
    let mut judge = FileJudge::new(0, 0);
    judge.observe(file(1, 3, version(3)), &unknown, at(3));
    assert_eq!(violations(judge.observe(file(2, 4, version(2)), &unknown, at(4))), []);
}

#[test]
fn a_heartbeat_on_an_outdated_file_is_false() {
    // Version 2 was written at second 2, and the file still holds version 1.
    let history = history(2);
    let mut judge = FileJudge::new(0, 0);
    judge.observe(file(1, 1, version(1)), &history, at(1));
    let soon = judge.observe(file(1, 8, version(1)), &history, at(8));
    assert_eq!(violations(soon), [], "6 s late is within the tolerance");
    let late = judge.observe(file(1, 9, version(1)), &history, at(9));
    assert_eq!(violations(late), [Violation::FalseHeartbeat]);
}

#[test]
fn a_heartbeat_of_a_watcher_that_just_resumed_is_excused() {
    let history = history(2);
    let mut judge = FileJudge::new(0, 0);
    judge.observe(file(1, 1, version(1)), &history, at(1));
    let thawed = Conditions { resumed_at: Some(SECOND * 14), ..at(15) };
    assert_eq!(violations(judge.observe(file(1, 15, version(1)), &history, thawed)), []);
}

#[test]
fn a_change_of_an_unreadable_node_has_more_time() {
    let history = history(2);
    let unreadable = |now| Conditions { unreadable: Some((SECOND, SECOND * 5)), ..at(now) };
    let mut judge = FileJudge::new(0, 0);
    judge.observe(file(1, 1, version(1)), &history, unreadable(1));
    assert_eq!(violations(judge.observe(file(1, 13, version(1)), &history, unreadable(13))), []);
    let late = judge.observe(file(1, 14, version(1)), &history, unreadable(14));
    assert_eq!(violations(late), [Violation::FalseHeartbeat]);
}

#[test]
fn a_heartbeat_on_an_edited_file_is_false_at_once() {
    let history = history(1);
    let mut judge = FileJudge::new(0, 0);
    judge.observe(file(1, 2, Content::Edited), &history, at(2));
    let touched = judge.observe(file(1, 3, Content::Edited), &history, at(3));
    assert_eq!(violations(touched), [Violation::FalseHeartbeat]);
}

#[test]
fn a_file_that_never_converges_is_reported_once() {
    let history = history(2);
    let mut judge = FileJudge::new(0, 0);
    assert_eq!(violations(judge.observe(file(1, 1, version(1)), &history, at(22))), []);
    assert_eq!(violations(judge.observe(file(1, 1, version(1)), &history, at(23))), [Violation::Lost]);
    assert_eq!(violations(judge.observe(file(1, 1, version(1)), &history, at(24))), []);
    assert!(!judge.is_right());
}

#[test]
fn the_time_to_converge_begins_after_the_last_fault() {
    let history = history(2);
    let mut judge = FileJudge::new(0, 0);
    let disturbed = Conditions { undisturbed_since: None, ..at(60) };
    assert_eq!(violations(judge.observe(Observation::Other, &history, disturbed)), []);
    let undisturbed = |now| Conditions { undisturbed_since: Some(SECOND * 60), ..at(now) };
    assert_eq!(violations(judge.observe(Observation::Other, &history, undisturbed(80))), []);
    assert_eq!(violations(judge.observe(Observation::Other, &history, undisturbed(81))), [Violation::Lost]);
    let right = judge.observe(file(2, 82, version(2)), &history, undisturbed(82));
    assert_eq!(right.recovered, Some(SECOND * 22));
}

#[test]
fn a_deletion_removes_a_file_and_an_empty_ensemble_does_not() {
    let history = history(1);
    let mut judge = FileJudge::new(0, 0);
    judge.observe(file(1, 1, version(1)), &history, at(1));
    let ensemble_is_empty = Conditions { ensemble_is_empty: true, ..at(2) };
    assert_eq!(
        violations(judge.observe(Observation::Missing, &history, ensemble_is_empty)),
        [Violation::Emptied]
    );

    let deletion = history.begin_deletion(0);
    history.acknowledge(0, deletion, SECOND * 3);
    let mut judge = FileJudge::new(0, 0);
    judge.observe(file(1, 1, version(1)), &history, at(1));
    assert_eq!(violations(judge.observe(file(1, 1, version(1)), &history, at(24))), [Violation::Lost]);
    judge.observe(Observation::Missing, &history, at(25));
    assert!(judge.is_right());
}

/// The stream of one host of node 0, which was meant to have version 1, then candidate 2 if it is
/// inside the share, and version 1 again.
fn rollout(is_inside: bool) -> History {
    let history = History::new(2);
    for version in 1..=2 {
        history.begin(0);
        history.acknowledge(0, version, SECOND);
    }
    history.settle(1, 1, SECOND);
    history.add_candidate(0, 2, false);
    if is_inside {
        history.settle(1, 2, SECOND * 2);
    }
    history
}

#[test]
fn a_candidate_outside_its_share_is_found_once() {
    let history = rollout(false);
    let mut judge = FileJudge::new(0, 1);
    assert_eq!(violations(judge.observe(file(1, 2, version(1)), &history, at(2))), []);
    let shown = judge.observe(file(2, 3, version(2)), &history, at(3));
    assert_eq!(violations(shown), [Violation::Candidate]);
    assert_eq!(violations(judge.observe(file(2, 3, version(2)), &history, at(4))), []);
}

#[test]
fn a_candidate_of_a_share_that_was_not_read_is_right() {
    let history = rollout(false);
    history.add_unknown(1, 2);
    history.settle(1, 1, SECOND * 2);
    let mut judge = FileJudge::new(0, 1);
    for (inode, number) in [(1, 1), (2, 2), (3, 1)] {
        assert_eq!(violations(judge.observe(file(inode, 2, version(number)), &history, at(2))), []);
    }
    assert!(judge.is_right());
}

#[test]
fn a_candidate_again_after_its_end_is_found() {
    let history = rollout(true);
    history.settle(1, 1, SECOND * 3);
    let mut judge = FileJudge::new(0, 1);
    for (inode, number) in [(1, 1), (2, 2), (3, 1)] {
        assert_eq!(violations(judge.observe(file(inode, 4, version(number)), &history, at(4))), []);
    }
    assert!(judge.is_right());
    // The stable content is the same document as before the rollout: only its place differs.
    history.begin_document(1, 3);
    history.settle(1, 3, SECOND * 5);
    judge.observe(file(4, 5, version(3)), &history, at(5));
    let again = judge.observe(file(5, 6, version(2)), &history, at(6));
    assert_eq!(violations(again), [Violation::Candidate]);
}

#[test]
fn a_host_that_keeps_a_candidate_after_its_end_is_found() {
    let history = rollout(true);
    history.settle(1, 1, SECOND * 3);
    let mut judge = FileJudge::new(0, 1);
    judge.observe(file(1, 2, version(2)), &history, at(2));
    let touched = judge.observe(file(1, 10, version(2)), &history, at(10));
    assert_eq!(violations(touched), [Violation::FalseHeartbeat]);
    let kept = judge.observe(file(1, 10, version(2)), &history, at(24));
    assert_eq!(violations(kept), [Violation::Lost]);
}
