//! The clock thread: ends quiet times, starts polls, and adds loaders when they are needed.

use std::io;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Instant;

use super::loaders;
use crate::hub::inner::Inner;
use crate::sync::lock;

pub(super) fn spawn(inner: &Arc<Inner>) -> io::Result<()> {
    let inner = Arc::clone(inner);
    thread::Builder::new().name("filewatch-clock".to_owned()).spawn(move || run(&inner)).map(drop)
}

fn run(inner: &Arc<Inner>) {
    let mut schedule = lock(&inner.schedule);
    while !schedule.stopped() {
        let now = Instant::now();
        match schedule.next_alarm() {
            None => schedule = inner.alarm.wait(schedule).unwrap_or_else(PoisonError::into_inner),
            Some(at) if at > now => {
                let waited = inner.alarm.wait_timeout(schedule, at - now);
                schedule = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            Some(_) => {
                schedule.queue_due(now);
                loaders::grow(inner, &mut schedule, now);
                if schedule.has_work() {
                    inner.wake_loader(schedule);
                    schedule = lock(&inner.schedule);
                }
            }
        }
    }
}
