//! Single rounds.

mod simulation;

use std::collections::BTreeMap;

use ld_fleet::RolloutPace;

use super::super::HostState;
use super::*;

const SOAK: Duration = Duration::from_secs(100);

fn share(text: &str) -> Share {
    text.parse().unwrap()
}

fn plan(steps: &[&str], max_bad: &str) -> RolloutPlan {
    let steps = steps.iter().map(|step| share(step)).collect();
    let pace = RolloutPace { steps, soak: SOAK, max_bad: share(max_bad), check: false };
    let by = (String::new(), String::new());
    RolloutPlan::new("0123456789abcdef".to_owned(), "/a", b"new", pace, 1, by).unwrap()
}

/// So many hosts, all in this state.
fn hosts(count: usize, state: &HostState) -> Hosts {
    (0..count).map(|number| (format!("web-{number}"), state.clone())).collect()
}

/// A round in which a host reports that it takes part, in the share or outside of it.
fn step(
    memory: &mut Memory,
    plan: &RolloutPlan,
    hosts: &Hosts,
    check: Result<(), String>,
    now: Duration,
) -> Round {
    let hosts = hosts.iter().filter(|(host, _)| plan.includes(host));
    let hosts = &hosts.map(|(host, state)| (host.clone(), state.clone())).collect();
    decide(memory, Input { plan, hosts, is_watched: true, is_stable: true, check, now })
}

fn waits(next: &Next) -> bool {
    matches!(next, Next::Wait(_) | Next::Soak(_))
}

fn bad() -> HostState {
    HostState::Bad("rejected: not JSON".to_owned())
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_share_grows_when_its_soak_is_over() {
    let (mut memory, plan) = (Memory::default(), plan(&["50%", "100%"], "0%"));
    let mut next = |state, seconds| step(&mut memory, &plan, &hosts(100, &state), Ok(()), at(seconds)).next;
    assert!(waits(&next(HostState::Pending, 0)));
    assert_eq!(next(HostState::Good, 10), Next::Soak(SOAK));
    assert_eq!(next(HostState::Good, 109), Next::Soak(at(1)));
    assert_eq!(next(HostState::Good, 110), Next::Raise(share("100%")));
}

#[test]
fn a_soak_begins_anew_when_hosts_fall_back() {
    let (mut memory, plan) = (Memory::default(), plan(&["50%", "100%"], "0%"));
    let mut next = |state, seconds| step(&mut memory, &plan, &hosts(100, &state), Ok(()), at(seconds)).next;
    assert!(waits(&next(HostState::Good, 0)));
    assert!(waits(&next(HostState::Delayed, 99)));
    assert_eq!(next(HostState::Good, 100), Next::Soak(SOAK));
    assert_eq!(next(HostState::Good, 200), Next::Raise(share("100%")));
}

#[test]
fn the_last_step_is_followed_by_the_promotion() {
    let (mut memory, plan) = (Memory::default(), plan(&["100%"], "0%"));
    let good = hosts(3, &HostState::Good);
    assert!(waits(&step(&mut memory, &plan, &good, Ok(()), at(0)).next));
    assert_eq!(step(&mut memory, &plan, &good, Ok(()), at(100)).next, Next::Promote);
}

#[test]
fn a_paused_rollout_does_not_grow_and_is_still_taken_back() {
    let (mut memory, mut plan) = (Memory::default(), plan(&["100%"], "0%"));
    plan.state = RolloutState::Paused;
    let good = hosts(3, &HostState::Good);
    step(&mut memory, &plan, &good, Ok(()), at(0));
    let paused = Next::Wait("the rollout is paused".to_owned());
    assert_eq!(step(&mut memory, &plan, &good, Ok(()), at(1_000)).next, paused);
    let next = step(&mut memory, &plan, &hosts(3, &bad()), Ok(()), at(1_001)).next;
    assert!(matches!(next, Next::TakeBack(_)));
}

#[test]
fn more_bad_hosts_than_allowed_take_the_candidate_back() {
    let plan = plan(&["100%"], "2%");
    for (count, taken_back) in [(2, false), (3, true)] {
        let mut all = hosts(100, &HostState::Good);
        all.extend(hosts(count, &bad()));
        let next = step(&mut Memory::default(), &plan, &all, Ok(()), at(0)).next;
        assert_eq!(matches!(next, Next::TakeBack(_)), taken_back, "{count}: {next:?}");
    }
    let why = Next::TakeBack(
        "1 of 1 hosts with the candidate are bad (2% are allowed): web-0: rejected: not JSON".to_owned(),
    );
    assert_eq!(step(&mut Memory::default(), &plan, &hosts(1, &bad()), Ok(()), at(0)).next, why);
}

#[test]
fn a_share_without_hosts_is_passed_and_never_promoted() {
    let none = BTreeMap::new();
    let mut memory = Memory::default();
    let small = plan(&["1%", "100%"], "0%");
    assert!(waits(&step(&mut memory, &small, &none, Ok(()), at(0)).next));
    let next = step(&mut memory, &small, &none, Ok(()), at(30)).next;
    assert_eq!(next, Next::Raise(share("100%")));
    // Each share anew: its hosts may be away for a moment.
    let mut second = plan(&["1%", "2%", "100%"], "0%");
    second.share = share("2%");
    assert!(waits(&step(&mut memory, &second, &none, Ok(()), at(31)).next));
    let next = step(&mut memory, &second, &none, Ok(()), at(61)).next;
    assert_eq!(next, Next::Raise(share("100%")));
    let mut memory = Memory::default();
    for seconds in [0, 1_000_000] {
        let next = step(&mut memory, &plan(&["100%"], "0%"), &none, Ok(()), at(seconds)).next;
        let why = "no host of the last share reports: start again with larger steps";
        assert_eq!(next, Next::Wait(why.to_owned()));
    }
}

#[test]
fn a_tool_that_begins_without_reports_lets_nothing_grow() {
    let (mut memory, plan) = (Memory::default(), plan(&["50%", "100%"], "0%"));
    for seconds in 0..30 {
        let next = step(&mut memory, &plan, &BTreeMap::new(), Ok(()), at(seconds)).next;
        assert!(waits(&next), "{next:?} after {seconds} s");
    }
    // The reports are back.
    let all = hosts(100, &HostState::Good);
    assert!(waits(&step(&mut memory, &plan, &all, Ok(()), at(30)).next));
    assert_eq!(step(&mut memory, &plan, &all, Ok(()), at(130)).next, Next::Raise(share("100%")));
}

#[test]
fn a_host_that_never_gets_the_candidate_is_bad_at_last() {
    let (mut memory, plan) = (Memory::default(), plan(&["100%"], "0%"));
    let pending = hosts(1, &HostState::Pending);
    assert!(waits(&step(&mut memory, &plan, &pending, Ok(()), at(0)).next));
    assert!(waits(&step(&mut memory, &plan, &pending, Ok(()), at(99)).next));
    assert!(matches!(step(&mut memory, &plan, &pending, Ok(()), at(100)).next, Next::TakeBack(_)));
}

#[test]
fn a_host_that_waits_for_its_jitter_is_never_late() {
    let (mut memory, plan) = (Memory::default(), plan(&["100%"], "0%"));
    for seconds in [0, 100, 3_600] {
        let round = step(&mut memory, &plan, &hosts(1, &HostState::Delayed), Ok(()), at(seconds));
        assert!(waits(&round.next));
    }
}

#[test]
fn a_host_that_vanishes_is_bad_after_a_moment() {
    let (mut memory, plan) = (Memory::default(), plan(&["100%"], "0%"));
    step(&mut memory, &plan, &hosts(2, &HostState::Good), Ok(()), at(0));
    let fewer = hosts(1, &HostState::Good);
    assert!(waits(&step(&mut memory, &plan, &fewer, Ok(()), at(29)).next));
    let next = step(&mut memory, &plan, &fewer, Ok(()), at(30)).next;
    assert!(
        matches!(&next, Next::TakeBack(why) if why.ends_with("web-1: it no longer reports that it takes part")),
        "{next:?}"
    );
}

#[test]
fn hosts_that_were_gone_before_the_tool_began_are_bad() {
    let mut plan = plan(&["50%", "100%"], "0%");
    plan.share = Share::WHOLE;
    plan.hosts = 4;
    // Three of them have crashed, and another tool goes on.
    let mut memory = Memory::default();
    let left = hosts(1, &HostState::Good);
    let round = step(&mut memory, &plan, &left, Ok(()), at(0));
    assert_eq!((round.hosts.good, round.hosts.pending, round.hosts.bad_count()), (1, 3, 0));
    assert!(waits(&step(&mut memory, &plan, &left, Ok(()), at(29)).next));
    let why = "3 of 4 hosts with the candidate are bad (0% are allowed): no report from 3 of the hosts that \
               took part";
    assert_eq!(step(&mut memory, &plan, &left, Ok(()), at(30)).next, Next::TakeBack(why.to_owned()));
}

#[test]
fn a_share_of_which_no_host_is_left_is_not_passed() {
    let mut plan = plan(&["50%", "100%"], "0%");
    plan.hosts = 2;
    let mut memory = Memory::default();
    let none = BTreeMap::new();
    assert!(waits(&step(&mut memory, &plan, &none, Ok(()), at(0)).next));
    assert!(matches!(step(&mut memory, &plan, &none, Ok(()), at(30)).next, Next::TakeBack(_)));
}

#[test]
fn hosts_that_are_back_in_time_are_not_missed() {
    let mut plan = plan(&["100%"], "0%");
    plan.hosts = 3;
    let mut memory = Memory::default();
    assert!(waits(&step(&mut memory, &plan, &BTreeMap::new(), Ok(()), at(0)).next));
    // One host is new.
    let good = hosts(4, &HostState::Good);
    let round = step(&mut memory, &plan, &good, Ok(()), at(29));
    assert_eq!((round.hosts.good, round.hosts.pending), (4, 0));
    assert_eq!(step(&mut memory, &plan, &good, Ok(()), at(129)).next, Next::Promote);
}

#[test]
fn a_host_that_this_tool_has_seen_go_counts_once() {
    let mut plan = plan(&["100%"], "50%");
    plan.hosts = 2;
    let mut memory = Memory::default();
    step(&mut memory, &plan, &hosts(2, &HostState::Good), Ok(()), at(0));
    let round = step(&mut memory, &plan, &hosts(1, &HostState::Good), Ok(()), at(60));
    assert_eq!((round.hosts.good, round.hosts.bad_count(), round.hosts.missing), (1, 1, 0));
}

#[test]
fn a_check_that_says_no_takes_the_candidate_back() {
    let good = hosts(1, &HostState::Good);
    let no = Err("the error rate is 3%".to_owned());
    let next = step(&mut Memory::default(), &plan(&["100%"], "0%"), &good, no, at(0)).next;
    assert_eq!(next, Next::TakeBack("the error rate is 3%".to_owned()));
}

#[test]
fn a_tool_that_goes_on_watches_the_share_anew() {
    let plan = plan(&["100%"], "0%");
    let good = hosts(1, &HostState::Good);
    let mut memory = Memory::default();
    step(&mut memory, &plan, &good, Ok(()), at(0));
    assert_eq!(step(&mut memory, &plan, &good, Ok(()), at(100)).next, Next::Promote);
    let next = step(&mut Memory::default(), &plan, &good, Ok(()), at(100)).next;
    assert!(waits(&next));
}
