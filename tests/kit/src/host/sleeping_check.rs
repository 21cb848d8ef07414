//! A check that is still running when something happens to whoever runs it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{TestCommand, wait_until};

use crate::{Host, SOON};

/// A program for `nodes.NAME.check` that does not answer: it and a child of it sleep for a minute.
#[derive(Debug)]
pub struct SleepingCheck {
    program: PathBuf,
    /// Where it leaves the id of its process group once both of them run.
    shown: PathBuf,
}

impl SleepingCheck {
    /// Writes the program into the host's directory.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    #[must_use]
    pub fn new(host: &Host) -> Self {
        let (program, shown) = (host.path("check"), host.path("group"));
        let text =
            format!("#!/bin/sh\nsleep 60 &\necho $$ > {0}.new\nmv {0}.new {0}\nwait\n", shown.display());
        // Another test's fork could hold the file open for writing, and keep it from being run, had this process written it.
        let install = TestCommand::new("install").args(["-m", "700", "/dev/stdin"]).arg(&program);
        assert_eq!(install.stdin(text).run(SOON).code, Some(0));
        Self { program, shown }
    }

    /// The program's path.
    ///
    /// # Panics
    ///
    /// Never: a temporary directory has an ASCII name.
    #[must_use]
    pub fn program(&self) -> &str {
        self.program.to_str().expect("a temporary directory has an ASCII name")
    }

    /// Waits until it runs, with its child.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[track_caller]
    pub fn wait_until_running(&self) {
        wait_until("the check and its child", SOON, || self.shown.exists() && self.running() == 2);
    }

    /// Waits until none of its processes runs.
    ///
    /// # Panics
    ///
    /// When one goes on.
    #[track_caller]
    pub fn wait_until_gone(&self) {
        wait_until("the end of the check and its child", SOON, || self.running() == 0);
    }

    /// How many processes its group has; one that has ended and waits for its parent is none.
    fn running(&self) -> usize {
        let group = fs::read_to_string(&self.shown).expect("it has run");
        let processes = fs::read_dir("/proc").expect("there is /proc").flatten();
        processes.filter(|process| runs_in(&process.path(), group.trim())).count()
    }
}

/// Whether that is a process of `group`, and not ended: behind its name in parentheses stand state, parent and group.
fn runs_in(process: &Path, group: &str) -> bool {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    fields.next() != Some("Z") && fields.nth(1) == Some(group)
}
