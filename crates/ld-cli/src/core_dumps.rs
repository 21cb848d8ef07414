//! No core dumps: they would hold credentials and content.

use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Switches core dumps of this process off. The programs that it starts inherit the limit.
///
/// The kernel gives a core to a program that collects them whatever the limit is. So the process is
/// not dumpable either, which also keeps other processes of its user from reading its memory and
/// its environment. The process itself still reads all of its `/proc/self`.
///
/// # Errors
///
/// The system's refusal, which a filter of system calls may give.
pub(crate) fn forbid() -> Result<(), Errno> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}
