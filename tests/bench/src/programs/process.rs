//! A running subject.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::time::Instant;

use super::subject::Subject;
use ld_workspace::Failure;

/// How many lines of a subject's log a failure shows.
const LOG_TAIL_LINES: usize = 10;

/// A subject's process. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct SubjectProcess {
    pub(super) subject: Subject,
    pub(super) child: Child,
    pub(super) log: PathBuf,
    pub(crate) started: Instant,
}

impl SubjectProcess {
    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails if the process has exited.
    pub(crate) fn check(&mut self) -> Result<(), Failure> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.failure(&format!("exited early ({status})"))),
            Err(error) => Err(self.failure(&format!("cannot wait for the process: {error}"))),
        }
    }

    /// A failure of the subject, with the end of its log.
    pub(crate) fn failure(&self, what: &str) -> Failure {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n  ");
        Failure::new(format!("{}: {what}; its log ends with\n  {tail}", self.subject.name()))
    }
}

impl Drop for SubjectProcess {
    fn drop(&mut self) {
        // Both fail if the process has exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
