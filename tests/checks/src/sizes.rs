//! The number of packages that a crate's README states for the crate.

use std::collections::BTreeSet;
use std::fs;

use ld_workspace::Failure;
use ld_workspace::cargo;

/// The beginning of the line that states a crate's size.
const MARK: &str = "**Size.** ";

/// Checks that the README of each published library states how many packages it builds, with its
/// default features and without features.
pub fn check(published: &[String]) -> Result<(), Failure> {
    let mut faults = Vec::new();
    let mut checked = 0;
    for name in published {
        let readme = cargo::workspace().join("crates").join(name).join("README.md");
        if !readme.exists() {
            continue; // A program, which nothing depends on.
        }
        let text =
            fs::read_to_string(&readme).map_err(Failure::doing(format!("cannot read {name}'s README")))?;
        let expected = expected(built(name, &[])?, built(name, &["--no-default-features"])?);
        if !states(&text, &expected) {
            faults.push(format!("crates/{name}/README.md must have a line that begins `{MARK}{expected}`"));
        }
        checked += 1;
    }
    if faults.is_empty() {
        println!("{checked} crates state how many packages they build");
        return Ok(());
    }
    Err(Failure::new(format!("faults: {}\n  {}", faults.len(), faults.join("\n  "))))
}

/// The packages that a build of `name` compiles for this machine, itself included.
fn built(name: &str, options: &[&str]) -> Result<usize, Failure> {
    let mut command =
        cargo::command(&["tree", "--locked", "--edges=normal,build", "--prefix=none", "-p", name]);
    command.args(options);
    Ok(count(&cargo::read(command)?))
}

/// The different packages among the lines of `cargo tree`, each a name, a version, and notes.
fn count(tree: &str) -> usize {
    let packages = tree.lines().map(|line| line.split(" (").next().unwrap_or(line));
    packages.filter(|package| !package.is_empty()).collect::<BTreeSet<_>>().len()
}

fn expected(with_default: usize, without: usize) -> String {
    if with_default == without {
        format!("{with_default} packages, itself included.")
    } else {
        format!("{with_default} packages, itself included, and {without} without features.")
    }
}

fn states(readme: &str, expected: &str) -> bool {
    readme.lines().any(|line| line.strip_prefix(MARK).is_some_and(|size| size.starts_with(expected)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_counts_once() {
        let tree = "a v1.0.0 (/somewhere/a)\nb v2.0.0\nc v1.0.0 (proc-macro)\nb v2.0.0 (*)\nb v3.0.0\n\n";
        assert_eq!(count(tree), 4);
    }

    #[test]
    fn a_readme_that_states_another_size_is_found() {
        let readme = "# a\n\n**Size.** 25 packages, itself included, and 21 without features. More.\n";
        assert!(states(readme, &expected(25, 21)));
        assert!(!states(readme, &expected(25, 22)));
        assert!(!states(readme, &expected(25, 25)));
        assert!(!states("# a\n", &expected(25, 21)));
    }
}
