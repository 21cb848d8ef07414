//! What a reading shows while the three nodes change.

use super::*;
use crate::hashing::tests::keep_busy;

#[test]
fn random_changes_never_show_what_is_not_meant() {
    let mut candidates = 0;
    for seed in 0..500 {
        RANDOM.set(fastrand::Rng::with_seed(seed));
        let world = World::new();
        let mut watch = watch(&world);
        for _ in 0..20 {
            {
                let mut world = world.lock().unwrap();
                (0..random(3)).for_each(|_| world.change());
                world.changes_left = random(4);
                world.meant.clear();
                world.note();
            }
            let reading = read(&mut watch);
            let (content, mut world) = (content_of(&reading), world.lock().unwrap());
            let is_meant = world.meant.contains(&content);
            let is_stable = content.as_deref() == world.content(STABLE);
            assert!(is_meant || is_stable, "seed {seed}: {content:?} of {:?}", world.meant);
            candidates += usize::from(!is_stable);
            world.changes_left = 0;
        }
        // The world stands still: one more reading, and no other is due.
        while watch.changed().now_or_never().is_some() {
            let reading = read(&mut watch);
            let world = world.lock().unwrap();
            assert_eq!(content_of(&reading), world.meant_now(), "seed {seed}");
            assert_eq!(reading.session, world.session);
        }
    }
    assert!(candidates > 200, "{candidates}");
}

#[test]
fn a_change_of_any_of_the_three_asks_for_a_reading() {
    let world = World::new();
    let mut watch = watch(&world);
    read(&mut watch);
    let plan = plan_of(b"new", Share::WHOLE).to_bytes();
    let change = |changes: &[(&'static str, Option<Vec<u8>>)]| world.lock().unwrap().set(changes);
    change(&[(PLAN, Some(plan)), (CANDIDATE, Some(b"new".to_vec()))]);
    for (changes, expected) in [
        (vec![], "new"),
        (vec![(CANDIDATE, Some(b"other".to_vec()))], "first"),
        (vec![(CANDIDATE, Some(b"new".to_vec()))], "new"),
        (vec![(STABLE, Some(b"second".to_vec()))], "new"),
        (vec![(PLAN, None)], "second"),
    ] {
        change(&changes);
        assert!(watch.changed().now_or_never().is_some(), "{changes:?}");
        assert_eq!(content_of(&read(&mut watch)).as_deref(), Some(expected.as_bytes()));
        assert!(watch.changed().now_or_never().is_none());
    }
}

#[tokio::test]
async fn a_large_candidate_is_hashed_on_the_thread() {
    let world = World::new();
    let mut watch = watch(&world);
    let large = vec![b'x'; 1 << 20];
    let plan = plan_of(&large, Share::WHOLE).to_bytes();
    world.lock().unwrap().set(&[(PLAN, Some(plan)), (CANDIDATE, Some(large.clone()))]);
    let busy = keep_busy(&watch.hashing);
    assert!(watch.read().now_or_never().is_none());
    drop(busy);
    assert_eq!(content_of(&watch.read().await), Some(large));
}

#[test]
fn nothing_is_asked_of_a_candidate_that_is_not_meant() {
    let world = World::new();
    let mut watch = watch(&world);
    let plan = plan_of(b"new", Share::NONE).to_bytes();
    world.lock().unwrap().set(&[(PLAN, Some(plan)), (CANDIDATE, Some(b"new".to_vec()))]);
    read(&mut watch);
    assert_eq!(world.lock().unwrap().reads.get(CANDIDATE), None);
    world.lock().unwrap().set(&[(CANDIDATE, None)]);
    assert!(watch.changed().now_or_never().is_none());
}

#[test]
fn a_fired_watch_is_seen_without_a_cooperative_budget() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let world = World::new();
        let mut watch = watch(&world);
        read(&mut watch);
        world.lock().unwrap().set(&[(PLAN, Some(Vec::new()))]);
        let free = tokio::sync::Semaphore::new(1);
        while free.acquire().now_or_never().is_some() {}
        assert!(watch.changed().now_or_never().is_some());
    });
}

#[test]
fn the_time_of_a_change_is_that_of_the_plan() {
    let world = World::new();
    let mut watch = watch(&world);
    let mtime = |reading: Reading| match reading.state {
        NodeState::Present { stat, .. } => stat.mtime,
        other => panic!("{other:?}"),
    };
    let mut plan = plan_of(b"new", Share::NONE);
    world.lock().unwrap().set(&[(PLAN, Some(plan.to_bytes())), (CANDIDATE, Some(b"new".to_vec()))]);
    assert_eq!(mtime(read(&mut watch)), 1);
    plan.share = Share::WHOLE;
    world.lock().unwrap().set(&[(PLAN, Some(plan.to_bytes()))]);
    assert_eq!(mtime(read(&mut watch)), 3, "the host is meant to have it since then");
    world.lock().unwrap().set(&[(PLAN, None), (CANDIDATE, None)]);
    assert_eq!(mtime(read(&mut watch)), 0, "when the rollout ended is not known");
    world.lock().unwrap().set(&[(STABLE, Some(b"second".to_vec()))]);
    assert_eq!(mtime(read(&mut watch)), 5);
}
