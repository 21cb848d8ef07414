//! Where blocking work runs.

use std::io;
use std::thread;

/// Makes a thread for each piece of blocking work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Spawner {
    /// A thread of its own for each piece of work; it ends with the work.
    #[default]
    Threads,
    /// The blocking pool of the current tokio runtime. A paused clock (`tokio::time::pause`) stands
    /// still while such work runs, so this is for tests. A program should not use it: tokio panics
    /// when the system refuses a thread, and calls that hang use up the pool.
    Runtime,
}

impl Spawner {
    /// Runs `work` and does not wait for it. `name` is the name of the thread; Linux shows its
    /// first 15 bytes.
    ///
    /// # Errors
    ///
    /// The system refuses a thread. `work` has not run then, and is dropped.
    ///
    /// # Panics
    ///
    /// With [`Spawner::Runtime`] outside of a tokio runtime.
    pub fn spawn(self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        match self {
            Self::Threads => {
                // The system's names of threads end at a NUL.
                let name = name.replace('\0', "?");
                thread::Builder::new().name(name).spawn(work).map(drop)
            }
            Self::Runtime => {
                drop(tokio::task::spawn_blocking(work));
                Ok(())
            }
        }
    }
}
