//! The end of a development command that did not succeed.

use std::fmt;

/// What failed, in a sentence for the developer.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure that `message` explains.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// For `map_err`: `doing` is what did not work.
    pub fn doing<E: fmt::Display>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |error| Self(format!("{}: {error}", doing.into()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
