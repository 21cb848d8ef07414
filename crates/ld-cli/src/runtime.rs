//! The async runtime of a binary.

use std::io;
use std::os::fd::AsFd;

use tokio::runtime::{Builder, Runtime};
use tracing::error;

use crate::exit::Exit;

/// So many descriptors (16) must be free at the start. The runtime and its signals take five and
/// panic without them; a session, a directory, a temporary file and a check that is being started
/// take the others.
pub const DESCRIPTORS_TO_START: usize = 16;

/// A runtime that runs all tasks on the thread that calls [`Runtime::block_on`].
///
/// # Errors
///
/// [`Exit::Failed`], logged, if the system refuses descriptors.
pub fn build_runtime() -> Result<Runtime, Exit> {
    let built = check_descriptors().and_then(|()| Builder::new_current_thread().enable_all().build());
    built.map_err(|cause| {
        error!("cannot start: {cause}; raise the limit of open files (ulimit -n): {DESCRIPTORS_TO_START} must be free");
        Exit::Failed
    })
}

/// Opens as many descriptors as the start needs, and closes them.
fn check_descriptors() -> io::Result<()> {
    let stderr = io::stderr();
    let open = |_| stderr.as_fd().try_clone_to_owned();
    (0..DESCRIPTORS_TO_START).map(open).collect::<io::Result<Vec<_>>>().map(drop)
}
