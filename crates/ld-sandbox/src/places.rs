//! Where the paths of a configuration lead, and which of them a sandbox leaves writable.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use crate::allow::Allow;
use crate::gaps::{Gap, SandboxError};

/// One path that was opened.
#[derive(Debug)]
pub(crate) struct Place {
    /// As the configuration names it.
    pub(crate) path: PathBuf,
    /// Where it leads; `None` if that cannot be known.
    pub(crate) found: Option<PathBuf>,
    pub(crate) allow: Allow,
}

/// The path of an open file without links. The kernel knows it: no file system is asked.
pub(crate) fn real_path(file: &OwnedFd) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()
}

/// What the process trusts and may change, because it lies at or below a directory of destinations.
///
/// # Errors
///
/// [`SandboxError::RootDirectory`].
pub(crate) fn writable(places: &[Place]) -> Result<Vec<Gap>, SandboxError> {
    let mut gaps = Vec::new();
    for destination in places.iter().filter(|place| place.allow == Allow::Replace) {
        let Some(directory) = &destination.found else { continue };
        if directory == Path::new("/") {
            return Err(SandboxError::RootDirectory { directory: destination.path.clone() });
        }
        for trusted in places.iter().filter(|place| place.allow == Allow::Read) {
            if trusted.found.as_ref().is_some_and(|found| found.starts_with(directory)) {
                gaps.push(Gap::Writable { path: trusted.path.clone(), directory: destination.path.clone() });
            }
        }
    }
    gaps.dedup_by_key(|gap| gap.to_string());
    Ok(gaps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str, found: &str, allow: Allow) -> Place {
        Place { path: path.into(), found: Some(found.into()), allow }
    }

    #[test]
    fn what_lies_below_destinations_is_a_gap() {
        let destination = place("/link", "/srv/live", Allow::Replace);
        let places = [
            destination,
            place("/etc", "/etc", Allow::Read),
            place("/srv/live/conf", "/srv/live/conf", Allow::Read),
            place("/secrets", "/srv/live", Allow::Read),
            place("/srv/live-data", "/srv/live-data", Allow::Read),
            place("/srv", "/srv", Allow::Read),
            place("/", "/", Allow::ReadAndExecute),
        ];
        let gaps = writable(&places).unwrap();
        let path = |gap: &Gap| match gap {
            Gap::Writable { path, .. } => path.display().to_string(),
            gap => panic!("{gap}"),
        };
        let paths: Vec<_> = gaps.iter().map(path).collect();
        assert_eq!(paths, ["/srv/live/conf", "/secrets"]);
    }

    #[test]
    fn a_destination_in_the_root_directory_is_refused() {
        let error = writable(&[place("/link", "/", Allow::Replace)]).unwrap_err().to_string();
        assert!(error.contains("directly in /link, which is the root directory"), "{error}");
    }
}
