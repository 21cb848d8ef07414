//! The place of inotify on other systems. No watch is asked for there: the builder leaves events
//! out.

use std::path::Path;
use std::sync::Arc;

use super::refusal::Refusal;

pub(crate) struct Backend;

impl Backend {
    pub(crate) fn refused(&self) -> Option<Arc<str>> {
        Some("events are available on Linux only".into())
    }

    pub(crate) fn watch(&mut self, _: &Path) -> Result<(), Refusal> {
        Err(Refusal::Gone)
    }

    pub(crate) fn unwatch(&mut self, _: &Path) {}

    pub(crate) fn close(&mut self) {}
}
