//! Other watchers on this host: one of them may have a destination of this one.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ld_blocking::{BoundedCalls, Spawner};
use ld_config::escape_hidden;
use tokio::time::Instant;

/// How long what was found counts as fresh: many files may be restored at a time.
const FRESH: Duration = Duration::from_secs(10);

/// How long the search may take. The kernel lets a reader wait for a process that hangs.
const SEARCH_LIMIT: Duration = Duration::from_secs(1);

/// The most of a command line that is read, in bytes.
const MAX_COMMAND: u64 = 512;

/// The most processes that are named.
const MAX_NAMED: usize = 3;

/// What the program is called: ours, and the module of the original.
const PROGRAMS: [&str; 2] = ["live-data-watcher", "live_data_watcher"];

/// Looks for other watchers.
pub(crate) struct Rivals {
    calls: BoundedCalls,
    last: Mutex<Option<(Instant, String)>>,
}

impl Rivals {
    pub(crate) fn new(spawner: Spawner) -> Self {
        Self { calls: BoundedCalls::new("the list of processes", spawner, 1), last: Mutex::default() }
    }

    /// What to say of a file that another process changes again and again. Other watchers are named
    /// if this process sees them: those in other containers it does not.
    pub(crate) async fn suspicion(&self) -> String {
        if let Some((_, found)) = self.last().as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return found.clone();
        }
        // A search that fails finds none.
        let found =
            self.calls.run(SEARCH_LIMIT, || other_watchers(Path::new("/proc"))).await.unwrap_or_default();
        let mut text = "a second watcher may have the same destination".to_owned();
        for (index, process) in found.iter().take(MAX_NAMED).enumerate() {
            text.push_str(if index == 0 { ": " } else { ", " });
            text.push_str(process);
        }
        *self.last() = Some((Instant::now(), text.clone()));
        text
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<(Instant, String)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The watchers in the list of processes at `proc`, but this process. Blocks.
fn other_watchers(proc: &Path) -> Vec<String> {
    let entries = fs::read_dir(proc).into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut ids: Vec<_> = ids.filter(|id| *id != std::process::id()).collect();
    ids.sort_unstable();
    ids.into_iter().filter_map(|id| watcher(proc, id)).collect()
}

/// The process `id` in words, if it is a watcher.
fn watcher(proc: &Path, id: u32) -> Option<String> {
    let mut line = Vec::new();
    let file = fs::File::open(proc.join(id.to_string()).join("cmdline")).ok()?;
    file.take(MAX_COMMAND).read_to_end(&mut line).ok()?;
    let line = String::from_utf8_lossy(&line);
    let arguments: Vec<_> = line.split('\0').filter(|argument| !argument.is_empty()).collect();
    let is_program = |argument: &&str| {
        let name = argument.rsplit(['/', '.']).next().unwrap_or_default();
        PROGRAMS.contains(&name.trim_end_matches(|end: char| end.is_ascii_digit()))
    };
    let is_python = |argument: &str| argument.rsplit('/').next().unwrap_or_default().starts_with("python");
    // An interpreter may come first, with `-m`.
    let program = match arguments.as_slice() {
        [program, ..] if is_program(program) => program,
        [python, module, ..] if is_python(python) && is_program(module) => module,
        [python, "-m", module, ..] if is_python(python) && is_program(module) => module,
        _ => return None,
    };
    // Its arguments are not shown: they may be secret.
    Some(format!("process {id} ({})", escape_hidden(program)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watchers_are_told_from_other_processes() {
        let proc = tempfile::tempdir().unwrap();
        for (id, line) in [
            (&*std::process::id().to_string(), "live-data-watcher\0own.ini\0"),
            ("20", "/usr/bin/live-data-watcher\0--debug\0/etc/b.ini\0"),
            ("7", "python3\0-m\0baseplate.sidecars.live_data_watcher\0c.ini\0"),
            ("8", "/usr/bin/python3\0/usr/local/bin/live-data-watcher3\0d.ini\0"),
            ("9", "vi\0/etc/live-data-watcher.ini\0"),
            ("11", "python3\0-\0live_data_watcher\0--password=hunter2\0"),
            ("12", "rustc\0--crate-name\0live_data_watcher\0"),
            ("self", "live-data-watcher\0"),
            ("10", ""),
        ] {
            fs::create_dir(proc.path().join(id)).unwrap();
            fs::write(proc.path().join(id).join("cmdline"), line).unwrap();
        }
        let expected = [
            "process 7 (baseplate.sidecars.live_data_watcher)",
            "process 8 (/usr/local/bin/live-data-watcher3)",
            "process 20 (/usr/bin/live-data-watcher)",
        ];
        assert_eq!(other_watchers(proc.path()), expected);
    }
}
