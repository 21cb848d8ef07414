//! What waits for the task of a hook, and what it is at work on.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::event::Event;

/// The latest change, for the task.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    events: Mutex<Events>,
    is_changed: Notify,
}

#[derive(Debug, Default)]
struct Events {
    /// It waits for a run. A later one takes its place.
    waiting: Option<Event>,
    /// The hook runs for it, or has failed for it.
    unfinished: Option<Event>,
    /// It is not run again for the unfinished one.
    is_given_up: bool,
}

impl Mailbox {
    pub(super) fn put(&self, event: Event) {
        self.lock().waiting = Some(event);
        self.is_changed.notify_one();
    }

    /// Waits until an event waits. Cancel-safe.
    pub(super) async fn arrival(&self) {
        while self.lock().waiting.is_none() {
            self.is_changed.notified().await;
        }
    }

    /// Waits for an event and takes it. Cancel-safe.
    pub(super) async fn next(&self) -> Event {
        loop {
            self.arrival().await;
            if let Some(event) = self.take() {
                return event;
            }
        }
    }

    pub(super) fn take(&self) -> Option<Event> {
        let mut events = self.lock();
        let event = events.waiting.take();
        if event.is_some() {
            events.unfinished.clone_from(&event);
            events.is_given_up = false;
        }
        event
    }

    pub(super) fn unfinished(&self) -> Option<Event> {
        self.lock().unfinished.clone()
    }

    pub(super) fn finish(&self) {
        self.lock().unfinished = None;
    }

    pub(super) fn give_up(&self) {
        self.lock().is_given_up = true;
    }

    /// The event for which the hook was given up, unless a newer one waits.
    pub(super) fn given_up(&self) -> Option<Event> {
        let events = self.lock();
        events.unfinished.clone().filter(|_| events.is_given_up && events.waiting.is_none())
    }

    pub(super) fn take_unfinished(&self) -> Option<Event> {
        let mut events = self.lock();
        let (waiting, unfinished) = (events.waiting.take(), events.unfinished.take());
        waiting.or(unfinished)
    }

    fn lock(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
