//! A wall clock that a test sets, for the programs of that test.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The wall clock of programs that start with [`TestCommand::clock`](crate::TestCommand::clock).
///
/// It is right until a test sets it back. The monotonic clock and the times that a file system
/// stores stay right.
#[derive(Debug)]
pub struct FakeClock {
    library: PathBuf,
    setting: PathBuf,
}

impl FakeClock {
    /// A clock with its setting in `directory`.
    ///
    /// # Panics
    ///
    /// When libfaketime is missing (the message has the command that installs it), or when the
    /// directory is not writable.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        let clock = Self { library: library(), setting: directory.join("clock") };
        clock.set_back(Duration::ZERO);
        clock
    }

    /// Sets it `by` whole seconds behind the true time, for all its programs at once.
    ///
    /// Zero makes it right again.
    ///
    /// # Panics
    ///
    /// When the setting cannot be written.
    pub fn set_back(&self, by: Duration) {
        // Programs read the file at each look at the clock, so it must never be half-written.
        let new = self.setting.with_extension("new");
        fs::write(&new, format!("-{}\n", by.as_secs()))
            .and_then(|()| fs::rename(&new, &self.setting))
            .unwrap_or_else(|error| panic!("cannot set the clock {}: {error}", self.setting.display()));
    }

    /// Whether the process uses this clock.
    #[must_use]
    pub fn is_used_by(&self, process: u32) -> bool {
        let loaded = fs::read_to_string(format!("/proc/{process}/maps")).unwrap_or_default();
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        let setting = format!("FAKETIME_TIMESTAMP_FILE={}", self.setting.display());
        loaded.contains("libfaketime")
            && environment.split(|byte| *byte == 0).any(|line| line == setting.as_bytes())
    }

    /// The command line in front of a program.
    pub(crate) fn wrapper(&self) -> Vec<String> {
        let path = |path: &Path| path.to_str().expect("temporary directories have ASCII names").to_owned();
        vec![
            "env".to_owned(),
            format!("LD_PRELOAD={}", path(&self.library)),
            format!("FAKETIME_TIMESTAMP_FILE={}", path(&self.setting)),
            "FAKETIME_NO_CACHE=1".to_owned(),
            "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
            "NO_FAKE_STAT=1".to_owned(),
        ]
    }
}

/// Debian's libfaketime for the machine's architecture.
fn library() -> PathBuf {
    let mut places = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let library = places.find_map(|place| {
        let library = place.join("faketime/libfaketimeMT.so.1");
        library.exists().then_some(library)
    });
    library.expect("libfaketime is missing; install it with: apt-get install faketime")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TempDir, TestCommand, wait_until};

    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn a_clock_is_set_back_for_its_programs_only() {
        let directory = TempDir::new();
        let clock = FakeClock::new(directory.path());
        let seconds = |command: TestCommand| -> u64 {
            let output = command.arg("+%s").run(LIMIT);
            output.stdout.trim().parse().expect("date prints a number")
        };
        let behind = || {
            let (faked, now) =
                (seconds(TestCommand::new("date").clock(&clock)), seconds(TestCommand::new("date")));
            now - faked
        };
        let slack = LIMIT.as_secs() * 2;
        assert!(behind() < slack);
        clock.set_back(Duration::from_secs(3600));
        assert!((3600..3600 + slack).contains(&behind()));
        clock.set_back(Duration::ZERO);
        assert!(behind() < slack);
    }

    #[test]
    fn a_program_without_the_clock_is_told_apart() {
        let directory = TempDir::new();
        let clock = FakeClock::new(directory.path());
        let (with, without) = (
            TestCommand::new("sleep").arg("60").clock(&clock).start(),
            TestCommand::new("sleep").arg("60").start(),
        );
        wait_until("the program to be there", LIMIT, || clock.is_used_by(with.id()));
        assert!(!clock.is_used_by(without.id()));
    }
}
