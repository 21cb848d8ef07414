//! What this process knows of a destination's file.

use super::content::Content;
use super::identity::Identity;

/// What this process knows of one destination's file. It goes with each job and comes back
/// with the answer.
#[derive(Debug, Default)]
pub(crate) struct FileState {
    pub(super) last_written: Option<LastWritten>,
    pub(super) unflushed: bool,
    granted_mode: Option<u32>,
}

/// The file as this process last wrote it, or found it right.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastWritten {
    pub(super) identity: Identity,
    /// The keyed hash of its content.
    pub(super) hash: u64,
}

impl FileState {
    /// Whether the file is known to hold what it must.
    #[cfg(test)]
    pub(crate) fn is_known(&self) -> bool {
        self.last_written.is_some()
    }

    /// Forgets the file. The next [`Replacement::prepare`](super::Replacement::prepare) compares what it finds.
    pub(crate) fn forget(&mut self) {
        self.last_written = None;
    }

    /// Notes that the file's directory could not be flushed, so the file may not survive a power
    /// cut.
    ///
    /// The kernel reports a failed flush once, and the next one may succeed without having written
    /// anything. So the next [`Replacement::prepare`](super::Replacement::prepare) writes the file anew, although its
    /// content is right.
    pub(crate) fn set_unflushed(&mut self) {
        self.unflushed = true;
        self.forget();
    }

    /// Notes a file that holds `content`, with the right owner and mode.
    pub(super) fn set_right(&mut self, identity: Identity, content: Content<'_>) {
        self.unflushed = false;
        self.last_written = Some(LastWritten { identity, hash: content.hash() });
    }

    /// Takes over a new identity of the same content.
    pub(super) fn set_identity(&mut self, identity: Identity) {
        if let Some(last) = &mut self.last_written {
            last.identity = identity;
        }
    }

    /// Whether the file may have `mode` where the target asks for `asked`: the file system gave no
    /// more.
    pub(super) fn accepts_mode(&self, mode: u32, asked: u32) -> bool {
        mode == asked || self.granted_mode == Some(mode)
    }

    /// Notes the mode that the file system gave instead of `asked`. Returns whether that is news,
    /// so that one warning a file is logged.
    pub(super) fn grant_mode(&mut self, mode: u32, asked: u32) -> bool {
        let granted = (mode != asked).then_some(mode);
        let is_news = granted.is_some() && self.granted_mode != granted;
        self.granted_mode = granted;
        is_news
    }
}
