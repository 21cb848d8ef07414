//! Completions and manual pages of all programs, made from their arguments.
//!
//! The modules of the arguments are included, so that the programs carry no generator and their
//! packages no library.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use ld_workspace::Failure;

use crate::commands;

#[path = "../../live-data-ctl/src/args/mod.rs"]
mod ctl;
#[expect(dead_code, reason = "only the description of the arguments is used")]
#[path = "../../live-data-watcher/src/args.rs"]
mod watcher;
#[path = "../../live-data-writer/src/args.rs"]
mod writer;

/// The shells that get completions.
const SHELLS: [Shell; 4] = [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::Zsh];

/// Writes `completions/`, `man/` and the page about the commands into `directory`.
pub(crate) fn write(directory: &Path) -> Result<(), Failure> {
    let (completions, manual) = (directory.join("completions"), directory.join("man"));
    for made in [&completions, &manual] {
        fs::create_dir_all(made).map_err(Failure::doing(format!("cannot make {}", made.display())))?;
    }
    let page = directory.join("commands.md");
    let written = fs::write(&page, commands::page(programs()));
    written.map_err(Failure::doing(format!("cannot write {}", page.display())))?;
    for mut command in programs() {
        for shell in SHELLS {
            complete(shell, command.clone(), &completions)?;
        }
        command.build();
        describe(&command, &manual)?;
    }
    println!("completions, manual pages and commands.md are in {}", directory.display());
    Ok(())
}

/// The arguments of all programs.
pub(crate) fn programs() -> [Command; 3] {
    [watcher::Args::command(), writer::Args::command(), ctl::Args::command()]
        .map(|command| command.disable_help_subcommand(true))
}

fn complete(shell: Shell, command: Command, directory: &Path) -> Result<(), Failure> {
    let name = command.get_name().to_owned();
    // The programs parse it themselves, so clap knows no values, and shells would offer files.
    let mut command = command.mut_arg("log_format", |arg| arg.value_parser(["plain", "full", "json"]));
    let written = clap_complete::generate_to(shell, &mut command, name, directory);
    written.map_err(Failure::doing(format!("cannot write into {}", directory.display())))?;
    Ok(())
}

/// Writes the page of a command, and those of its subcommands.
fn describe(command: &Command, directory: &Path) -> Result<(), Failure> {
    command.get_subcommands().try_for_each(|subcommand| describe(subcommand, directory))?;
    let page = Man::new(command.clone())
        // An empty date would be left out, and the source would take its place.
        .date(" ")
        .source(format!("live-data {}", env!("CARGO_PKG_VERSION")))
        .manual("Live data");
    page.generate_to(directory)
        .map_err(Failure::doing(format!("cannot write into {}", directory.display())))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn written() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path()).unwrap();
        directory
    }

    /// The files in `directory`, sorted.
    fn files(directory: &Path) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    /// Runs a checker, which must end with 0 and print nothing.
    fn check(program: &str, arguments: &[&str], file: &Path) {
        let output = std::process::Command::new(program).args(arguments).arg(file).output();
        let output = output.unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed);
        assert!(output.status.success() && printed.is_empty(), "{}: {printed}", file.display());
    }

    #[test]
    fn shells_parse_their_completions() {
        let directory = written();
        let completions = directory.path().join("completions");
        for program in ["live-data-watcher", "live-data-writer", "live-data-ctl"] {
            check("bash", &["-n"], &completions.join(format!("{program}.bash")));
            check("zsh", &["-n"], &completions.join(format!("_{program}")));
            check("fish", &["--no-execute"], &completions.join(format!("{program}.fish")));
            assert!(completions.join(format!("{program}.elv")).exists());
        }
    }

    #[test]
    fn bash_offers_values_and_leaves_paths_to_the_shell() {
        let directory = written();
        for program in ["live-data-watcher", "live-data-writer"] {
            let script = directory.path().join(format!("completions/{program}.bash"));
            let function = program.replace('-', "__");
            let offered = |words: &str, last: &str, before: &str| {
                let line = format!(
                    "source {script}; COMP_WORDS=({program} {words} '{last}'); \
                     COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _{function} {program} '{last}' '{before}'; \
                     echo ${{COMPREPLY[*]}}",
                    script = script.display()
                );
                let output = std::process::Command::new("bash").args(["-c", &line]).output().unwrap();
                String::from_utf8(output.stdout).unwrap().trim().to_owned()
            };
            assert_eq!(offered("--log-format", "", "--log-format"), "plain full json");
            // Nothing is offered, so that bash offers files.
            assert_eq!(offered("", "my", program), "");
            assert!(fs::read_to_string(&script).unwrap().contains(" -o default "), "{program}");
        }
    }

    #[test]
    fn manual_pages_render_without_a_warning() {
        let directory = written();
        let pages = files(&directory.path().join("man"));
        let names: Vec<_> = pages.iter().map(|page| page.file_name().unwrap().to_str().unwrap()).collect();
        for name in [
            "live-data-ctl-create.1",
            "live-data-ctl.1",
            "live-data-watcher-check.1",
            "live-data-watcher-print-config.1",
            "live-data-watcher-status.1",
            "live-data-watcher.1",
            "live-data-writer.1",
        ] {
            assert!(names.contains(&name), "{name} is missing: {names:?}");
        }
        pages.iter().for_each(|page| check("groff", &["-man", "-ww", "-z", "-Tutf8"], page));
    }

    #[test]
    fn manual_pages_name_each_option_and_exit_codes() {
        let directory = written();
        let page = fs::read_to_string(directory.path().join("man/live-data-watcher.1")).unwrap();
        for text in [
            "\\-\\-once",
            "\\-\\-strict",
            "\\-\\-timeout",
            "CONFIG",
            "Exit codes: 0 done",
            " 1 \" \" \"live-data ",
        ] {
            assert!(page.contains(text), "{text} is missing: {page}");
        }
    }

    #[test]
    fn assets_are_the_same_each_time() {
        let (first, second) = (written(), written());
        for kind in ["completions", "man"] {
            let pairs = files(&first.path().join(kind)).into_iter().zip(files(&second.path().join(kind)));
            pairs.for_each(|(one, other)| assert_eq!(fs::read(one).unwrap(), fs::read(other).unwrap()));
        }
    }
}
