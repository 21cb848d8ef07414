//! The destination on disk: replaced as a whole, checked for drift, touched and removed. All of it
//! blocks.
//!
//! Nothing is followed or changed in place. A write goes through one descriptor of the
//! destination's directory, so a directory or a name that is swapped meanwhile cannot redirect it.
//! A destination may lie below symlinked directories, as in baseplate.py, but only below trusted
//! ones (`walk`). The destination itself is never followed.
//!
//! One write, in order: [`Replacement::prepare`], or [`Replacement::adopt`] for a filled file, then
//! [`Replacement::flush`], [`Replacement::put_in_place`], [`Directory::flush`]. The caller may do
//! each step for many files before the next step.

mod acl;
mod change;
mod compare;
mod content;
mod directory;
mod drift;
mod entry;
mod error;
mod flush;
mod identity;
mod incoming;
mod mode;
mod owner;
mod remove;
mod replacement;
mod state;
mod sweep;
mod system;
mod target;
mod temp;
mod temp_names;
mod touch;
mod walk;

#[cfg(test)]
mod tests;

pub use change::Change;
pub(crate) use compare::{compare, differs, exists};
pub(crate) use content::Content;
pub use content::Digest;
pub use directory::open_destination_directory;
pub(crate) use directory::{Directory, OpenDirectories};
pub use drift::{Depth, Drift};
pub(crate) use entry::{Entry, locate};
pub use error::FileError;
pub use incoming::{Filled, Incoming};
pub use owner::Owner;
pub(crate) use remove::remove;
pub(crate) use replacement::Replacement;
pub use replacement::replace;
pub(crate) use state::FileState;
pub use sweep::{Sweep, sweep};
#[cfg(feature = "faults")]
pub use system::set_before_open;
pub use target::Target;
pub use temp::FileUnderCheck;
pub(crate) use touch::{touch, verify};
pub(crate) use walk::{MAX_LINKS, follow_first_link};
