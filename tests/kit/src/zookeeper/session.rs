//! A session's identity.

use std::fmt;

/// The id and password of a session. A client that knows both can take over or close the session.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The session's id.
    pub id: i64,
    /// Its password, 16 bytes.
    pub password: Vec<u8>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({:#x})", self.id)
    }
}
