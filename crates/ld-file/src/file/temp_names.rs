//! The names of this process's temporary files: of those in use, and of those that could not be
//! removed.

use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// What every temporary name starts with.
const PREFIX: &str = ".live-data.";

static NAMES: LazyLock<Mutex<Names>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Names {
    /// In use now.
    live: HashSet<String>,
    /// Not in use and perhaps still there, by the tags of their destinations.
    strays: HashMap<u64, Vec<String>>,
}

/// A new temporary name, in use until this is dropped.
#[derive(Debug)]
pub(super) struct LiveName {
    tag: u64,
    pub(super) text: String,
}

impl LiveName {
    /// A random name for a destination with this `tag`.
    pub(super) fn new(tag: u64) -> Self {
        let text = format!("{PREFIX}{tag:016x}.{:016x}", fastrand::u64(..));
        names().live.insert(text.clone());
        Self { tag, text }
    }

    /// Notes that the file could not be removed.
    pub(super) fn set_stray(&self) {
        names().strays.entry(self.tag).or_default().push(self.text.clone());
    }
}

impl Drop for LiveName {
    fn drop(&mut self) {
        names().live.remove(&self.text);
    }
}

/// Whether a file of this name is in use by this process.
pub(super) fn is_live(name: &str) -> bool {
    names().live.contains(name)
}

/// The names of the temporary files with this `tag` that could not be removed.
pub(super) fn strays(tag: u64) -> Vec<String> {
    names().strays.get(&tag).cloned().unwrap_or_default()
}

/// Notes that those files are gone.
pub(super) fn forget_strays(tag: u64) {
    names().strays.remove(&tag);
}

/// The part of a temporary name that belongs to its destination: a hash of the absolute path.
///
/// FNV-1a, because later releases must find the names again. The standard library's hasher promises
/// no such thing. A collision costs nothing, as both destinations are ours.
pub(super) fn tag(destination: &Path) -> std::io::Result<u64> {
    let absolute = std::path::absolute(destination)?;
    Ok(absolute.as_os_str().as_bytes().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    }))
}

/// The tag in a name of exactly the shape that [`LiveName::new`] gives.
pub(super) fn tag_of(name: &str) -> Option<u64> {
    let (tag, random) = name.strip_prefix(PREFIX)?.split_once('.')?;
    let is_hex =
        |part: &str| part.len() == 16 && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_hex(tag) && is_hex(random) { u64::from_str_radix(tag, 16).ok() } else { None }
}

fn names() -> MutexGuard<'static, Names> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_hashes_the_absolute_path_and_never_changes() {
        assert_eq!(tag(Path::new("/a/dest")).unwrap(), 0xd446_8931_2a55_fc1e);
        let here = std::env::current_dir().unwrap();
        for path in ["a", "./a", "a//b", "a/./b"] {
            let absolute = tag(&std::path::absolute(path).unwrap()).unwrap();
            assert_eq!(tag(Path::new(path)).unwrap(), absolute, "{path}");
            let spelt = here.as_os_str().to_str().unwrap().to_owned() + "/" + path;
            assert_eq!(tag(Path::new(&spelt)).unwrap(), absolute, "{path}");
        }
        let through_parent = tag(Path::new("/a/../dest")).unwrap();
        assert_ne!(through_parent, tag(Path::new("/dest")).unwrap(), "a link is not followed");
    }

    #[test]
    fn a_name_is_live_until_it_is_dropped() {
        let name = LiveName::new(7);
        let text = name.text.clone();
        assert!(is_live(&text));
        assert_eq!(tag_of(&text), Some(7));
        drop(name);
        assert!(!is_live(&text));
    }
}
