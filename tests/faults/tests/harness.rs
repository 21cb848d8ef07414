//! Runs the tests, many at once because they mostly wait.
//!
//! The standard harness runs only as many as there are processors.

use std::collections::BTreeSet;
use std::env;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

/// Tests that run at once unless `--test-threads` or `RUST_TEST_THREADS` says otherwise.
const AT_ONCE: usize = 12;

/// One test: it passes if `run` returns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Test {
    /// The module's path and the function's name.
    pub(crate) name: &'static str,
    /// About how long it takes: the longest tests start first.
    pub(crate) seconds: u32,
    pub(crate) run: fn(),
}

/// Lists the tests of a module, each with about how many seconds it takes.
macro_rules! tests {
    ($($name:ident: $seconds:literal),+ $(,)?) => {
        pub(crate) const TESTS: &[$crate::harness::Test] = &[$($crate::harness::Test {
            name: concat!(module_path!(), "::", stringify!($name)),
            seconds: $seconds,
            run: $name,
        }),+];
    };
}
pub(crate) use tests;

/// The command line: a subset of the standard harness's, enough for cargo and nextest.
#[derive(Debug, Default)]
struct Wanted {
    list: bool,
    exact: bool,
    only_ignored: bool,
    threads: Option<usize>,
    filters: Vec<String>,
    skips: Vec<String>,
}

pub(crate) fn run(modules: &[&[Test]]) -> ExitCode {
    let wanted = match Wanted::from_arguments(env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let all = modules.iter().copied().flatten().map(|test| Test { name: short(test.name), ..*test });
    let (mut tests, others): (Vec<_>, Vec<_>) = all.partition(|test| wanted.wants(test.name));
    if wanted.list {
        tests.iter().for_each(|test| println!("{}: test", test.name));
        return ExitCode::SUCCESS;
    }
    tests.sort_by_key(|test| test.seconds);
    let threads = wanted.threads.unwrap_or(AT_ONCE).clamp(1, tests.len().max(1));
    println!("\nrunning {} tests, {threads} at once", tests.len());
    let (start, count) = (Instant::now(), tests.len());
    let failed = run_all(tests, threads);
    if !failed.is_empty() {
        println!("\nfailures:");
        failed.iter().for_each(|name| println!("    {name}"));
    }
    println!(
        "\ntest result: {}. {} passed; {} failed; 0 ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        if failed.is_empty() { "ok" } else { "FAILED" },
        count - failed.len(),
        failed.len(),
        others.len(),
        start.elapsed().as_secs_f64()
    );
    // The code of a failed test run in the standard harness.
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(101) }
}

/// Runs `tests` from last to first and returns the names of those that failed.
fn run_all(tests: Vec<Test>, threads: usize) -> BTreeSet<&'static str> {
    let (queue, failed) = (Mutex::new(tests), Mutex::new(BTreeSet::new()));
    let worker = || {
        while let Some(test) = take(&queue) {
            let start = Instant::now();
            // In a thread with the test's name, which the message of a panic shows.
            let thread = thread::Builder::new().name(test.name.to_owned()).spawn(test.run);
            let passed = thread.expect("a thread can be started").join().is_ok();
            let outcome = if passed { "ok" } else { "FAILED" };
            println!("test {} ... {outcome} ({:.1} s)", test.name, start.elapsed().as_secs_f64());
            if !passed {
                failed.lock().expect("workers do not panic").insert(test.name);
            }
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(worker))));
    failed.into_inner().expect("workers do not panic")
}

fn take(queue: &Mutex<Vec<Test>>) -> Option<Test> {
    queue.lock().expect("workers do not panic").pop()
}

/// The name without that of this binary.
fn short(name: &'static str) -> &'static str {
    name.split_once("::").map_or(name, |(_, rest)| rest)
}

impl Wanted {
    fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wanted = Self {
            threads: env::var("RUST_TEST_THREADS").ok().and_then(|n| n.parse().ok()),
            ..Self::default()
        };
        let mut arguments = arguments.flat_map(|argument| match argument.split_once('=') {
            Some((option, value)) if option.starts_with("--") => vec![option.to_owned(), value.to_owned()],
            _ => vec![argument],
        });
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--list" => wanted.list = true,
                "--exact" => wanted.exact = true,
                "--ignored" => wanted.only_ignored = true,
                "--skip" => wanted.skips.push(value()?),
                "--test-threads" => {
                    let threads = value()?.parse().map_err(|_| "--test-threads needs a number")?;
                    wanted.threads = Some(threads);
                }
                // Output is never captured and has one format.
                "--nocapture" | "--no-capture" | "--show-output" | "--include-ignored" | "--quiet" | "-q" => {
                }
                "--format" | "--color" => drop(value()?),
                option if option.starts_with('-') => return Err(format!("unknown option {option}")),
                filter => wanted.filters.push(filter.to_owned()),
            }
        }
        Ok(wanted)
    }

    fn wants(&self, name: &str) -> bool {
        let matches =
            |filter: &String| if self.exact { name == filter } else { name.contains(filter.as_str()) };
        let asked = self.filters.is_empty() || self.filters.iter().any(matches);
        asked && !self.skips.iter().any(matches) && !self.only_ignored
    }
}
