//! The documents name the commands that there are, and link to what is there.

mod links;

use std::fs;

use ld_workspace::Failure;
use ld_workspace::cargo;

/// The README's first two commands, in their order.
const COMMANDS: [&str; 2] = ["cargo dev demo", "cargo dev test"];

/// The README shows the commands, and `.ci/run` calls the second one and nothing else of cargo's.
pub fn check() -> Result<(), Failure> {
    let read = |name: &str| {
        fs::read_to_string(cargo::workspace().join(name))
            .map_err(Failure::doing(format!("cannot read {name}")))
    };
    let readme = read("README.md")?;
    let places: Vec<_> = COMMANDS.iter().map(|command| readme.find(command)).collect();
    if let Some(missing) = places.iter().position(Option::is_none) {
        return Err(Failure::new(format!("README.md does not show `{}`", COMMANDS[missing])));
    }
    if !places.is_sorted() {
        return Err(Failure::new("README.md shows the test before the demo"));
    }
    let calls: Vec<_> =
        read(".ci/run")?.lines().filter(|line| line.contains("cargo")).map(str::to_owned).collect();
    if calls != [format!("exec {}", COMMANDS[1])] {
        return Err(Failure::new(format!(".ci/run should call `{}` only, it has {calls:?}", COMMANDS[1])));
    }
    println!("README.md shows {}; .ci/run calls the second", COMMANDS.join(" and "));
    println!("{} links within the repository lead somewhere", links::check()?);
    Ok(())
}
