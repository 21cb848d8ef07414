//! What a hook is told.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use ld_config::NodeConfig;

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It was written, and no earlier one was known.
    Created,
    /// It was replaced.
    Changed,
    /// It was removed.
    Deleted,
    /// Nothing: the watcher has started.
    Start,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Start => "start",
        }
    }
}

/// The node of an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) name: String,
    source: String,
    /// Absolute.
    path: PathBuf,
    /// The name of its group, if it shares a hook.
    pub(crate) group: Option<String>,
}

impl Subject {
    pub(crate) fn new(node: &NodeConfig) -> Self {
        Self {
            name: node.name.clone(),
            source: node.source.clone(),
            path: std::path::absolute(&node.dest).unwrap_or_else(|_| node.dest.clone()),
            group: node.active_hook().and_then(|hook| hook.group.clone()),
        }
    }
}

/// One change that a hook runs for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    pub(crate) subject: Arc<Subject>,
    pub(crate) mzxid: Option<i64>,
}

impl Event {
    /// What log lines begin with.
    pub(crate) fn label(&self) -> String {
        match &self.subject.group {
            Some(group) => format!("nodes.{} (hook_group {group})", self.subject.name),
            None => format!("nodes.{}", self.subject.name),
        }
    }

    /// Tells a program of the event.
    pub(crate) fn describe_to(&self, command: &mut Command) {
        let mzxid = self.mzxid.map(|mzxid| format!("{mzxid:#x}")).unwrap_or_default();
        command
            .env("LIVE_DATA_NODE", &self.subject.name)
            .env("LIVE_DATA_PATH", &self.subject.path)
            .env("LIVE_DATA_SOURCE", &self.subject.source)
            .env("LIVE_DATA_MZXID", mzxid)
            .env("LIVE_DATA_EVENT", self.kind.as_str());
    }
}
