//! `cargo dev test`: every check, one after the other, up to the first that fails.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::{cargo, chaos, documents, manifests, setup};

/// One check: what the developer reads, and what it does.
type Step<'a> = (&'a str, Box<dyn FnOnce(&mut Tally) -> Result<(), Failure> + 'a>);

/// Tests over all binaries.
#[derive(Debug, Default)]
struct Tally {
    passed: u64,
    ignored: u64,
}

/// Runs the suite.
pub(crate) fn run() -> Result<(), Failure> {
    let start = Instant::now();
    setup::for_tests()?;
    let steps = steps();
    let (count, mut tally) = (steps.len(), Tally::default());
    for (index, (name, check)) in steps.into_iter().enumerate() {
        println!("\n=== {} of {count}: {name}", index + 1);
        let step_start = Instant::now();
        check(&mut tally).map_err(|failure| {
            Failure::new(format!("FAILED in step {} of {count}, {name}: {failure}", index + 1))
        })?;
        println!("--- {name}: ok, {}", seconds(step_start.elapsed()));
    }
    if tally.ignored > 0 {
        return Err(Failure::new(format!("FAILED: {} tests are ignored; none may be", tally.ignored)));
    }
    println!(
        "\nAll {count} checks passed, {} tests among them, in {}.",
        tally.passed,
        seconds(start.elapsed())
    );
    Ok(())
}

/// All targets that hold tests. With `--all-targets` the benchmark would run, too.
const TESTS: &[&str] =
    &["test", "--workspace", "--all-features", "--lib", "--bins", "--tests", "--examples", "--locked"];

fn steps<'a>() -> Vec<Step<'a>> {
    vec![
        cargo_step("format", &["fmt", "--all", "--", "--check"]),
        ("manifests and Rust version", Box::new(|_| manifests::check())),
        ("documents", Box::new(|_| documents::check())),
        cargo_step(
            "lints",
            &["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"],
        ),
        cargo_step("binaries", &["build", "--workspace", "--bins", "--locked"]),
        test_step("tests", TESTS),
        test_step(
            "examples in the documentation",
            &["test", "--workspace", "--all-features", "--doc", "--locked"],
        ),
        ("seeds of the fuzz targets", Box::new(fuzz_seeds)),
        ("chaos", Box::new(|_| chaos::run_in_suite())),
        ("documentation", Box::new(|_| document())),
        ("licenses, sources and layering", Box::new(|_| deny())),
        ("packages", Box::new(|_| package())),
    ]
}

fn cargo_step<'a>(name: &'a str, arguments: &'a [&str]) -> Step<'a> {
    (name, Box::new(move |_| cargo::run(cargo::command(arguments))))
}

fn test_step<'a>(name: &'a str, arguments: &'a [&str]) -> Step<'a> {
    (name, Box::new(move |tally| test(cargo::command(arguments), tally)))
}

fn test(command: Command, tally: &mut Tally) -> Result<(), Failure> {
    cargo::run_and_read(command, |line| tally.note(line))?;
    println!("{} tests passed so far", tally.passed);
    Ok(())
}

/// The fuzz package is a workspace of its own: it is formatted, linted and tested here, without the fuzzer.
fn fuzz_seeds(tally: &mut Tally) -> Result<(), Failure> {
    const MANIFEST: [&str; 2] = ["--manifest-path", "fuzz/Cargo.toml"];
    let target = cargo::target_directory()?;
    let command = |subcommand: &str, rest: &[&str]| {
        let mut command = cargo::command(&[subcommand]);
        command
            .args(MANIFEST)
            .args(["--no-default-features", "--locked", "--target-dir"])
            .arg(&target)
            .args(rest);
        command
    };
    cargo::run(cargo::command(&[&["fmt"], &MANIFEST[..], &["--", "--check"]].concat()))?;
    cargo::run(command("clippy", &["--lib", "--tests", "--", "-D", "warnings"]))?;
    test(command("test", &["--lib", "--tests"]), tally)
}

fn document() -> Result<(), Failure> {
    let mut command = cargo::command(&["doc", "--workspace", "--all-features", "--no-deps", "--locked"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    cargo::run(command)
}

fn deny() -> Result<(), Failure> {
    // The licenses of dependencies for other systems are read, too: all sources must be there before it goes offline.
    cargo::run(cargo::command(&["fetch", "--locked"]))?;
    cargo::run(cargo::command(&["deny", "--offline", "check", "bans", "licenses", "sources"]))
}

/// Packages all published crates as they would be uploaded, and builds them from the packages alone.
fn package() -> Result<(), Failure> {
    let packages = manifests::packages()?;
    println!("to publish: {}", packages.published.join(", "));
    let mut arguments = vec!["package", "--workspace", "--locked", "--allow-dirty"];
    packages.private.iter().for_each(|name| arguments.extend(["--exclude", name]));
    cargo::run(cargo::command(&arguments))
}

impl Tally {
    /// Reads `test result: ok. 12 passed; 0 failed; 0 ignored; ...`.
    fn note(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let count = |what: &str| {
            let words = counts.split_whitespace().collect::<Vec<_>>();
            words.windows(2).find(|pair| pair[1] == what).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
        };
        self.passed += count("passed;");
        self.ignored += count("ignored;");
    }
}

fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..120 => format!("{:.1} s", duration.as_secs_f64()),
        total => format!("{} min {:02} s", total / 60, total % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_lines_of_all_binaries_add_up() {
        let mut tally = Tally::default();
        tally.note("running 3 tests");
        tally.note(
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        );
        tally.note(
            "test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        );
        assert_eq!((tally.passed, tally.ignored), (15, 2));
    }
}
