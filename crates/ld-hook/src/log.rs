//! The log lines about runs, with the fields that other lines about nodes have.

use std::time::Duration;

use tracing::{error, info, warn};

use crate::action::Failure;
use crate::event::Event;

/// It succeeded.
pub(crate) fn success(event: &Event, took: Duration) {
    let (node, kind, label) = (&event.subject.name, event.kind.as_str(), event.label());
    let ms = took.as_millis();
    info!(node, event = kind, took = took.as_secs_f64(), "{label}: the hook ran ({kind}, {ms} ms)");
}

/// It failed, and runs again after `delay`, as many times as are `left` at most.
pub(crate) fn failure(event: &Event, failure: &Failure, delay: Duration, left: usize) {
    let (node, kind, label) = (&event.subject.name, event.kind.as_str(), event.label());
    let ms = delay.as_millis();
    warn!(
        node,
        event = kind,
        "{label}: {failure}; the hook is tried again in {ms} ms, {left} more times at most"
    );
}

/// It failed, and was given up.
pub(crate) fn end(event: &Event, failure: &Failure) {
    let (node, kind, label) = (&event.subject.name, event.kind.as_str(), event.label());
    error!(
        node,
        event = kind,
        "{label}: {failure}; the hook is not tried again before the next change or reload"
    );
}
