//! What a process has used so far, from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rustix::param::clock_ticks_per_second;

use ld_workspace::Failure;

/// What a process has used at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Usage {
    /// CPU time of all its threads, also of those that have ended, in seconds.
    pub(super) cpu: f64,
    /// Bytes in memory now.
    pub(super) resident: f64,
    /// Bytes in memory at most, so far.
    pub(super) peak: f64,
}

impl Usage {
    /// Looks at a running process.
    pub(super) fn of(pid: u32) -> Result<Self, Failure> {
        let directory = format!("/proc/{pid}");
        let status = read(&format!("{directory}/status"))?;
        let ticks = cpu_ticks(&read(&format!("{directory}/stat"))?).ok_or_else(|| strange("stat"))?;
        let field = |name: &str| field(&status, name).ok_or_else(|| strange(name));
        // Ticks of 10 ms include ended threads; the scheduler's account of the threads that there are is exact. Both fall
        // short of the truth, so the larger one is nearer.
        let running = Threads::of(pid).values().map(|thread| thread.cpu).sum();
        Ok(Self {
            cpu: f64::max(ticks as f64 / clock_ticks_per_second() as f64, running),
            resident: field("VmRSS")? * 1024.0,
            peak: field("VmHWM")? * 1024.0,
        })
    }
}

/// How many threads a process has now; quick to tell, also when there are thousands.
pub(super) fn thread_count(pid: u32) -> Option<f64> {
    field(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "Threads")
}

/// What one thread has used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Thread {
    /// CPU seconds.
    pub(super) cpu: f64,
    /// Context switches, whoever wanted them.
    pub(super) switches: f64,
}

/// The threads of a process by their id. Looked at again and again it keeps what ended threads were last seen with.
#[derive(Debug, Clone, Default)]
pub(super) struct Threads(BTreeMap<String, Thread>);

impl Threads {
    /// Looks at a process for the first time.
    pub(super) fn of(pid: u32) -> Self {
        let mut threads = Self::default();
        threads.look(pid);
        threads
    }

    /// Looks again.
    pub(super) fn look(&mut self, pid: u32) {
        let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        for entry in entries {
            // A thread may end between two looks.
            if let Some(thread) = thread(&entry.path()) {
                self.0.insert(entry.file_name().to_string_lossy().into_owned(), thread);
            }
        }
    }

    fn values(&self) -> impl Iterator<Item = Thread> {
        self.0.values().copied()
    }

    /// What was used since `before` was taken.
    pub(super) fn since(&self, before: &Self) -> Thread {
        let mut sum = Thread::default();
        for (id, now) in &self.0 {
            let then = before.0.get(id).copied().unwrap_or_default();
            sum.cpu += now.cpu - then.cpu;
            sum.switches += now.switches - then.switches;
        }
        sum
    }
}

fn thread(directory: &Path) -> Option<Thread> {
    let schedstat = fs::read_to_string(directory.join("schedstat")).ok()?;
    let status = fs::read_to_string(directory.join("status")).ok()?;
    Some(Thread { cpu: run_seconds(&schedstat)?, switches: switches(&status)? })
}

fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(Failure::doing(format!("cannot read {path}")))
}

fn strange(what: &str) -> Failure {
    Failure::new(format!("cannot find {what} in /proc of a process; has it ended?"))
}

/// User and system time of `/proc/PID/stat`, in ticks. The name before them may hold blanks and parentheses.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// A number of `/proc/PID/status`; those with a unit are in KiB.
fn field(status: &str, name: &str) -> Option<f64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.split_whitespace().next()?.parse().ok()
}

/// Both kinds of context switches of `/proc/PID/task/TID/status`.
fn switches(status: &str) -> Option<f64> {
    Some(field(status, "voluntary_ctxt_switches")? + field(status, "nonvoluntary_ctxt_switches")?)
}

/// The time on a CPU of `/proc/PID/task/TID/schedstat`, which has nanoseconds.
fn run_seconds(schedstat: &str) -> Option<f64> {
    Some(schedstat.split_whitespace().next()?.parse::<f64>().ok()? / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "4242 (a) b (c) S 1 4242 4242 0 -1 4194560 900 0 0 0 31 7 0 0 20 0 3 0 123 456 789";
        assert_eq!(cpu_ticks(stat), Some(38));
        assert_eq!(cpu_ticks("4242 (cut"), None);
    }

    #[test]
    fn fields_of_status_are_found_by_their_whole_name() {
        let status = "Name:\tVmRSS\nVmHWM:\t  2108 kB\nVmRSS:\t  1044 kB\nThreads:\t3\n\
                      voluntary_ctxt_switches:\t40\nnonvoluntary_ctxt_switches:\t2\n";
        assert_eq!(field(status, "VmRSS"), Some(1044.0));
        assert_eq!(field(status, "VmHWM"), Some(2108.0));
        assert_eq!(field(status, "Threads"), Some(3.0));
        assert_eq!(field(status, "Thread"), None);
        assert_eq!(switches(status), Some(42.0));
    }

    #[test]
    fn run_time_is_in_nanoseconds() {
        assert_eq!(run_seconds("1500000000 82103 17\n"), Some(1.5));
        assert_eq!(run_seconds(""), None);
    }

    #[test]
    fn what_ended_threads_used_counts_and_what_was_before_does_not() {
        let thread = |cpu, switches| Thread { cpu, switches };
        let before = Threads([("1".to_owned(), thread(5.0, 100.0))].into());
        let mut after = before.clone();
        after.0.insert("2".to_owned(), thread(0.5, 7.0));
        after.0.insert("1".to_owned(), thread(6.0, 110.0));
        assert_eq!(after.since(&before), thread(1.5, 17.0));
    }

    #[test]
    fn this_process_has_a_thread_and_memory() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.resident > 0.0 && usage.peak > 0.0, "{usage:?}");
        assert!(thread_count(std::process::id()) >= Some(1.0));
    }
}
