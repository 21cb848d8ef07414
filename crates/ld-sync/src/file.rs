//! The destination on disk: replaced as a whole, checked for drift, touched and removed. All of it
//! blocks.
//!
//! Nothing is followed or changed in place. A write goes through one descriptor of the
//! destination's directory, so a directory or a name that is swapped meanwhile cannot redirect it.
//! A destination may lie below symlinked directories, as in baseplate.py, but only below trusted
//! ones (`walk`). The destination itself is never followed.
//!
//! One write, in order: [`prepare()`], [`Replacement::flush`], [`Replacement::put_in_place`],
//! [`Directory::flush`]. The caller may do each step for many files before the next step.

mod acl;
mod compare;
mod content;
mod directory;
mod drift;
mod entry;
mod error;
mod flush;
mod identity;
mod inspect;
mod locks;
mod mode;
mod owner;
mod prepare;
mod remove;
mod replacement;
mod state;
mod sweep;
#[cfg(test)]
pub(crate) use system::injected::set_before_open;

mod system;
mod temp;
mod temp_names;
mod touch;
mod under_check;
mod walk;

#[cfg(test)]
mod tests;

pub(crate) use compare::{compare, differs, exists};
pub use directory::open_destination_directory;
pub(crate) use directory::{Directory, OpenDirectories};
pub(crate) use drift::{Depth, Drift};
pub(crate) use entry::{Entry, locate};
pub(crate) use error::FileError;
pub(crate) use inspect::{Warning, inspect_directory};
pub(crate) use owner::{Owner, find_group, find_user};
pub(crate) use prepare::{Prepared, prepare};
pub(crate) use remove::remove;
pub(crate) use replacement::Replacement;
pub(crate) use state::FileState;
pub(crate) use sweep::{Sweep, sweep};
pub(crate) use touch::{TouchError, touch, verify};
pub(crate) use under_check::FileUnderCheck;
pub(crate) use walk::MAX_LINKS;
