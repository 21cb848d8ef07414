//! `nodes.NAME.on_change` and what belongs to it: what runs after a file was changed.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// What runs after a node's file was replaced or removed. By default nothing runs.
///
/// With both, the signal is sent when the program has succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hook {
    /// This program is run.
    pub on_change: Option<CommandLine>,
    /// This signal is sent.
    pub signal: Option<HookSignal>,
    /// A program that has not ended by then is killed, and has failed.
    pub timeout: Duration,
    /// As many attempts follow one that failed.
    pub retries: usize,
    /// Waits for as long without a change before it runs. Zero: not at all.
    pub settle: Duration,
    /// Nodes with the same name here share one hook.
    pub group: Option<String>,
    /// Whether it also runs once after the start of the watcher.
    pub on_start: bool,
}

impl Default for Hook {
    fn default() -> Self {
        Self {
            on_change: None,
            signal: None,
            timeout: Duration::from_secs(30),
            retries: 5,
            settle: Duration::ZERO,
            group: None,
            on_start: false,
        }
    }
}

impl Hook {
    /// Whether anything runs at all.
    pub fn is_set(&self) -> bool {
        self.on_change.is_some() || self.signal.is_some()
    }
}

/// A program with its arguments, run without a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandLine {
    /// The absolute path of the program.
    pub program: PathBuf,
    /// Its arguments. In a file none holds white space.
    pub arguments: Vec<String>,
}

impl CommandLine {
    /// A program and its arguments.
    pub fn new<A: Into<String>>(program: impl Into<PathBuf>, arguments: impl IntoIterator<Item = A>) -> Self {
        Self { program: program.into(), arguments: arguments.into_iter().map(Into::into).collect() }
    }
}

impl fmt::Display for CommandLine {
    /// As the configuration has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program.display())?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
    }
}

/// A signal and where it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookSignal {
    /// The name of the signal, such as `SIGHUP`.
    pub name: String,
    /// Where it is sent.
    pub target: SignalTarget,
}

impl HookSignal {
    /// A signal to a target.
    pub fn new(name: impl Into<String>, target: SignalTarget) -> Self {
        Self { name: name.into(), target }
    }
}

impl fmt::Display for HookSignal {
    /// As the configuration has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            SignalTarget::PidFile(path) => write!(f, "{}:{}", self.name, path.display()),
            SignalTarget::Unit(unit) => write!(f, "{}:{unit}", self.name),
        }
    }
}

/// What a signal is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignalTarget {
    /// The process that this file names. Its path is absolute.
    PidFile(PathBuf),
    /// The main process of this systemd unit.
    Unit(String),
}
