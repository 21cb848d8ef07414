//! The programs as users get them: built for release, and with no path of the machine that built
//! them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::tool;

pub(crate) const PROGRAMS: [&str; 3] = ["live-data-watcher", "live-data-writer", "live-data-ctl"];

/// With these variables a build for release takes as long as one for development.
pub(crate) const FAST: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
];

/// A build for release. All builds of a commit by one compiler are the same.
pub(crate) struct Build {
    workspace: PathBuf,
    cargo_home: PathBuf,
    target: Option<String>,
    variables: &'static [(&'static str, &'static str)],
}

impl Build {
    /// Of this checkout, for this machine.
    pub(crate) fn new() -> Self {
        Self { workspace: cargo::workspace(), cargo_home: cargo_home(), target: None, variables: &[] }
    }

    /// Of the sources in `workspace`.
    pub(crate) fn of(workspace: &Path, cargo_home: &Path) -> Self {
        Self { workspace: workspace.to_owned(), cargo_home: cargo_home.to_owned(), ..Self::new() }
    }

    pub(crate) fn target(self, target: &str) -> Self {
        Self { target: Some(target.to_owned()), ..self }
    }

    /// Not optimized.
    pub(crate) fn fast(self) -> Self {
        Self { variables: &FAST, ..self }
    }

    /// Builds all programs below `target_directory`; where they are.
    pub(crate) fn run(&self, target_directory: &Path) -> Result<PathBuf, Failure> {
        let mut command = cargo::command(&["build", "--release", "--locked", "--target-dir"]);
        command.arg(target_directory).current_dir(&self.workspace);
        command.args(PROGRAMS.into_iter().flat_map(|program| ["--package", program]));
        command.env("CARGO_HOME", &self.cargo_home).envs(self.variables.iter().copied());
        self.leave_paths_out(&mut command);
        let mut directory = target_directory.to_owned();
        if let Some(target) = &self.target {
            tool::run("rustup", &["target", "add", target])?;
            command.args(["--target", target]);
            choose_compilers(&mut command, target);
            directory.push(target);
        }
        cargo::run(command)?;
        directory.push("release");
        for program in PROGRAMS {
            self.check_paths(&directory.join(program))?;
        }
        Ok(directory)
    }

    fn leave_paths_out(&self, command: &mut Command) {
        let (workspace, cargo_home) = (self.workspace.display(), self.cargo_home.display());
        let flags = |option: &str| format!("{option}={workspace}=/live-data {option}={cargo_home}=/cargo");
        command.env("RUSTFLAGS", flags("--remap-path-prefix")).env("CFLAGS", flags("-ffile-prefix-map"));
    }

    /// Fails if a program has a path of this machine: of the sources, of cargo, or of the user.
    fn check_paths(&self, program: &Path) -> Result<(), Failure> {
        let bytes =
            fs::read(program).map_err(Failure::doing(format!("cannot read {}", program.display())))?;
        let directories = [self.workspace.clone(), self.cargo_home.clone(), home()];
        match found_path(&bytes, &directories) {
            None => Ok(()),
            Some(found) => Err(Failure::new(format!(
                "{} has a path of the machine that built it: {found}",
                program.display()
            ))),
        }
    }
}

/// The linker and, for another architecture, the C compiler.
fn choose_compilers(command: &mut Command, target: &str) {
    let variable = target.replace('-', "_");
    if is_static(target) {
        // What rustc brings links without a C compiler for the target.
        command.env(format!("CARGO_TARGET_{}_LINKER", variable.to_uppercase()), "rust-lld");
    }
    if !target.starts_with(env::consts::ARCH) {
        let (architecture, _) = target.split_once('-').unwrap_or_default();
        command.env(format!("CC_{variable}"), format!("{architecture}-linux-gnu-gcc"));
    }
}

fn is_static(target: &str) -> bool {
    target.ends_with("-musl")
}

/// The target for programs that are linked statically and run on this machine.
pub fn static_target() -> String {
    format!("{}-unknown-linux-musl", env::consts::ARCH)
}

/// Builds all programs for a target and puts them into `directory`, which must exist.
pub fn make_programs(directory: &Path, target: &str) -> Result<(), Failure> {
    let built = Build::new().target(target).run(&cargo::target_directory()?)?;
    for program in PROGRAMS {
        let (from, to) = (built.join(program), directory.join(program));
        fs::copy(&from, &to).map_err(Failure::doing(format!("cannot write {}", to.display())))?;
        println!("made {}", to.display());
    }
    Ok(())
}

pub(crate) fn cargo_home() -> PathBuf {
    env::var_os("CARGO_HOME").map_or_else(|| home().join(".cargo"), PathBuf::from)
}

fn home() -> PathBuf {
    PathBuf::from(env::var_os("HOME").unwrap_or_default())
}

/// The first path below one of the `directories` in the bytes of a program.
fn found_path(bytes: &[u8], directories: &[PathBuf]) -> Option<String> {
    const SHOWN: usize = 100;
    let starts = directories.iter().map(|directory| format!("{}/", directory.display()));
    // Without a home, all paths would be below it.
    let mut starts = starts.filter(|start| start.len() > 1);
    starts.find_map(|start| {
        let at = bytes.windows(start.len()).position(|window| window == start.as_bytes())?;
        let text = &bytes[at..bytes.len().min(at + SHOWN)];
        let end = text.iter().position(|byte| !(b' '..=b'~').contains(byte)).unwrap_or(text.len());
        Some(String::from_utf8_lossy(&text[..end]).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_build_machine_is_found() {
        let directories = ["/home/a/checkout", "/home/a", ""].map(PathBuf::from);
        let found = |text: &str| found_path(text.as_bytes(), &directories);
        assert_eq!(found("x\0/home/a/checkout/b.rs\0y").as_deref(), Some("/home/a/checkout/b.rs"));
        assert_eq!(found("/home/a/.cargo/c").as_deref(), Some("/home/a/.cargo/c"));
        assert_eq!(found("/live-data/b.rs\0/cargo/c\0/home/ab\0/home/a"), None);
    }

    #[test]
    fn a_long_path_is_shown_by_its_start() {
        let text = format!("/home/a/{}", "b".repeat(200));
        assert_eq!(found_path(text.as_bytes(), &["/home/a".into()]).unwrap(), text[..100]);
    }

    #[test]
    fn no_flag_of_a_build_keeps_a_path() {
        let mut command = Command::new("cargo");
        Build::of(Path::new("/w"), Path::new("/h")).leave_paths_out(&mut command);
        let variables: Vec<_> = command.get_envs().collect();
        let flags = "--remap-path-prefix=/w=/live-data --remap-path-prefix=/h=/cargo";
        assert!(variables.contains(&("RUSTFLAGS".as_ref(), Some(flags.as_ref()))), "{variables:?}");
    }
}
