//! docs/commands.md: the help of all programs, as they print it.

use std::fmt::Write as _;

use clap::Command;

/// The most columns of a line.
const WIDTH: usize = 96;

const INTRODUCTION: &str = "\
# Commands

What `--help` prints, for all programs and each of their commands. Manual pages have the same:
`man live-data-watcher`, `man live-data-ctl-create`. Exit codes are in
[config.md](config.md#exit-codes), signals and log lines in the READMEs of
[the watcher](../bins/live-data-watcher/README.md) and of
[the writer](../bins/live-data-writer/README.md). [ctl.md](ctl.md) shows the control tool at work.

`cargo dev assets DIR` writes this page, too.
";

/// The page about these programs.
pub(crate) fn page(programs: impl IntoIterator<Item = Command>) -> String {
    let mut page = INTRODUCTION.to_owned();
    for mut program in programs {
        program.build();
        describe(&mut program, &mut page);
    }
    page
}

/// The help of a command and of its subcommands.
fn describe(command: &mut Command, page: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    let lines: String = help.lines().flat_map(wrap).fold(String::new(), |text, line| text + &line + "\n");
    // Writing to a string cannot fail.
    let _ = write!(page, "\n## {name}\n\n```text\n{}\n```\n", lines.trim_end());
    command.get_subcommands_mut().for_each(|subcommand| describe(subcommand, page));
}

/// A line in pieces that fit. They begin where its description begins.
fn wrap(line: &str) -> Vec<String> {
    let indent = line.len() - line.trim_start().len();
    let column = line[indent..].find("  ").map_or(indent, |gap| {
        let rest = &line[indent + gap..];
        indent + gap + rest.len() - rest.trim_start().len()
    });
    let (mut pieces, mut piece) = (Vec::new(), line[..column].to_owned());
    for word in line[column..].split_whitespace() {
        let is_first = piece.trim().is_empty() || piece.ends_with(' ');
        if !is_first && piece.chars().count() + 1 + word.chars().count() > WIDTH {
            pieces.push(std::mem::replace(&mut piece, " ".repeat(column)));
        } else if !is_first {
            piece.push(' ');
        }
        piece.push_str(word);
    }
    pieces.push(piece.trim_end().to_owned());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets;

    #[test]
    fn the_page_has_the_help_of_all_programs() {
        let page = page(assets::programs());
        let command = "cargo dev assets target/assets && cp target/assets/commands.md docs/";
        assert!(page == include_str!("../../../docs/commands.md"), "docs/commands.md is old: {command}");
        let programs = ["\n## live-data-watcher\n", "\n## live-data-writer\n", "\n## live-data-ctl get\n"];
        assert!(programs.iter().all(|heading| page.contains(heading)), "{page}");
    }

    #[test]
    fn a_long_line_is_broken_below_its_description() {
        let word = "x".repeat(WIDTH - 20);
        let broken = wrap(&format!("  --a  {word} b c d e f g h"));
        assert_eq!(broken, [&format!("  --a  {word} b c d e f g")[..], "       h"]);
        assert_eq!(wrap("  short"), ["  short"]);
        assert_eq!(wrap(""), [""]);
    }
}
