//! States and their log lines.

use std::time::Duration;

use futures_util::FutureExt;

use super::*;

fn current() -> Node {
    let config = NodeConfig::new("flags", "/flags", "/nowhere/flags");
    let node = Node::new(0, config, Arc::default());
    node.set_current(
        Version { mzxid: 1, bytes: 1, hash: None },
        Some(Applied { took: Duration::ZERO, propagated: None }),
    );
    node
}

#[tokio::test(start_paused = true)]
async fn a_problem_that_lasts_is_logged_every_ten_minutes() {
    let node = current();
    node.set_unhealthy(State::Rejected, "bad content");
    tokio::time::advance(Duration::from_secs(599)).await;
    assert!(node.take_overdue().is_none());
    for _ in 0..2 {
        tokio::time::advance(Duration::from_secs(1)).await;
        let overdue = node.take_overdue().unwrap();
        assert_eq!((overdue.state, &*overdue.error), (State::Rejected, "bad content"));
        assert!(node.take_overdue().is_none() && !node.set_unhealthy(State::Rejected, "bad content"));
        tokio::time::advance(Duration::from_secs(599)).await;
    }
    node.set_touched();
    tokio::time::advance(Duration::from_secs(600)).await;
    assert!(node.take_overdue().is_none(), "it is healthy");
}

#[test]
fn the_same_complaint_is_logged_once() {
    let node = current();
    assert!(node.set_unhealthy(State::Failing, "it is read-only"));
    let since = node.status(None).since;
    for _ in 0..100 {
        assert!(!node.set_unhealthy(State::Failing, "it is read-only"));
    }
    let status = node.status(None);
    assert_eq!((status.state, status.since, status.attempts), (State::Failing, since, 101));
    assert_eq!(status.last_error.as_deref(), Some("it is read-only"));
    assert!(node.set_unhealthy(State::Failing, "another reason"));
}

#[test]
fn a_heartbeat_makes_a_failing_node_current() {
    let node = current();
    assert!(!node.set_touched());
    node.set_unhealthy(State::Failing, "it is read-only");
    assert!(node.set_touched());
    let status = node.status(None);
    assert_eq!((status.state, status.last_error, status.attempts), (State::Current, None, 0));
    assert!(status.heartbeat_at.is_some());
}

#[test]
fn without_a_problem_of_its_own_it_shows_the_connections() {
    let node = current();
    assert_eq!(node.status(Some("refused")).last_error.as_deref(), Some("refused"));
    node.set_unhealthy(State::Rejected, "bad content");
    assert_eq!(node.status(Some("refused")).last_error.as_deref(), Some("bad content"));
}

#[test]
fn a_status_and_its_revision_are_of_one_moment() {
    let node = current();
    let (_, first) = node.status_and_revision();
    std::thread::scope(|scope| {
        let changes = scope.spawn(|| (0..50_000).for_each(|_| node.count_repair()));
        while !changes.is_finished() {
            let (status, revision) = node.status_and_revision();
            assert_eq!(u64::from(status.counts.repaired), revision - first);
        }
    });
}

#[test]
fn the_first_outcome_is_counted_once() {
    let outcomes = Arc::<Outcomes>::default();
    let new = || Node::new(0, NodeConfig::new("n", "/n", "/n"), Arc::clone(&outcomes));
    let (node, other) = (new(), new());
    node.set_unhealthy(State::Failing, "an error");
    node.set_absent(false);
    assert!(outcomes.settled().now_or_never().is_none());
    other.set_absent(false);
    assert!(outcomes.settled().now_or_never().is_some());
}
