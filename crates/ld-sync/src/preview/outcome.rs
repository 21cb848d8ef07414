//! What would become of one file.

use std::fmt;
use std::path::PathBuf;

use ld_config::counted;

use super::Preview;

/// What would become of the file of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It holds what the node holds, with the right owner and mode.
    Right,
    /// It would be written.
    Write {
        /// Whether a file would be replaced.
        replaces: bool,
        /// The directory that does not exist yet, and would be made.
        makes: Option<PathBuf>,
    },
    /// The node holds a valid pointer to an object, which would be loaded. It is not looked at.
    Pointer,
    /// The node does not exist: the file would be removed.
    Remove,
    /// Neither node nor file exists.
    Absent,
    /// The node does not exist: the file would stay (`on_delete = keep`).
    Keep,
    /// The file would stay, since the answer cannot be trusted: why.
    Unverified(String),
    /// The file would stay, since the node cannot be read: why.
    Unreadable(String),
    /// The file would stay, since a guard rejects the content, or a pointer is not valid: why.
    Rejected(String),
    /// The file could not be written or removed: why.
    Blocked(String),
    /// It was not found out in time.
    Unknown,
}

impl Outcome {
    /// One word for reports.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Write { .. } => "write",
            Self::Pointer => "pointer",
            Self::Remove => "remove",
            Self::Absent => "absent",
            Self::Keep => "keep",
            Self::Unverified(_) => "unverified",
            Self::Unreadable(_) => "unreadable",
            Self::Rejected(_) => "rejected",
            Self::Blocked(_) => "blocked",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the file would become what the node and the configuration want.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Right | Self::Write { .. } | Self::Pointer) || self.is_absence()
    }

    /// Whether the node does not exist, and that is believed.
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::Remove | Self::Absent | Self::Keep)
    }
}

impl fmt::Display for Preview {
    /// One line without the node's name and paths: what would happen, and the node's version and
    /// ACL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Right => f.write_str("the file is right")?,
            Outcome::Write { replaces, makes } => {
                let action = if *replaces { "replace the file by" } else { "write" };
                write!(f, "would {action} {}", counted(self.bytes.unwrap_or_default(), "byte"))?;
                if let Some(directory) = makes {
                    write!(f, " and make the directory '{}'", directory.display())?;
                }
            }
            Outcome::Pointer => f.write_str("would load the object that the node points to")?,
            Outcome::Remove => f.write_str("the node does not exist: would remove the file")?,
            Outcome::Absent => f.write_str("the node does not exist, and neither does the file")?,
            Outcome::Keep => {
                f.write_str("the node does not exist: would leave the file (on_delete = keep)")?;
            }
            Outcome::Unverified(reason) => write!(f, "would leave the file: {reason}")?,
            Outcome::Unreadable(reason) => {
                write!(f, "would leave the file: the node cannot be read: {reason}")?;
            }
            Outcome::Rejected(reason) => {
                write!(f, "would leave the file: the content is rejected: {reason}")?;
            }
            Outcome::Blocked(reason) => write!(f, "could not make the file right: {reason}")?,
            Outcome::Unknown => f.write_str("not found out in time")?,
        }
        let version = self.mzxid.map(|mzxid| format!("mzxid {mzxid:#x}"));
        let acl = self.acl.as_ref().map(|acl| format!("ACL {}", acl.join(" ")));
        let facts: Vec<_> = version.into_iter().chain(acl).collect();
        if facts.is_empty() { Ok(()) } else { write!(f, " ({})", facts.join(", ")) }
    }
}
