//! Two hundred hosts in one process on a real ZooKeeper, and a model that says what each may show.

mod scenarios;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
