//! Gives up what the rules do not need.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError,
};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};

use crate::allow::Allow;
use crate::gaps::{Gap, SandboxError};
use crate::open::{Opener, open_all};
use crate::places::{Place, real_path, writable};
use crate::rules::{NOWHERE, Rules, SYSTEM, parent_of};

/// The oldest version of Landlock that keeps the promise: older ones do not restrict truncation.
const NEEDED: ABI = ABI::V3;

impl Rules {
    /// Gives up everything else, for the calling thread and what it starts from now on: threads and
    /// programs. Call it before there are other threads. The process gets no new privileges by
    /// programs that it executes either (`no_new_privs`).
    ///
    /// `open_destination` opens a destination's directory, and makes it if it is missing. It is
    /// called on threads of their own, and each gets 10 s. What differs from the wanted sandbox is
    /// returned.
    ///
    /// What is allowed: reading the directories of the system, of the configuration, the secrets
    /// and the certificates; replacing files below the directories of destinations; with check
    /// programs also reading and executing everything.
    ///
    /// # Errors
    ///
    /// The kernel lacks Landlock of version 3 (Linux 6.2), or refuses a rule, or a destination is
    /// in the root directory. Nothing is given up then.
    pub fn enforce(
        &self,
        open_destination: impl Fn(&Path) -> io::Result<OwnedFd> + Send + Sync + 'static,
    ) -> Result<Vec<Gap>, SandboxError> {
        let mut ruleset = create()?;
        let (wanted, openers): (Vec<_>, Vec<_>) = self.wanted(open_destination).into_iter().unzip();
        let (mut gaps, mut places) = (Vec::new(), Vec::new());
        for (wanted, (path, opened)) in wanted.into_iter().zip(open_all(openers)) {
            match opened {
                Ok(place) => {
                    ruleset = add(ruleset, &place, wanted.allow).map_err(SandboxError::Refused)?;
                    places.push(Place { path: wanted.what, found: real_path(&place), allow: wanted.allow });
                }
                Err(cause) if wanted.required => gaps.push(Gap::Closed { path, cause }),
                Err(_) => {}
            }
        }
        gaps.extend(writable(&places)?);
        ruleset.restrict_self().map_err(SandboxError::Refused)?;
        Ok(gaps)
    }

    fn wanted(
        &self,
        open_destination: impl Fn(&Path) -> io::Result<OwnedFd> + Send + Sync + 'static,
    ) -> Vec<(Wanted, (PathBuf, Opener))> {
        let open_destination = Arc::new(open_destination);
        let mut all: Vec<(Wanted, (PathBuf, Opener))> = Vec::new();
        for file in &self.files {
            let (directory, what) = (parent_of(file).to_owned(), file.clone());
            let own = directory.clone();
            let wanted = Wanted { allow: Allow::Read, required: true, what };
            all.push((wanted.clone(), (directory, Box::new(move || look(&own)))));
            // The directory of what a link leads to now.
            let behind = file.clone();
            let open = move || look(parent_of(&behind.canonicalize()?));
            all.push((Wanted { required: false, ..wanted }, (file.clone(), Box::new(open))));
        }
        let mut want = |path: &Path, allow, required, open: Opener| {
            all.push((Wanted { allow, required, what: path.to_owned() }, (path.to_owned(), open)));
        };
        for path in SYSTEM {
            want(path.as_ref(), Allow::Read, false, Box::new(move || look(path.as_ref())));
        }
        want(NOWHERE.as_ref(), Allow::WriteFile, false, Box::new(|| look(NOWHERE.as_ref())));
        if self.has_checks {
            want(Path::new("/"), Allow::ReadAndExecute, true, Box::new(|| look(Path::new("/"))));
        }
        for path in &self.directories {
            let own = path.clone();
            want(path, Allow::Read, true, Box::new(move || look(&own)));
        }
        for path in &self.sockets {
            let own = path.clone();
            want(path, Allow::ReplaceSockets, true, Box::new(move || look(&own)));
        }
        for path in &self.destinations {
            let (own, open_destination) = (path.clone(), Arc::clone(&open_destination));
            want(path, Allow::Replace, true, Box::new(move || open_destination(&own)));
        }
        all
    }
}

/// What is to be allowed for one path.
#[derive(Debug, Clone)]
struct Wanted {
    allow: Allow,
    /// What it is for, as messages name it.
    what: PathBuf,
    /// Without it something does not work, which must be told.
    required: bool,
}

/// A ruleset that forbids all, on a kernel that can enforce it.
fn create() -> Result<RulesetCreated, SandboxError> {
    let created = try_create();
    // Its text lists bits.
    created.map_err(|error| match error {
        RulesetError::HandleAccesses(_) => SandboxError::Unsupported,
        error => SandboxError::Refused(error),
    })
}

fn try_create() -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))?
        // Version 5 also restricts what opened devices can be told.
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::IoctlDev)?
        .set_compatibility(CompatLevel::HardRequirement)
        .create()
}

fn add(ruleset: RulesetCreated, place: &OwnedFd, allow: Allow) -> Result<RulesetCreated, RulesetError> {
    let is_directory =
        fstat(place).is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Directory);
    let access = allow.access();
    let access = if is_directory { access } else { access & AccessFs::from_file(NEEDED) };
    ruleset.add_rule(PathBeneath::new(place, access))
}

/// Opens a path to name it in a rule, which has no effect on what is there.
fn look(path: &Path) -> io::Result<OwnedFd> {
    Ok(openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?)
}
