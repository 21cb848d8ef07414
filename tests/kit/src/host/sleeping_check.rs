//! A check program that runs for a minute.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Host, SOON, install_script, wait_until};

/// A program for `nodes.NAME.check` that does not end: it and its child sleep for a minute.
#[derive(Debug)]
pub struct SleepingCheck {
    program: PathBuf,
    /// It writes the id of its process group to this file when both processes run.
    group_file: PathBuf,
}

impl SleepingCheck {
    /// Writes the program into the host's directory.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    #[must_use]
    pub fn new(host: &Host) -> Self {
        let (program, group_file) = (host.path("check"), host.path("group"));
        let text =
            format!("#!/bin/sh\nsleep 60 &\necho $$ > {0}.new\nmv {0}.new {0}\nwait\n", group_file.display());
        install_script(&program, 0o700, &text);
        Self { program, group_file }
    }

    /// The program's path.
    ///
    /// # Panics
    ///
    /// Never, because a temporary directory has an ASCII name.
    #[must_use]
    pub fn program(&self) -> &str {
        self.program.to_str().expect("a temporary directory has an ASCII name")
    }

    /// Waits until it and its child run.
    ///
    /// # Panics
    ///
    /// When they do not within [`SOON`].
    #[track_caller]
    pub fn wait_until_running(&self) {
        wait_until("the check and its child", SOON, || self.group_file.exists() && self.running() == 2);
    }

    /// Waits until both processes have ended.
    ///
    /// # Panics
    ///
    /// When they have not ended within [`SOON`].
    #[track_caller]
    pub fn wait_until_gone(&self) {
        wait_until("the end of the check and its child", SOON, || self.running() == 0);
    }

    /// Number of running processes in its group, without zombies.
    fn running(&self) -> usize {
        let group = fs::read_to_string(&self.group_file).expect("it has run");
        let processes = fs::read_dir("/proc").expect("there is /proc").flatten();
        processes.filter(|process| runs_in(&process.path(), group.trim())).count()
    }
}

/// Whether it is a running process of `group`. State, parent and group follow the name in
/// parentheses.
fn runs_in(process: &Path, group: &str) -> bool {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    fields.next() != Some("Z") && fields.nth(1) == Some(group)
}
