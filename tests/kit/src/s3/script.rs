//! What a request can meet instead of the usual answer.

use std::time::Duration;

/// A fault of the server, or of what is between it and the client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum S3Fault {
    /// No fault: the usual answer.
    None,
    /// This status with this code; nothing is done.
    Status(u16, &'static str),
    /// The answer of a proxy that is not S3: these headers and this body, with status 200.
    Page(&'static str, &'static str),
    /// Silence instead of an answer; nothing is done.
    Silence,
    /// The request is done, and the connection ends without an answer.
    LostAnswer,
    /// The head, then so many bytes of the content, then silence.
    StallAfter(usize),
    /// The content with a pause before each piece of so many bytes.
    Trickle(usize, Duration),
    /// The connection ends after so many bytes of the content.
    CutAfter(usize),
    /// The content without a length: it ends with the connection, after so many bytes.
    CloseDelimited(usize),
    /// The content in chunks, cut after so many bytes of it, if at all.
    Chunked(Option<usize>),
    /// A header of the usual answer is replaced.
    Header(&'static str, &'static str),
    /// A header of the usual answer is missing.
    Without(&'static str),
    /// The content with its first byte changed.
    Changed,
}
