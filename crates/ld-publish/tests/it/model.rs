//! A random walk: publications, rollbacks, changes by other tools, pruning, publishers that are
//! killed at any moment. A model knows what each log must say.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::pin::pin;

use fastrand::Rng;
use ld_publish::{Error, Gap, History, HistoryError, Log, NodeNow, Publication};

use crate::kit::{MAX_NODE_BYTES, Rig, history, note, poll_times, within};

const PATHS: [&str; 3] = ["/a", "/b", "/app/c"];
const STEPS: usize = 60;

/// What a node held once.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    content: String,
    version: i32,
    /// How often the node was made before.
    incarnation: usize,
    /// The message of the publication; `None` for what another tool wrote.
    message: Option<String>,
    /// The paths of its transaction, if they are several.
    group: Vec<String>,
    /// When: the number of the step that wrote it.
    step: usize,
}

/// One node.
#[derive(Debug, Default)]
struct Node {
    now: Option<Held>,
    incarnation: usize,
    log: Vec<Held>,
}

struct Walk {
    rig: Rig,
    random: Rng,
    nodes: [Node; 3],
    step: usize,
}

impl Node {
    fn write(&mut self, content: &str, message: Option<&str>, group: &[String], step: usize) {
        let before = self.now.clone().expect("the node is there");
        let held = Held {
            content: content.to_owned(),
            version: before.version + 1,
            incarnation: self.incarnation,
            message: message.map(str::to_owned),
            group: group.to_vec(),
            step,
        };
        if message.is_some() {
            if self.log.last() != Some(&before) {
                self.log.push(before);
            }
            self.log.push(held.clone());
        }
        self.now = Some(held);
    }
}

fn index(path: &str) -> usize {
    PATHS.iter().position(|known| *known == path).expect("it is one of ours")
}

impl Walk {
    async fn new(seed: u64) -> Self {
        let rig = Rig::new(20, &[]).await;
        rig.admin().create(&rig.full("/app"), "").unwrap();
        let mut walk = Self { rig, random: Rng::with_seed(seed), nodes: Default::default(), step: 0 };
        for path in PATHS {
            walk.create(path);
        }
        walk
    }

    fn create(&mut self, path: &str) {
        self.rig.admin().create(&self.rig.full(path), "made").unwrap();
        let node = &mut self.nodes[index(path)];
        node.incarnation += 1;
        node.now = Some(Held {
            content: "made".to_owned(),
            version: 0,
            incarnation: node.incarnation,
            message: None,
            group: Vec::new(),
            step: self.step,
        });
    }

    fn path(&mut self) -> &'static str {
        PATHS[self.random.usize(..PATHS.len())]
    }

    async fn walk(&mut self) {
        for _ in 0..STEPS {
            self.step += 1;
            match self.random.u8(..12) {
                0..4 => self.publish().await,
                4..6 => self.publish_and_die().await,
                6 => self.race().await,
                7..9 => self.roll_back().await,
                9 => self.write_foreign(),
                10 => self.prune().await,
                _ => self.make_again(),
            }
            for path in PATHS {
                self.check(path).await;
            }
        }
    }

    /// New contents of some nodes: some that were there before.
    async fn chosen(&mut self) -> (Publication, String) {
        let mut chosen: Vec<(&str, String)> = Vec::new();
        for path in PATHS {
            if self.random.bool() {
                chosen.push((path, format!("content {}", self.random.u8(..4))));
            }
        }
        let all_same = |chosen: &[(&str, String)], nodes: &[Node; 3]| {
            chosen.iter().all(|(path, content)| nodes[index(path)].now.as_ref().unwrap().content == *content)
        };
        if all_same(&chosen, &self.nodes) {
            chosen = vec![(self.path(), format!("content of step {}", self.step))];
        }
        let contents: Vec<(&str, &[u8])> =
            chosen.iter().map(|(path, content)| (*path, content.as_bytes())).collect();
        (self.rig.publication(&contents).await, format!("step {}", self.step))
    }

    /// The model of a publication that happened.
    fn published(&mut self, publication: &Publication, message: &str) {
        let paths: Vec<String> = publication.plans().iter().map(|plan| plan.path().to_owned()).collect();
        let group = if paths.len() > 1 { paths } else { Vec::new() };
        for plan in publication.plans() {
            let content = String::from_utf8(plan.new_content().to_vec()).unwrap();
            self.nodes[index(plan.path())].write(&content, Some(message), &group, self.step);
        }
    }

    async fn publish(&mut self) {
        let (publication, message) = self.chosen().await;
        within("a publication", self.rig.history.commit(&publication, &note(&message), pending()))
            .await
            .unwrap();
        self.published(&publication, &message);
    }

    /// A publisher that is killed after any number of steps of its own.
    async fn publish_and_die(&mut self) {
        let (publication, message) = self.chosen().await;
        let note = note(&message);
        let times = self.random.usize(1..30);
        let done = {
            let commit = pin!(self.rig.history.commit(&publication, &note, pending()));
            within("a publisher", poll_times(commit, times)).await
        };
        // The session answers in order: what was sent has happened by now.
        let session = self.rig.client.session().await.unwrap();
        let plan = &publication.plans()[0];
        session.sync(plan.path()).await.unwrap();
        let (_, stat) = session.get_data(plan.path()).await.unwrap();
        let before = self.nodes[index(plan.path())].now.as_ref().unwrap().version;
        assert!(done.is_none() || stat.version == before + 1);
        if stat.version == before + 1 {
            self.published(&publication, &message);
        }
    }

    /// Two publishers that have compared with the same versions.
    async fn race(&mut self) {
        let path = self.path();
        let mut both = Vec::new();
        for name in ["one", "two"] {
            let content = format!("{name} of step {}", self.step);
            both.push(self.rig.publication(&[(path, content.as_bytes())]).await);
        }
        let notes = [note("one"), note("two")];
        let commit = |index: usize| self.rig.history.commit(&both[index], &notes[index], pending());
        let (one, two) = within("both", async { tokio::join!(commit(0), commit(1)) }).await;
        let winner = usize::from(one.is_err());
        let loser = if winner == 0 { two } else { one }.unwrap_err();
        assert!(matches!(loser, Error::ChangedMeanwhile), "{loser}");
        self.published(&both[winner], ["one", "two"][winner]);
    }

    async fn roll_back(&mut self) {
        let path = self.path();
        let log = self.rig.log(path).await;
        let number = match self.random.bool() || log.entries.is_empty() {
            true => None,
            false => Some(log.entries[self.random.usize(..log.entries.len())].number),
        };
        let planned = self.rig.history.plan_rollback(&self.rig.client, path, number, MAX_NODE_BYTES).await;
        let expected = self.expected_rollback(path, &log, number);
        let rollback = match (planned, expected) {
            (Ok(rollback), Some(expected)) => {
                let planned: BTreeSet<(String, String)> = rollback
                    .plans
                    .iter()
                    .map(|plan| {
                        (plan.path().to_owned(), String::from_utf8(plan.new_content().to_vec()).unwrap())
                    })
                    .collect();
                assert_eq!(planned, expected);
                rollback
            }
            (
                Err(
                    Error::History(HistoryError::GroupIncomplete { .. })
                    | Error::History(HistoryError::NoEarlierPublication { .. }),
                ),
                None,
            ) => return,
            (planned, expected) => panic!("{planned:?} {expected:?}"),
        };
        let message = format!("rollback of step {}", self.step);
        let Some(publication) = Publication::of_changes(rollback.plans) else { return };
        within("a rollback", self.rig.history.commit(&publication, &note(&message), pending()))
            .await
            .unwrap();
        self.published(&publication, &message);
    }

    /// Which nodes go back to which contents; `None` if that was pruned.
    fn expected_rollback(
        &self,
        path: &str,
        log: &Log,
        number: Option<u32>,
    ) -> Option<BTreeSet<(String, String)>> {
        let node = &self.nodes[index(path)];
        let target = match number {
            // The entries are those of the model, in its order.
            Some(number) => log.entries.iter().position(|entry| entry.number == number).unwrap(),
            None => node.log.iter().rposition(|held| Some(held) != node.now.as_ref())?,
        };
        // For each node the first publication that is undone.
        let mut undone = BTreeMap::from([(path.to_owned(), target + 1)]);
        loop {
            let before = undone.clone();
            for (path, from) in &before {
                for held in &self.nodes[index(path)].log[*from..] {
                    for other in &held.group {
                        let log = &self.nodes[index(other)].log;
                        let at = log.iter().position(|its| its.message.is_some() && its.step == held.step)?;
                        let from = undone.entry(other.clone()).or_insert(at);
                        *from = at.min(*from);
                    }
                }
            }
            if undone == before {
                break;
            }
        }
        let content = |(path, from): (String, usize)| {
            let held = &self.nodes[index(&path)].log[from.checked_sub(1)?];
            Some((path, held.content.clone()))
        };
        undone.into_iter().map(content).collect()
    }

    fn write_foreign(&mut self) {
        let path = self.path();
        for _ in 0..self.random.usize(1..4) {
            self.step += 1;
            let content = format!("foreign {}", self.random.u8(..3));
            self.rig.set(path, &content);
            self.nodes[index(path)].write(&content, None, &[], self.step);
        }
    }

    async fn prune(&mut self) {
        let (path, kept) = (self.path(), self.random.usize(1..8));
        let gone = match history(kept).prune(&self.rig.client, path).await {
            Ok(gone) => gone,
            Err(Error::Absent { .. }) => 0,
            Err(cause) => panic!("{cause}"),
        };
        let log = &mut self.nodes[index(path)].log;
        assert_eq!(gone, log.len().saturating_sub(kept.max(2)));
        log.drain(..gone);
    }

    fn make_again(&mut self) {
        let path = self.path();
        self.rig.admin().delete(&self.rig.full(path)).unwrap();
        self.create(path);
    }

    /// The log says what the model knows: no version without an entry, no entry without its
    /// version.
    async fn check(&self, path: &str) {
        let (rig, node) = (&self.rig, &self.nodes[index(path)]);
        let log = rig.log(path).await;
        assert_eq!(log.entries.len(), node.log.len(), "step {}, {path}: {log:?}\n{node:?}", self.step);
        for (index, (entry, held)) in log.entries.iter().zip(&node.log).enumerate() {
            assert_eq!(entry.problem, None);
            assert_eq!((entry.version, entry.is_recorded), (held.version, held.message.is_some()));
            assert_eq!(Some(&*entry.message).filter(|text| !text.is_empty()), held.message.as_deref());
            assert_eq!(entry.group, held.group);
            let content = rig.history.content(&rig.client, path, entry).await.unwrap();
            assert_eq!(String::from_utf8(content).unwrap(), held.content);
            let before = index.checked_sub(1).map(|index| &node.log[index]);
            assert_eq!(log.gap_before(index), before.map_or(Gap::None, |before| gap(before, held)));
        }
        let now = node.now.as_ref().unwrap();
        let is_published = matches!(log.now, NodeNow::Published(_));
        assert_eq!(is_published, node.log.last() == Some(now), "step {}, {path}", self.step);
        assert_eq!(log.present().is_some(), is_published);
        if let (false, Some(last)) = (is_published, node.log.last()) {
            assert_eq!(log.gap_before_now(), gap(last, now));
        }
    }
}

fn gap(before: &Held, held: &Held) -> Gap {
    match held.version - before.version - 1 {
        _ if before.incarnation != held.incarnation => Gap::Recreated,
        0 => Gap::None,
        changes => Gap::Changes(changes),
    }
}

#[tokio::test]
async fn any_walk_leaves_the_log_that_the_model_knows() {
    for seed in [fastrand::u64(..), 1, 2, 13_015_346_809_467_016_435] {
        println!("seed {seed}");
        Walk::new(seed).await.walk().await;
    }
}

#[tokio::test]
async fn pruning_at_any_moment_breaks_no_publisher() {
    let rig = Rig::new(20, &["/app"]).await;
    let pruner: History = history(1);
    for times in 1..40 {
        // Two contents are stored again and again, and pruned.
        rig.publish(&[("/app", b"between")], "between").await.unwrap();
        let content = format!("content {}", times % 2);
        let publication = rig.publication(&[("/app", content.as_bytes())]).await;
        let note = note(&content);
        let mut commit = pin!(rig.history.commit(&publication, &note, pending()));
        let done = within("a publisher", poll_times(commit.as_mut(), times)).await;
        pruner.prune(&rig.client, "/app").await.unwrap();
        match done {
            Some(done) => done.unwrap(),
            None => within("the rest", commit).await.unwrap(),
        };
        let log = rig.log("/app").await;
        assert_eq!(log.present().unwrap().message, content);
        for entry in &log.entries {
            rig.history.content(&rig.client, "/app", entry).await.unwrap();
        }
    }
}
