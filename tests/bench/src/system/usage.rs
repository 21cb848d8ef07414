//! CPU time, memory and threads of a process, from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rustix::param::clock_ticks_per_second;

use ld_workspace::Failure;

/// Resources that a process has used so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usage {
    /// CPU seconds of all its threads, including those that have ended.
    pub(crate) cpu: f64,
    /// Resident bytes now.
    pub(crate) resident: f64,
    /// Peak of the resident bytes.
    pub(crate) peak: f64,
}

impl Usage {
    /// Reads the usage of a running process.
    pub(crate) fn of(pid: u32) -> Result<Self, Failure> {
        let directory = format!("/proc/{pid}");
        let status = read(&format!("{directory}/status"))?;
        let ticks = cpu_ticks(&read(&format!("{directory}/stat"))?).ok_or_else(|| missing("stat"))?;
        let field = |name: &str| field(&status, name).ok_or_else(|| missing(name));
        // Ticks of 10 ms include ended threads. The scheduler's account is exact, but only of
        // living threads. Both are too low, so the larger one is closer to the truth.
        let running = Threads::of(pid).values().map(|thread| thread.cpu).sum();
        Ok(Self {
            cpu: f64::max(ticks as f64 / clock_ticks_per_second() as f64, running),
            resident: field("VmRSS")? * 1024.0,
            peak: field("VmHWM")? * 1024.0,
        })
    }
}

/// Makes the peak of a process start again from what is resident now.
pub(crate) fn forget_peak(pid: u32) -> Result<(), Failure> {
    let path = format!("/proc/{pid}/clear_refs");
    fs::write(&path, "5").map_err(Failure::doing(format!("cannot write {path}")))
}

/// The number of threads of a process. Cheap even if there are thousands.
pub(crate) fn thread_count(pid: u32) -> Option<f64> {
    field(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "Threads")
}

/// Resources that one thread has used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Thread {
    /// CPU seconds.
    pub(crate) cpu: f64,
    /// Context switches, voluntary and involuntary.
    pub(crate) switches: f64,
}

/// The threads of a process by id. Threads that end keep their last values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Threads(BTreeMap<String, Thread>);

impl Threads {
    /// Reads the threads of a process.
    pub(crate) fn of(pid: u32) -> Self {
        let mut threads = Self::default();
        threads.update(pid);
        threads
    }

    /// Reads them again.
    pub(crate) fn update(&mut self, pid: u32) {
        let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        for entry in entries {
            // A thread may have ended since its directory was listed.
            if let Some(thread) = thread(&entry.path()) {
                self.0.insert(entry.file_name().to_string_lossy().into_owned(), thread);
            }
        }
    }

    fn values(&self) -> impl Iterator<Item = Thread> {
        self.0.values().copied()
    }

    /// Resources used since `before` was read.
    pub(crate) fn since(&self, before: &Self) -> Thread {
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

fn missing(what: &str) -> Failure {
    Failure::new(format!("/proc has no {what} of the process, which may have exited"))
}

/// User and system time from `/proc/PID/stat`, in ticks. The process name in front of them may
/// contain blanks and parentheses.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// A number from `/proc/PID/status`. Those with a unit are in KiB.
fn field(status: &str, name: &str) -> Option<f64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.split_whitespace().next()?.parse().ok()
}

/// Both kinds of context switches from `/proc/PID/task/TID/status`.
fn switches(status: &str) -> Option<f64> {
    Some(field(status, "voluntary_ctxt_switches")? + field(status, "nonvoluntary_ctxt_switches")?)
}

/// Seconds on a CPU from `/proc/PID/task/TID/schedstat`, which has nanoseconds.
fn run_seconds(schedstat: &str) -> Option<f64> {
    Some(schedstat.split_whitespace().next()?.parse::<f64>().ok()? / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_after_any_process_name() {
        let stat = "4242 (a) b (c) S 1 4242 4242 0 -1 4194560 900 0 0 0 31 7 0 0 20 0 3 0 123 456 789";
        assert_eq!(cpu_ticks(stat), Some(38));
        assert_eq!(cpu_ticks("4242 (cut"), None);
    }

    #[test]
    fn status_fields_are_found_by_their_whole_name() {
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
    fn usage_includes_ended_threads_and_excludes_the_past() {
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
