//! Documents show the right commands, and their links are valid.

mod book;
mod diagrams;
mod links;
mod rendered;

pub use book::with_repository_links;
pub use diagrams::check_diagrams;
pub use rendered::check_book;

use std::fs;

use ld_workspace::Failure;
use ld_workspace::cargo;

/// The first two commands in README.md, in order.
const COMMANDS: [&str; 2] = ["cargo dev demo", "cargo dev test"];

/// The most lines of README.md: what a reader with a minute takes in.
const README_LINES: usize = 120;

/// Checks the commands in README.md, the one command in `.ci/run`, the table of contents, and all
/// links.
pub fn check() -> Result<(), Failure> {
    let read = |name: &str| {
        fs::read_to_string(cargo::workspace().join(name))
            .map_err(Failure::doing(format!("cannot read {name}")))
    };
    let readme = read("README.md")?;
    let positions: Vec<_> = COMMANDS.iter().map(|command| readme.find(command)).collect();
    if let Some(missing) = positions.iter().position(Option::is_none) {
        return Err(Failure::new(format!("README.md does not show `{}`", COMMANDS[missing])));
    }
    if !positions.is_sorted() {
        return Err(Failure::new("README.md shows the test before the demo"));
    }
    let lines = readme.lines().count();
    if lines > README_LINES {
        let message = format!("README.md has {lines} lines, at most {README_LINES}: move some to docs/");
        return Err(Failure::new(message));
    }
    let calls: Vec<_> =
        read(".ci/run")?.lines().filter(|line| line.contains("cargo")).map(str::to_owned).collect();
    if calls != [format!("exec {}", COMMANDS[1])] {
        return Err(Failure::new(format!(".ci/run must call only `{}`, but it has {calls:?}", COMMANDS[1])));
    }
    println!("README.md shows {}; .ci/run calls the second", COMMANDS.join(" and "));
    println!("docs/SUMMARY.md lists all {} pages", book::check_summary()?);
    println!("{} links within the repository are valid", links::check()?);
    Ok(())
}
