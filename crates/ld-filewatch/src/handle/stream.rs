//! A subscription as a stream.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use crate::handle::guard::Snapshot;
use crate::handle::subscription::Subscription;

/// Yields each new content, and ends when the watcher is closed. Needs the feature `futures`.
///
/// As with [`changed`](Subscription::changed), content that was replaced meanwhile is skipped.
impl<T> Stream for Subscription<T> {
    type Item = Snapshot<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Snapshot<T>>> {
        self.get_mut().poll_changed(context)
    }
}

impl<T> FusedStream for Subscription<T> {
    fn is_terminated(&self) -> bool {
        self.is_closed()
    }
}
