//! Threads that hang: the lock of the claims stands for a file system that does not answer. Work
//! that writes needs it, work that only looks does not.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use ld_blocking::Spawner;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::claims::{Claimant, Claims};
use super::job::{Answer, Done, Existing, JobError, Work};
use super::queue::Queue;
use crate::file::{Owner, Target};

/// Takes the lock of the claims until the sender is dropped.
fn hang(claims: &Arc<Claims>) -> mpsc::Sender<()> {
    let claims = Arc::clone(claims);
    let ((release, released), (locked, is_locked)) = (mpsc::channel(), mpsc::channel());
    std::thread::spawn(move || {
        let _lock = claims.lock();
        locked.send(()).unwrap();
        let _ = released.recv();
    });
    is_locked.recv().unwrap();
    release
}

const DEADLINE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Numbered(PathBuf, usize);

impl Claimant for Numbered {
    fn target(&self) -> Target<'_> {
        Target::new(&self.0)
    }

    fn name(&self) -> String {
        format!("number {}", self.1)
    }

    fn rank(&self) -> usize {
        self.1
    }

    fn lose_file(&self, _: &str) {}
}

fn numbered(directory: &Path, number: usize) -> Arc<Numbered> {
    Arc::new(Numbered(directory.join(number.to_string()), number))
}

fn write() -> Work {
    let content = Arc::new(b"content".to_vec());
    Work::Apply { content, owner: Owner::default(), existing: Existing::Replace, touch: None }
}

/// Waits for the answer as an application does.
async fn answer(queue: &Arc<Queue>, mut answered: oneshot::Receiver<Answer>) -> Result<Done, JobError> {
    let began = Instant::now();
    loop {
        if let Ok(answer) = answered.try_recv() {
            return answer.result;
        }
        assert!(began.elapsed() < DEADLINE, "no answer");
        queue.relieve();
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_hung_file_holds_up_no_other_file_of_its_batch() {
    let directory = tempfile::tempdir().unwrap();
    let claims = Arc::new(Claims::default());
    let queue = Queue::new(Spawner::Threads, Arc::clone(&claims));
    let hang = hang(&claims);
    // While the threads hang in the first jobs, all others queue up behind them.
    let hung = queue.submit(numbered(directory.path(), 0), write(), Box::default());
    for index in 1..200 {
        let looked = queue.submit(numbered(directory.path(), index), Work::Exists, Box::default());
        assert!(matches!(answer(&queue, looked).await, Ok(Done::Missing)));
    }
    drop(hang);
    assert!(matches!(answer(&queue, hung).await, Ok(Done::Replaced)));
}

#[tokio::test]
async fn while_all_threads_hang_jobs_are_given_back_until_they_answer() {
    let directory = tempfile::tempdir().unwrap();
    let claims = Arc::new(Claims::default());
    let queue = Queue::new(Spawner::Threads, Arc::clone(&claims));
    let hang = hang(&claims);
    let submit = |index| queue.submit(numbered(directory.path(), index), write(), Box::default());
    let mut hung: Vec<_> = (0..20).map(submit).collect();
    let began = Instant::now();
    // Each of four threads keeps the job that it hangs in.
    while hung.len() > 4 {
        assert!(began.elapsed() < DEADLINE, "{} jobs wait", hung.len());
        queue.relieve();
        sleep(Duration::from_millis(5)).await;
        hung.retain_mut(|job| match job.try_recv() {
            Ok(answer) => {
                assert!(matches!(answer.result, Err(JobError::Stalled)));
                false
            }
            Err(_) => true,
        });
    }
    let responsive = tokio::time::timeout(Duration::from_millis(50), queue.responsive());
    assert!(responsive.await.is_err());

    drop(hang);
    for job in hung {
        assert!(matches!(answer(&queue, job).await, Ok(Done::Replaced)));
    }
    tokio::time::timeout(DEADLINE, queue.responsive()).await.expect("it answers again");
    queue.drain().await;
}
