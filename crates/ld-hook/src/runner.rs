//! The task of one hook: it waits for changes, and runs the hook until it succeeds or is given up.

mod mailbox;

use std::sync::Arc;
use std::time::Duration;

use ld_blocking::{BoundedCalls, Spawner};
use ld_config::Hook;
use ld_program::Programs;
use ld_zk::Backoff;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout_at};

use self::mailbox::Mailbox;
use crate::action::{self, Failure};
use crate::event::Event;
use crate::log;
use crate::runs::Runs;

/// A failed hook is run again after less than this at first, doubling with full jitter.
const RETRY_FIRST: Duration = Duration::from_secs(1);

/// A failed hook is run again after this at most.
const RETRY_AT_MOST: Duration = Duration::from_secs(60);

/// Changes that do not cease delay a run by as many times `settle`.
const MOST_SETTLES: u32 = 10;

/// The caller of a run that hangs, such as in a dead file system, goes on as much later.
const HANG_LIMIT: Duration = Duration::from_secs(5);

/// What all hooks share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) spawner: Spawner,
    pub(crate) programs: Programs,
    /// A permit for each run at a time.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) runs: Runs,
}

/// One hook with its task.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) hook: Hook,
    mailbox: Arc<Mailbox>,
    calls: BoundedCalls,
    task: AbortHandle,
}

impl Runner {
    /// Starts the task of a hook. It takes over what `former`, which is dropped, has not finished,
    /// and runs nothing before `running` has ended.
    pub(crate) fn start(
        name: &str,
        hook: Hook,
        shared: &Shared,
        former: Option<Self>,
        running: Option<BoundedCalls>,
    ) -> Self {
        let mailbox = Arc::new(Mailbox::default());
        let calls = former.as_ref().map(Self::calls).or(running);
        let calls =
            calls.unwrap_or_else(|| BoundedCalls::new(format!("the hook of {name}"), shared.spawner, 1));
        if let Some(event) = former.and_then(|former| former.mailbox.take_unfinished()) {
            mailbox.put(event);
        }
        let task = Task {
            hook: hook.clone(),
            mailbox: Arc::clone(&mailbox),
            calls: calls.clone(),
            shared: shared.clone(),
        };
        Self { hook, mailbox, calls, task: tokio::spawn(task.run()).abort_handle() }
    }

    /// The calls of its program: one at a time.
    pub(crate) fn calls(&self) -> BoundedCalls {
        self.calls.clone()
    }

    /// Runs the hook for this event next, instead of for one that waits.
    pub(crate) fn push(&self, event: Event) {
        self.mailbox.put(event);
    }

    /// Makes another attempt for a change for which it was given up.
    pub(crate) fn run_again_if_given_up(&self) {
        if let Some(event) = self.mailbox.given_up() {
            self.mailbox.put(event);
        }
    }
}

impl Drop for Runner {
    /// A program that runs goes on to its end.
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Task {
    hook: Hook,
    mailbox: Arc<Mailbox>,
    calls: BoundedCalls,
    shared: Shared,
}

impl Task {
    async fn run(self) {
        loop {
            let event = self.next_settled().await;
            self.run_until_done(event).await;
        }
    }

    /// The latest event, after as long without one as the hook wants.
    async fn next_settled(&self) -> Event {
        let mut event = self.mailbox.next().await;
        let settle = self.hook.settle;
        let latest = Instant::now() + settle * MOST_SETTLES;
        // Without a `settle` the time is over at once.
        while let Ok(newer) = timeout_at(latest.min(Instant::now() + settle), self.mailbox.next()).await {
            event = newer;
        }
        event
    }

    async fn run_until_done(&self, mut event: Event) {
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_AT_MOST);
        let mut failures = 0;
        loop {
            let started = Instant::now();
            let (is_newer, result) = self.attempt(event.clone()).await;
            event = self.mailbox.unfinished().unwrap_or(event);
            if is_newer {
                (backoff, failures) = (Backoff::new(RETRY_FIRST, RETRY_AT_MOST), 0);
            }
            match result {
                Ok(()) => {
                    self.mailbox.finish();
                    self.shared.runs.succeeded(&event.subject.name);
                    return log::success(&event, started.elapsed());
                }
                Err(Failure::Interrupted) => return,
                Err(failure) => {
                    self.shared.runs.failed(&event.subject.name, &failure);
                    failures += 1;
                    if failures > self.hook.retries {
                        self.mailbox.give_up();
                        return log::end(&event, &failure);
                    }
                    let delay = backoff.next_delay();
                    log::failure(&event, &failure, delay, self.hook.retries + 1 - failures);
                    tokio::select! {
                        () = sleep(delay) => {}
                        // The change that failed is a part of the newer one.
                        () = self.mailbox.arrival() => {
                            event = self.next_settled().await;
                            (backoff, failures) = (Backoff::new(RETRY_FIRST, RETRY_AT_MOST), 0);
                        }
                    }
                }
            }
        }
    }

    /// Runs the hook once, when fewer than the most run at a time. Also gives whether a newer event
    /// came before the run began: then the run was for that.
    async fn attempt(&self, event: Event) -> (bool, Result<(), Failure>) {
        // The semaphore is never closed.
        let Ok(slot) = Arc::clone(&self.shared.slots).acquire_owned().await else {
            return (false, Err(Failure::Interrupted));
        };
        let (hook, mailbox) = (self.hook.clone(), Arc::clone(&self.mailbox));
        let programs = self.shared.programs.clone();
        let call = move || {
            // Until the run has ended, also if its caller has gone on.
            let _slot = slot;
            // It may have waited for a slot, or for the program of a former hook. A newer event
            // that has to settle is left for a run of its own.
            let newer = if hook.settle.is_zero() { mailbox.take() } else { None };
            let result = action::run(&hook, newer.as_ref().unwrap_or(&event), &programs);
            (newer.is_some(), result)
        };
        let ended = self.calls.run(action::limit(&self.hook) + HANG_LIMIT, call).await;
        ended.unwrap_or_else(|error| (false, Err(Failure::Failed(error.to_string()))))
    }
}

#[cfg(test)]
mod tests;
