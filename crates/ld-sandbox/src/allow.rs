//! What a sandbox allows in one place.

use landlock::{AccessFs, BitFlags};

/// What one rule allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allow {
    /// To read what the process trusts.
    Read,
    /// All that the replacement of regular files takes.
    Replace,
    ReadAndExecute,
    ReplaceSockets,
    WriteFile,
}

impl Allow {
    pub(crate) fn access(self) -> BitFlags<AccessFs> {
        use AccessFs::{MakeDir, MakeReg, ReadDir, ReadFile, RemoveDir, RemoveFile, Truncate, WriteFile};
        match self {
            Self::Read => ReadFile | ReadDir,
            Self::ReadAndExecute => ReadFile | ReadDir | AccessFs::Execute,
            Self::Replace => {
                ReadFile | ReadDir | WriteFile | Truncate | MakeReg | MakeDir | RemoveFile | RemoveDir
            }
            Self::ReplaceSockets => AccessFs::MakeSock | RemoveFile,
            Self::WriteFile => ReadFile | WriteFile | Truncate,
        }
    }
}
