//! The error of a development command.

use std::fmt;

/// The reason why a command failed, for the developer.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// For `map_err`: puts `doing`, such as "cannot read x", in front of the error.
    pub fn doing<E: fmt::Display>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |error| Self(format!("{}: {error}", doing.into()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
