//! How a process ends.

use std::process::ExitCode;

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done: 0.
    Done,
    /// Something failed: 1.
    Failed,
    /// The arguments are wrong, or a file that they name cannot be opened: 2.
    Usage,
    /// A running watcher, or ZooKeeper, cannot be asked: 3.
    Unreachable,
    /// It was written, but not enough hosts have it in time, or it did harm and was taken back: 4.
    Missed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::from(0),
            Exit::Failed => Self::from(1),
            Exit::Usage => Self::from(2),
            Exit::Unreachable => Self::from(3),
            Exit::Missed => Self::from(4),
        }
    }
}
