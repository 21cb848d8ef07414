//! Something that one task is to hear of, small enough for every node to have one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// A signal that stays set until it is heard.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    set: AtomicBool,
    listener: AtomicWaker,
}

impl Signal {
    pub(crate) fn set(&self) {
        self.set.store(true, Ordering::Release);
        self.listener.wake();
    }

    /// Ready when it was set since this was ready last.
    pub(crate) fn poll_set(&self, context: &Context<'_>) -> Poll<()> {
        // Before it is looked at, so that it is not set in between.
        self.listener.register(context.waker());
        if self.set.swap(false, Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}
