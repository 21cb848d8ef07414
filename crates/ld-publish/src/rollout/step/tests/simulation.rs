//! Whole rollouts over simulated hosts and tools that die.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::*;

/// What the simulated fleet knows of the rollout.
struct Fleet {
    plan: Option<RolloutPlan>,
    promoted: bool,
    hosts: Hosts,
    /// The hosts that the candidate harms.
    harmed: BTreeSet<String>,
}

impl Fleet {
    /// Hosts do what the plan says, each after a while.
    fn turn(&mut self, random: &mut Rng) {
        for (host, state) in &mut self.hosts {
            let included = self.plan.as_ref().is_some_and(|plan| plan.includes(host));
            *state = match (included, random.u8(0..4)) {
                (false, _) => HostState::Pending,
                (true, 0) if *state == HostState::Pending => HostState::Pending,
                (true, _) if self.harmed.contains(host) => bad(),
                (true, _) => HostState::Good,
            };
        }
    }
}

/// Two hundred hosts and tools that die and are started again, some of them at the same time.
fn simulate(seed: u64, harmed: usize) -> Fleet {
    let mut random = Rng::with_seed(seed);
    let hosts = hosts(200, &HostState::Pending);
    let mut names: Vec<_> = hosts.keys().cloned().collect();
    random.shuffle(&mut names);
    let mut plan = plan(&["1%", "10%", "50%", "100%"], "0.5%");
    plan.id = format!("{seed:016x}");
    let harmed = names.into_iter().take(harmed).collect();
    let mut fleet = Fleet { plan: Some(plan), promoted: false, hosts, harmed };
    let mut tools = [Memory::default(), Memory::default()];
    let (mut now, mut last) = (Duration::ZERO, (Share::NONE, Duration::ZERO));
    for _ in 0..20_000 {
        now += Duration::from_secs(1);
        fleet.turn(&mut random);
        let Some(plan) = &fleet.plan else { break };
        assert!(plan.share >= last.0, "shares only grow");
        if plan.share > last.0 {
            last = (plan.share, now);
        }
        if random.u16(0..300) == 0 {
            tools[random.usize(0..2)] = Memory::default();
        }
        let (read, tool) = (plan.clone(), random.usize(0..2));
        let next = step(&mut tools[tool], &read, &fleet.hosts, Ok(()), now).next;
        let has = |host: &String| read.includes(host);
        let bad = fleet.harmed.iter().filter(|host| has(host) && fleet.hosts[*host] == bad()).count();
        let all = fleet.hosts.keys().filter(|host| has(host)).count();
        match next {
            Next::Wait(_) | Next::Soak(_) => {}
            Next::TakeBack(_) => {
                assert!(bad > share("0.5%").of(all), "seed {seed}: taken back without a reason");
                fleet.plan = None;
            }
            grows => {
                assert!(bad <= share("0.5%").of(all), "seed {seed}: {grows:?} with {bad} bad hosts of {all}");
                assert!(
                    all == 0 || now - last.1 >= SOAK,
                    "seed {seed}: {grows:?} before the end of the soak"
                );
                match grows {
                    Next::Raise(share) => {
                        let mut plan = read;
                        plan.share = share;
                        fleet.plan = Some(plan);
                    }
                    _ => (fleet.plan, fleet.promoted) = (None, true),
                }
            }
        }
    }
    fleet
}

#[test]
fn a_good_candidate_reaches_all_although_tools_die() {
    for seed in 0..5 {
        let fleet = simulate(seed, 0);
        assert!(fleet.promoted, "seed {seed}");
    }
}

#[test]
fn a_candidate_that_harms_is_never_promoted() {
    for (seed, harmed) in (0..8).zip([2, 5, 20, 100].into_iter().cycle()) {
        let fleet = simulate(seed, harmed);
        assert!(fleet.plan.is_none() && !fleet.promoted, "seed {seed}");
    }
}
