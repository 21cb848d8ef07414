//! A heartbeat for which the machine lacks something, or that takes long.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use ld_file::set_before_open;
use rustix::io::Errno;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::rig::{HEARTBEAT, Rig, Running};
use crate::State;

/// How old a proof may be.
const PROOF: Duration = Duration::from_secs(5);

/// Refuses to open files of one name. The heartbeat opens the file.
struct Shortage {
    lasts: AtomicBool,
    refused: AtomicUsize,
}

impl Shortage {
    fn of(name: &str, error: Errno) -> Arc<Self> {
        let shortage = Arc::new(Self { lasts: AtomicBool::new(true), refused: AtomicUsize::new(0) });
        let injected = Arc::clone(&shortage);
        set_before_open(name, move || {
            if injected.lasts.load(Ordering::SeqCst) {
                injected.refused.fetch_add(1, Ordering::SeqCst);
                return Err(error);
            }
            Ok(())
        });
        shortage
    }

    fn end(&self) {
        self.lasts.store(false, Ordering::SeqCst);
    }

    fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}

async fn current(rig: &Rig, name: &str) -> Running {
    rig.memory.set(&format!("/{name}"), "one", 1);
    let running = rig.start(&[name]);
    running.wait_for(name, State::Current).await;
    running
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_outlasts_a_short_shortage_without_a_word() {
    for (name, error) in [("files", Errno::MFILE), ("memory", Errno::NOMEM), ("means", Errno::AGAIN)] {
        let rig = Rig::new();
        let running = current(&rig, name).await;
        let (last, shortage) = (rig.mtime(name), Shortage::of(name, error));
        running.wait_until("the first refusal", || shortage.refused() > 0).await;
        let began = Instant::now();
        running.wait_until("two more", || shortage.refused() > 2).await;
        assert_eq!(running.status(name).state, State::Current);
        shortage.end();
        running.wait_until("the heartbeat", || rig.mtime(name) > last).await;
        assert!(began.elapsed() < PROOF, "{:?}", began.elapsed());
        assert_eq!(running.status(name).attempts, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lasting_shortage_is_reported_while_its_proof_is_young() {
    let rig = Rig::new();
    let running = current(&rig, "lasting").await;
    let (last, shortage) = (rig.mtime("lasting"), Shortage::of("lasting", Errno::MFILE));
    running.wait_until("the first refusal", || shortage.refused() > 0).await;
    let began = Instant::now();
    let status = running.wait_for("lasting", State::Failing).await;
    assert!((3..=5).contains(&shortage.refused()), "{} attempts", shortage.refused());
    assert!(began.elapsed() <= PROOF, "{:?}", began.elapsed());
    let error = status.last_error.unwrap();
    assert!(error.starts_with("no heartbeat: cannot touch") && error.contains("Too many open"), "{error}");
    assert_eq!(rig.mtime("lasting"), last);
    shortage.end();
    running.wait_for("lasting", State::Current).await;
    assert!(rig.mtime("lasting") > last);
}

#[tokio::test(start_paused = true)]
async fn a_change_during_a_shortage_is_applied_at_once() {
    let rig = Rig::new();
    let running = current(&rig, "changing").await;
    let shortage = Shortage::of("changing", Errno::MFILE);
    running.wait_until("a refusal", || shortage.refused() > 0).await;
    let (began, refused) = (Instant::now(), shortage.refused());
    rig.memory.set("/changing", "three", 2);
    running.wait_until("the change", || rig.read("changing").as_deref() == Some("three")).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    tokio::time::sleep(HEARTBEAT / 4).await;
    assert_eq!(shortage.refused(), refused, "the old proof touches nothing any more");
}

#[tokio::test(start_paused = true)]
async fn a_touch_that_hangs_gives_no_heartbeat_afterwards() {
    let rig = Rig::new();
    let running = current(&rig, "slow").await;
    let last = rig.mtime("slow");
    let (release, hang) = mpsc::channel::<()>();
    let (hang, hangs) = (Mutex::new(hang), Arc::new(Notify::new()));
    let told = Arc::clone(&hangs);
    set_before_open("slow", move || {
        told.notify_one();
        // An error is the release.
        let _ = hang.lock().unwrap().recv();
        Ok(())
    });
    hangs.notified().await;
    // The clock stands still while the touch hangs.
    tokio::time::advance(PROOF + Duration::from_secs(1)).await;
    drop(release);
    tokio::time::sleep(HEARTBEAT / 4).await;
    assert_eq!(rig.mtime("slow"), last, "the proof was too old");
    assert_eq!(running.status("slow").state, State::Current);
    running.wait_until("the next heartbeat", || rig.mtime("slow") > last).await;
}
