//! The system calls that some file systems refuse. Tests make them fail here.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, openat};
use rustix::io::{Errno, retry_on_intr};

/// A call that a test can answer itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Chmod,
    Chown,
    Fsync,
    Rename,
    Unlink,
}

pub(super) fn open(directory: impl AsFd, name: &OsStr, flags: OFlags) -> Result<File, Errno> {
    before_open(name)?;
    openat(directory, name, flags, Mode::empty()).map(File::from)
}

pub(super) fn fchown(file: impl AsFd, user: Option<Uid>, group: Option<Gid>) -> Result<(), Errno> {
    answer(Call::Chown).unwrap_or_else(|| rustix::fs::fchown(file, user, group))
}

pub(super) fn fchmod(file: impl AsFd, mode: u32) -> Result<(), Errno> {
    answer(Call::Chmod).unwrap_or_else(|| rustix::fs::fchmod(file, Mode::from_raw_mode(mode)))
}

pub(super) fn fsync(file: impl AsFd) -> Result<(), Errno> {
    answer(Call::Fsync).unwrap_or_else(|| retry_on_intr(|| rustix::fs::fsync(&file)))
}

/// Renames within one directory.
pub(super) fn rename(
    directory: impl AsFd,
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
) -> Result<(), Errno> {
    answer(Call::Rename)
        .unwrap_or_else(|| rustix::fs::renameat(&directory, from.as_ref(), &directory, to.as_ref()))
}

pub(super) fn unlink(directory: impl AsFd, name: impl AsRef<Path>) -> Result<(), Errno> {
    answer(Call::Unlink).unwrap_or_else(|| rustix::fs::unlinkat(directory, name.as_ref(), AtFlags::empty()))
}

#[cfg(not(test))]
fn answer(_: Call) -> Option<Result<(), Errno>> {
    None
}

#[cfg(test)]
use injected::answer;

#[cfg(not(feature = "faults"))]
fn before_open(_: &OsStr) -> Result<(), Errno> {
    Ok(())
}

#[cfg(feature = "faults")]
pub use opens::set_before_open;

#[cfg(feature = "faults")]
use opens::before_open;

#[cfg(feature = "faults")]
mod opens {
    use std::collections::HashMap;
    use std::ffi::{OsStr, OsString};
    use std::sync::{Arc, Mutex};

    use super::Errno;

    type Effect = Arc<dyn Fn() -> Result<(), Errno> + Send + Sync>;

    static OPENS: Mutex<Option<HashMap<OsString, Effect>>> = Mutex::new(None);

    /// From now on `effect` runs before each opening of a file with this name, on any thread. If it
    /// returns an error, that is the result.
    pub fn set_before_open(name: &str, effect: impl Fn() -> Result<(), Errno> + Send + Sync + 'static) {
        OPENS.lock().unwrap().get_or_insert_default().insert(name.into(), Arc::new(effect));
    }

    pub(super) fn before_open(name: &OsStr) -> Result<(), Errno> {
        // The effect may take long, and others open files meanwhile.
        let effect = OPENS.lock().unwrap().as_ref().and_then(|opens| opens.get(name).cloned());
        effect.map_or(Ok(()), |effect| effect())
    }
}

#[cfg(test)]
pub(super) mod injected {
    use std::cell::RefCell;

    use super::{Call, Errno};

    type Answer = Box<dyn Fn() -> Result<(), Errno>>;

    thread_local! {
        static ANSWERS: RefCell<Vec<(Call, Answer)>> = const { RefCell::new(Vec::new()) };
    }

    /// Runs `body` while each `call` of this thread gets `result` and has no effect.
    pub(in crate::file) fn with_answer<T>(
        call: Call,
        result: Result<(), Errno>,
        body: impl FnOnce() -> T,
    ) -> T {
        with_effect(call, move || result, body)
    }

    /// Runs `body` while each `call` of this thread does `effect` instead.
    pub(in crate::file) fn with_effect<T>(
        call: Call,
        effect: impl Fn() -> Result<(), Errno> + 'static,
        body: impl FnOnce() -> T,
    ) -> T {
        ANSWERS.with_borrow_mut(|answers| answers.push((call, Box::new(effect))));
        let value = body();
        ANSWERS.with_borrow_mut(|answers| answers.retain(|(injected, _)| *injected != call));
        value
    }

    pub(super) fn answer(call: Call) -> Option<Result<(), Errno>> {
        ANSWERS.with_borrow(|answers| {
            answers.iter().find(|(injected, _)| *injected == call).map(|(_, effect)| effect())
        })
    }
}
