//! Commands of documents, which tests run as they are.

use std::fs;

use ld_workspace::Failure;
use ld_workspace::cargo;

/// From nothing to a file that follows a node, no way of installation takes more commands.
pub(crate) const MOST: usize = 5;

/// The commands of the first block below `heading` in a document. A line is one command.
pub(crate) fn commands(document: &str, heading: &str) -> Result<Vec<String>, Failure> {
    let path = cargo::workspace().join(document);
    let text = fs::read_to_string(path).map_err(Failure::doing(format!("cannot read {document}")))?;
    match first_block(&text, heading) {
        commands if commands.is_empty() => {
            Err(Failure::new(format!("{document} has no block of commands below '{heading}'")))
        }
        commands => Ok(commands),
    }
}

fn first_block(text: &str, heading: &str) -> Vec<String> {
    let title = |line: &str| line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').to_owned());
    let section = text.lines().skip_while(|line| title(line).as_deref().map(str::trim) != Some(heading));
    let section = section.skip(1).take_while(|line| title(line).is_none());
    let block = section.skip_while(|line| *line != "```sh").skip(1);
    block.take_while(|line| *line != "```").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# T\n\n## One\n\nText.\n\n```sh\na b\nc\n```\n\n```sh\nd\n```\n\n## Two\n\n### Three\n\n```sh\ne\n```\n";

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
}
