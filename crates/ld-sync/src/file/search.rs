//! The search for drift: one look at each of many files.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, openat};

use super::directory::split;
use super::identity::look;
use super::walk::FOLLOW;
use super::{Drift, Identity, Target};

/// One search. Files of one directory mostly follow each other in a configuration, and from an open directory the kernel finds them in
/// half the time.
#[derive(Default)]
pub(crate) struct Search<'a> {
    /// Where the last file was looked for.
    parent: Option<&'a Path>,
    /// That directory, once a second file was looked for in it.
    directory: Option<OwnedFd>,
}

impl<'a> Search<'a> {
    /// Whether the destination still is as it was left. One `stat`; no file is opened.
    ///
    /// # Errors
    ///
    /// The [`Drift`], if it is not. A directory that is replaced during the search may be noticed by the next one only.
    pub(crate) fn verify(&mut self, target: &'a Target, left: &Identity) -> Result<(), Drift> {
        let found = match self.enter(&target.path) {
            Some((directory, name)) => look(directory, name)?,
            None => look(CWD, &target.path)?,
        };
        Drift::between(left, &found).map_or(Ok(()), Err)
    }

    /// The open directory of `path`, and its name there; `None` if it has to be found by its whole path.
    fn enter(&mut self, path: &'a Path) -> Option<(BorrowedFd<'_>, &'a OsStr)> {
        let (parent, name) = split(path).ok()?;
        if self.parent.map(Path::as_os_str) != Some(parent.as_os_str()) {
            *self = Self { parent: Some(parent), directory: None };
            return None;
        }
        if self.directory.is_none() {
            // What keeps it from being opened is said by the look at the whole path.
            self.directory = openat(CWD, parent, FOLLOW, Mode::empty()).ok();
        }
        Some((self.directory.as_ref()?.as_fd(), name))
    }
}
