//! Two hundred hosts in one process on a real ZooKeeper, and a model that says what each may show.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use ld_config::{Config, NodeConfig, SecretsConfig, ZooKeeperConfig};
use ld_fleet::{NodeReport, NodeState, Report, RolloutPace};
use ld_sync::Engine;
use ld_testkit::Namespace;
use ld_zk::{Client, Options};
use tokio::task::{AbortHandle, JoinSet};

use super::*;
use crate::{Note, plan};

const HOSTS: usize = 200;
const PATH: &str = "/flags";

/// A change reaches all hosts within this, on a machine that is busy with other tests.
const DEADLINE: Duration = Duration::from_secs(30);

struct Fleet {
    zookeeper: Namespace,
    config: Config,
    client: Client,
    directory: tempfile::TempDir,
    /// Those that do not take part, by number.
    others: BTreeSet<usize>,
    /// The hosts, by number. A host that ends leaves its report.
    hosts: Vec<AbortHandle>,
    tasks: JoinSet<()>,
}

impl Fleet {
    async fn start() -> Self {
        let zookeeper = Namespace::new();
        zookeeper.admin().create(&zookeeper.path(PATH), "stable").unwrap();
        for directory in ["rollouts", "hosts"] {
            zookeeper.admin().create_all(&zookeeper.path(&format!("/live-data/{directory}")), "").unwrap();
        }
        let settings = ZooKeeperConfig::builder().hosts(&zookeeper.connect_string()).build().unwrap();
        let client = Client::new(&settings, &SecretsConfig::default(), Options::default()).unwrap();
        let mut config = Config::default();
        config.zookeeper = settings;
        let directory = tempfile::tempdir().unwrap();
        let others = (0..HOSTS).filter(|number| number % 10 == 9).collect();
        let (hosts, tasks) = (Vec::new(), JoinSet::new());
        let mut fleet = Self { zookeeper, config, client, directory, others, hosts, tasks };
        for number in 0..HOSTS {
            let host = fleet.start_host(number);
            fleet.hosts.push(host);
        }
        fleet
    }

    fn file(&self, number: usize) -> PathBuf {
        self.directory.path().join(name(number))
    }

    /// An engine, and a report of its state.
    fn start_host(&mut self, number: usize) -> AbortHandle {
        let takes_part = !self.others.contains(&number);
        let mut node = NodeConfig::new("flags", PATH, self.file(number));
        (node.fsync, node.rollout) = (false, takes_part);
        let source = Arc::new(self.client.clone());
        let engine = Engine::builder(source).node(node).host(name(number)).hashes(true).start().unwrap();
        let (client, place) = (self.client.clone(), format!("/live-data/hosts/{}", name(number)));
        self.tasks.spawn(async move {
            let mut changes = engine.changes();
            while let Some(statuses) = changes.next().await {
                let mut report = Report::new(name(number), "1", 0);
                for status in statuses {
                    let mut node = NodeReport::new(PATH, NodeState::from(status.state), 0);
                    (node.mzxid, node.hash, node.rollout) = (status.mzxid, status.hash, status.rollout);
                    report.nodes.push(node);
                }
                let session = client.session().await.unwrap();
                let options = zookeeper::CreateMode::Persistent.with_acls(zookeeper::Acls::anyone_all());
                if session.set_data(&place, &report.to_bytes(), None).await.is_err() {
                    session.create(&place, &report.to_bytes(), &options).await.unwrap();
                }
            }
        })
    }

    /// A host that crashes, and a new one in its place.
    fn restart_host(&mut self, number: usize) {
        self.hosts[number].abort();
        self.hosts[number] = self.start_host(number);
    }

    async fn begin(&self, content: &str, steps: &[&str]) -> Result<Rollout, Error> {
        let change = plan(&self.client, PATH, content.as_bytes().to_vec(), 1 << 20).await?;
        let steps = steps.iter().map(|step| step.parse().unwrap()).collect();
        let max_bad = "1%".parse().unwrap();
        let pace = RolloutPace { steps, soak: Duration::ZERO, max_bad, check: false };
        let note = Note::new("test", "")?;
        start_rollout(&self.config.publish, &change, pace, &note, None, std::future::pending()).await
    }

    /// The hosts of the share are those that take part, and the plan counts them.
    async fn assert_counts(&self, rollout: &Rollout) {
        let plan = rollout.plan();
        let found = candidate_hosts(rollout, &self.config.publish).await.unwrap();
        let takes_part = (0..HOSTS).filter(|number| !self.others.contains(number)).map(name);
        let expected: BTreeSet<_> = takes_part.filter(|host| plan.includes(host)).collect();
        assert_eq!(found.into_keys().collect::<BTreeSet<_>>(), expected);
        assert_eq!(plan.hosts, expected.len());
    }

    /// What an operator writes by other means.
    fn set(&self, path: &str, content: &str) {
        let _ = self.zookeeper.admin().set(&self.zookeeper.path(path), content);
    }

    async fn read(&self) -> Option<Rollout> {
        Rollout::read(&self.client, &self.config.publish, PATH).await.unwrap()
    }

    /// What each host is meant to have.
    fn meant(&self) -> Vec<String> {
        let get = |path: &str| {
            let found = self.zookeeper.admin().get(&self.zookeeper.path(path)).ok()?;
            Some(String::from_utf8(found.0).unwrap())
        };
        let stable = get(PATH).unwrap();
        let place = self.config.publish.place_of(ROLLOUTS, PATH);
        let candidate = get(&candidate_of(&place));
        let plan = get(&place).and_then(|plan| RolloutPlan::parse(plan.as_bytes(), PATH).ok());
        let of = |number: usize| match (&plan, &candidate) {
            (Some(plan), Some(candidate))
                if plan.includes(&name(number))
                    && plan.is_candidate(candidate.as_bytes())
                    && !self.others.contains(&number) =>
            {
                candidate.clone()
            }
            _ => stable.clone(),
        };
        (0..HOSTS).map(of).collect()
    }

    /// Waits until all hosts have what is meant for them now. Until then each has that, or what was
    /// meant for it `before`.
    async fn converge(&self, before: &[String]) -> Vec<String> {
        let (meant, began) = (self.meant(), Instant::now());
        loop {
            let mut missing = 0;
            for number in 0..HOSTS {
                let found = std::fs::read_to_string(self.file(number)).unwrap_or_default();
                let is_right = found == meant[number];
                assert!(
                    is_right || before.is_empty() || found == before[number],
                    "{} has '{found}', and never '{}' or '{}'",
                    name(number),
                    before[number],
                    meant[number],
                );
                missing += usize::from(!is_right);
            }
            if missing == 0 {
                return meant;
            }
            assert!(began.elapsed() < DEADLINE, "{missing} hosts do not have what they are meant to");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn name(number: usize) -> String {
    format!("web-{number}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_operations_leave_each_host_with_what_is_meant() {
    let mut fleet = Fleet::start().await;
    let mut meant = fleet.converge(&[]).await;
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = Rng::with_seed(seed);
    let place = fleet.config.publish.place_of(ROLLOUTS, PATH);
    let mut candidates = 0;
    for number in 0..40 {
        match (random.u8(0..10), fleet.read().await) {
            (0..5, None) => {
                let share = ["1%", "20%", "100%"][random.usize(0..3)];
                fleet.begin(&format!("candidate {number}"), &[share]).await.unwrap();
            }
            (0..4, Some(rollout)) => {
                let share = ["50%", "100%"][random.usize(0..2)].parse::<Share>().unwrap();
                let share = share.max(rollout.plan().share);
                match rollout.set_share(&fleet.config.publish, share).await {
                    // The node may have been written.
                    Ok(_) | Err(Error::Rollout(RolloutError::StableChanged { .. })) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            (4, Some(rollout)) => {
                let _ = rollout.promote(&fleet.config, std::future::pending()).await;
            }
            (5, _) => _ = Rollout::abort(&fleet.client, &fleet.config.publish, PATH).await,
            (6, Some(_)) => {
                fleet.set(&place, "{\"format\": 2}");
                meant = fleet.converge(&meant).await;
                Rollout::abort(&fleet.client, &fleet.config.publish, PATH).await.unwrap();
            }
            (7, Some(_)) => {
                fleet.set(&candidate_of(&place), "forged");
                meant = fleet.converge(&meant).await;
                Rollout::abort(&fleet.client, &fleet.config.publish, PATH).await.unwrap();
            }
            (8, _) => fleet.set(PATH, &format!("stable {number}")),
            (9, Some(rollout)) => {
                // A plan that was made by other means has no mark.
                let mark = fleet.zookeeper.path(&rollout.mark());
                fleet.zookeeper.admin().delete(&mark).unwrap();
                rollout.take_back().await.unwrap();
            }
            _ => {}
        }
        for _ in 0..random.usize(0..10) {
            fleet.restart_host(random.usize(0..HOSTS));
        }
        meant = fleet.converge(&meant).await;
        candidates += meant.iter().filter(|content| content.starts_with("candidate")).count();
    }
    assert!(candidates > 0, "seed {seed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_ends_although_its_tools_die() {
    let fleet = Fleet::start().await;
    fleet.converge(&[]).await;
    let rollout = fleet.begin("candidate", &["10%", "50%", "100%"]).await.unwrap();
    fleet.assert_counts(&rollout).await;
    fleet
        .assert_counts(
            &rollout.set_share(&fleet.config.publish, Share::try_from(2_000).unwrap()).await.unwrap(),
        )
        .await;
    let mut deaths = 0;
    let conducted = loop {
        let conduct = conduct(
            &fleet.client,
            &fleet.config,
            PATH,
            async |_: &Rollout| Ok(()),
            |_, _| (),
            std::future::pending(),
        );
        // A dropped future is a tool that is gone.
        match tokio::time::timeout(Duration::from_millis(fastrand::u64(1..4_000)), conduct).await {
            Ok(conducted) => break conducted,
            Err(_) => deaths += 1,
        }
        assert!(deaths < 100, "the rollout makes no progress");
    };
    // A tool may die between its transaction and the answer.
    assert!(
        matches!(conducted, Ok(Conducted::Promoted(_)) | Err(Error::Rollout(RolloutError::Missing { .. }))),
        "{conducted:?}"
    );
    assert!(fleet.read().await.is_none());
    let meant = fleet.converge(&[]).await;
    assert!(meant.iter().all(|content| content == "candidate"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_turns_bad_during_a_check_stops_the_rollout() {
    let fleet = Fleet::start().await;
    fleet.converge(&[]).await;
    fleet.begin("candidate", &["50%", "100%"]).await.unwrap();
    fleet.converge(&[]).await;
    let check = async |rollout: &Rollout| {
        // All hosts that take part fail while the program runs.
        for number in (0..HOSTS).filter(|number| !fleet.others.contains(number)) {
            let mut report = Report::new(name(number), "1", 0);
            let mut node = NodeReport::new(PATH, NodeState::HookFailed, 0);
            (node.mzxid, node.rollout) = (Some(rollout.candidate_mzxid()), true);
            report.nodes.push(node);
            let place = format!("/live-data/hosts/{}", name(number));
            fleet.set(&place, std::str::from_utf8(&report.to_bytes()).unwrap());
        }
        Ok(())
    };
    let pending = std::future::pending();
    let mut rounds = 0;
    let show = |_: &Rollout, _: &Round| rounds += 1;
    let conducted = conduct(&fleet.client, &fleet.config, PATH, check, show, pending).await;
    assert!(matches!(conducted, Ok(Conducted::TakenBack(_))), "{conducted:?}");
    assert_eq!(rounds, 1, "the first round sees it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_leaves_another_rollout_alone() {
    let fleet = Fleet::start().await;
    fleet.converge(&[]).await;
    let publish = &fleet.config.publish;
    fleet.begin("first", &["100%"]).await.unwrap();
    let stale = async || fleet.read().await.unwrap();
    let (shared, ended, promoted) = (stale().await, stale().await, stale().await);
    let replace = async || {
        Rollout::abort(&fleet.client, publish, PATH).await.unwrap();
        fleet.begin("second", &["25%", "100%"]).await.unwrap();
    };
    replace().await;
    let is_missing = |error| matches!(error, Error::Rollout(RolloutError::Missing { .. }));
    assert!(is_missing(shared.set_share(publish, Share::WHOLE).await.unwrap_err()));
    assert!(is_missing(ended.take_back().await.unwrap_err()));
    promoted.promote(&fleet.config, std::future::pending()).await.unwrap_err();
    // A check runs long enough for that, too.
    let check = async |_: &Rollout| {
        replace().await;
        Ok(())
    };
    let show = |_: &Rollout, _: &Round| ();
    let conducted = conduct(&fleet.client, &fleet.config, PATH, check, show, std::future::pending()).await;
    assert!(matches!(conducted, Ok(Conducted::Ended)), "{conducted:?}");
    let left = fleet.read().await.unwrap();
    assert_eq!((left.candidate(), left.plan().share), (&b"second"[..], "25%".parse().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_does_not_grow_over_a_changed_node() {
    let fleet = Fleet::start().await;
    fleet.converge(&[]).await;
    let rollout = fleet.begin("candidate", &["50%", "100%"]).await.unwrap();
    fleet.set(PATH, "hotfix");
    let error = rollout.set_share(&fleet.config.publish, Share::WHOLE).await.unwrap_err();
    assert!(matches!(error, Error::Rollout(RolloutError::StableChanged { .. })), "{error}");
    let (check, show) = (async |_: &Rollout| Ok(()), |_: &Rollout, _: &Round| ());
    let conducted = conduct(&fleet.client, &fleet.config, PATH, check, show, std::future::pending()).await;
    let is_changed = |why: &str| why == "/flags was changed since the rollout started";
    assert!(matches!(&conducted, Ok(Conducted::TakenBack(why)) if is_changed(why)), "{conducted:?}");
    let meant = fleet.converge(&[]).await;
    assert!(meant.iter().all(|content| content == "hotfix"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_outside_the_share_do_not_count() {
    let fleet = Fleet::start().await;
    fleet.converge(&[]).await;
    let rollout = fleet.begin("candidate", &["50%", "100%"]).await.unwrap();
    fleet.converge(&[]).await;
    let mut bad = NodeReport::new(PATH, NodeState::Rejected, 0);
    bad.rollout = true;
    for host in (0..HOSTS).map(name).filter(|host| !rollout.plan().includes(host)) {
        let mut report = Report::new(host.clone(), "1", 0);
        report.nodes.push(bad.clone());
        let report = String::from_utf8(report.to_bytes()).unwrap();
        fleet.set(&format!("/live-data/hosts/{host}"), &report);
    }
    let hosts = candidate_hosts(&rollout, &fleet.config.publish).await.unwrap();
    assert!(hosts.values().all(|state| !matches!(state, HostState::Bad(_))), "{hosts:?}");
    fleet.assert_counts(&rollout).await;
}
