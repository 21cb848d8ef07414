//! The node's guards, which content must pass before it replaces a file.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ld_blocking::CallError;
use ld_config::chain;
use ld_file::{Disk, FileUnderCheck, Filled};
use ld_guard::Error;
use tokio::time::timeout;

use super::task::Task;
use crate::source::NodeSource;

/// A check that takes longer than this hangs: it is killed after 10 s.
const HANG: Duration = Duration::from_secs(20);

impl<W: NodeSource> Task<W> {
    /// Judges content by the node's guards on a thread, of which each file system has a few.
    pub(super) async fn check(&mut self, disk: &Disk, content: &Arc<Vec<u8>>) -> Result<(), Error> {
        let (guards, dest) = (self.node.config.guards.clone(), self.node.config.dest.clone());
        let (content, checks) = (Arc::clone(content), self.shared.checks.clone());
        let judge = move || {
            // The file under check lies beside the destination.
            let write_file =
                |content: &[u8]| FileUnderCheck::write(&dest, content).map_err(|error| chain(&error));
            ld_guard::judge(&guards, &content, &checks, write_file)
        };
        self.judge(disk, judge).await.unwrap_or_else(|error| Err(Error::NotJudged(error.to_string())))
    }

    /// The same for content in a file. `None`: the file is lost with the check, and the node is
    /// read again.
    pub(super) async fn check_load(
        &mut self,
        disk: &Disk,
        filled: Filled,
    ) -> Option<(Filled, Result<(), Error>)> {
        let (guards, checks) = (self.node.config.guards.clone(), self.shared.checks.clone());
        let judge = move || {
            let verdict =
                ld_guard::judge_file(&guards, || filled.path(), filled.bytes(), &checks, || filled.read());
            (filled, verdict)
        };
        match self.judge(disk, judge).await {
            Ok(judged) => Some(judged),
            Err(error) => {
                self.reject(&Error::NotJudged(error.to_string()));
                None
            }
        }
    }

    async fn judge<T: Send + 'static>(
        &mut self,
        disk: &Disk,
        judge: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let mut judged = pin!(disk.checks.run(Duration::MAX, judge));
        loop {
            if let Ok(verdict) = timeout(HANG, &mut judged).await {
                return verdict;
            }
            let oldest = disk.checks.oldest();
            if let Some(since) = oldest.filter(|since| since.elapsed().is_ok_and(|age| age >= HANG)) {
                self.report_hang("a check on the file system of", since);
            }
        }
    }
}
