//! The commands of docs/install.md, which tests run as they are.

use std::fs;

use ld_workspace::Failure;
use ld_workspace::cargo;

const DOCUMENT: &str = "docs/install.md";

/// From nothing to a file that follows a node, each way of installation takes no more commands.
const MOST: usize = 5;

/// The commands of the first block below `## heading`.
pub(crate) fn commands(heading: &str) -> Result<Vec<String>, Failure> {
    let path = cargo::workspace().join(DOCUMENT);
    let text = fs::read_to_string(path).map_err(Failure::doing(format!("cannot read {DOCUMENT}")))?;
    let commands = first_block(&text, heading);
    match commands.len() {
        0 => Err(Failure::new(format!("{DOCUMENT} has no block of commands below '{heading}'"))),
        1..=MOST => Ok(commands),
        count => {
            Err(Failure::new(format!("{DOCUMENT} needs {count} commands below '{heading}', not {MOST}")))
        }
    }
}

fn first_block(text: &str, heading: &str) -> Vec<String> {
    let section = text.lines().skip_while(|line| line.strip_prefix("## ") != Some(heading)).skip(1);
    let section = section.take_while(|line| !line.starts_with("## "));
    let block = section.skip_while(|line| *line != "```sh").skip(1);
    block.take_while(|line| *line != "```").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# T\n\n## One\n\nText.\n\n```sh\na b\nc\n```\n\n```sh\nd\n```\n\n## Two\n\n## Three\n\n```sh\ne\n```\n";

    #[test]
    fn commands_are_the_first_block_of_their_section() {
        assert_eq!(first_block(TEXT, "One"), ["a b", "c"]);
        assert_eq!(first_block(TEXT, "Three"), ["e"]);
    }

    #[test]
    fn a_section_without_a_block_has_no_commands() {
        assert!(first_block(TEXT, "Two").is_empty());
        assert!(first_block(TEXT, "Four").is_empty());
    }

    #[test]
    fn each_way_of_installation_takes_five_commands_at_most() {
        for heading in ["With cargo", "Debian and Ubuntu"] {
            assert!(!commands(heading).unwrap().is_empty());
        }
    }
}
