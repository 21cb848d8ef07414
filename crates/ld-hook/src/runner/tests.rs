//! When a hook runs, on tokio's clock.

use std::path::PathBuf;
use std::sync::Arc;

use ld_config::{CommandLine, NodeConfig};
use tokio::time::advance;

use super::*;
use crate::event::{Kind, Subject};

struct Rig {
    dir: tempfile::TempDir,
    shared: Shared,
    hook: Hook,
}

impl Rig {
    /// A hook that writes a line for each run, and ends with `code`.
    fn new(code: i32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let script = format!("echo $LIVE_DATA_EVENT >> {}; exit {code}", dir.path().join("log").display());
        let mut hook = Hook::default();
        hook.on_change = Some(CommandLine::new("/bin/sh", ["-c".to_owned(), script]));
        let shared = Shared {
            spawner: Spawner::Runtime,
            programs: Programs::default(),
            slots: Arc::new(Semaphore::new(1)),
            runs: Runs::default(),
        };
        shared.runs.keep(std::iter::once(("n", "nodes.n")));
        Self { dir, shared, hook }
    }

    fn start(&self) -> Runner {
        Runner::start("nodes.n", self.hook.clone(), &self.shared, None, None)
    }

    fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits on tokio's clock, which stands still while a program runs.
    async fn wait_for_runs(&self, count: usize) -> Duration {
        let started = Instant::now();
        while self.log().len() < count {
            assert!(started.elapsed() < Duration::from_secs(3600), "{:?}", self.log());
            sleep(Duration::from_millis(10)).await;
        }
        started.elapsed()
    }
}

fn event(kind: Kind) -> Event {
    let node = NodeConfig::new("n", "/n", PathBuf::from("/n"));
    Event { kind, subject: Arc::new(Subject::new(&node)), mzxid: None }
}

#[tokio::test(start_paused = true)]
async fn a_hook_waits_for_quiet_but_not_without_end() {
    let mut rig = Rig::new(0);
    rig.hook.settle = Duration::from_secs(1);
    let runner = rig.start();
    let started = Instant::now();
    for _ in 0..5 {
        runner.push(event(Kind::Changed));
        sleep(Duration::from_millis(900)).await;
    }
    runner.push(event(Kind::Deleted));
    rig.wait_for_runs(1).await;
    assert!(started.elapsed() >= Duration::from_millis(5_500), "{:?}", started.elapsed());
    assert_eq!(rig.log(), ["deleted"]);

    let started = Instant::now();
    while rig.log().len() < 2 {
        runner.push(event(Kind::Changed));
        sleep(Duration::from_millis(100)).await;
    }
    let waited = started.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(12)).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_is_given_up_and_runs_at_the_next_change() {
    let mut rig = Rig::new(3);
    rig.hook.retries = 2;
    let runner = rig.start();
    runner.push(event(Kind::Created));
    let waited = rig.wait_for_runs(3).await;
    assert!(waited < Duration::from_secs(4), "full jitter: below 1 s, then below 2 s: {waited:?}");
    sleep(Duration::from_secs(600)).await;
    assert_eq!(rig.log().len(), 3);
    let (_, runs) = rig.shared.runs.all().remove(0);
    assert_eq!((runs.succeeded, runs.failed, runs.late), (0, 3, 0));
    assert!(runs.last_error.unwrap().ends_with("failed with exit code 3"));
    runner.push(event(Kind::Changed));
    rig.wait_for_runs(4).await;
}

#[tokio::test(start_paused = true)]
async fn a_newer_change_takes_the_place_of_a_failed_one() {
    let mut rig = Rig::new(3);
    rig.hook.retries = 1_000;
    let runner = rig.start();
    runner.push(event(Kind::Created));
    rig.wait_for_runs(12).await;
    // The next attempt is up to a minute away.
    runner.push(event(Kind::Deleted));
    advance(Duration::from_millis(1)).await;
    rig.wait_for_runs(13).await;
    assert_eq!(rig.log().last().unwrap(), "deleted");
}

#[tokio::test(start_paused = true)]
async fn a_changed_hook_takes_over_what_is_not_done() {
    let mut rig = Rig::new(3);
    rig.hook.retries = 0;
    let former = rig.start();
    former.push(event(Kind::Created));
    rig.wait_for_runs(1).await;
    sleep(Duration::from_secs(1)).await;
    rig.hook.retries = 1;
    let runner = Runner::start("nodes.n", rig.hook.clone(), &rig.shared, Some(former), None);
    rig.wait_for_runs(3).await;
    assert_eq!(rig.log(), ["created"; 3]);
    drop(runner);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_succeeded_leaves_nothing_to_its_successor() {
    let rig = Rig::new(0);
    let former = rig.start();
    former.push(event(Kind::Created));
    rig.wait_for_runs(1).await;
    sleep(Duration::from_secs(1)).await;
    let runner = Runner::start("nodes.n", rig.hook.clone(), &rig.shared, Some(former), None);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.log(), ["created"]);
    drop(runner);
}

#[tokio::test(start_paused = true)]
async fn only_as_many_hooks_run_at_a_time_as_are_allowed() {
    let rig = Rig::new(0);
    let slot = Arc::clone(&rig.shared.slots).acquire_owned().await.unwrap();
    let runner = rig.start();
    runner.push(event(Kind::Created));
    sleep(Duration::from_secs(600)).await;
    assert_eq!(rig.log(), [""; 0]);
    drop(slot);
    rig.wait_for_runs(1).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_before_the_run_begins_takes_its_place() {
    let rig = Rig::new(0);
    let slot = Arc::clone(&rig.shared.slots).acquire_owned().await.unwrap();
    let runner = rig.start();
    runner.push(event(Kind::Created));
    sleep(Duration::from_secs(1)).await;
    runner.push(event(Kind::Deleted));
    drop(slot);
    rig.wait_for_runs(1).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.log(), ["deleted"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_counts_as_running_until_its_program_has_ended() {
    let mut rig = Rig::new(0);
    let gate = rig.dir.path().join("gate");
    let log = rig.dir.path().join("log");
    let script =
        format!("echo run >> {}; until [ -e {} ]; do sleep 0.01; done", log.display(), gate.display());
    rig.hook.on_change = Some(CommandLine::new("/bin/sh", ["-c".to_owned(), script]));
    let runner = rig.start();
    runner.push(event(Kind::Created));
    // The clock stands still while the program runs.
    while rig.log().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(rig.shared.slots.available_permits(), 0);
    std::fs::write(gate, "").unwrap();
    while rig.shared.runs.all()[0].1.succeeded == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(rig.shared.slots.available_permits(), 1);
}
