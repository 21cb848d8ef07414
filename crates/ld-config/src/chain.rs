//! One line for an error and its causes.

use std::error::Error;

/// An error and its causes in one line, outermost first.
///
/// An error may show its cause itself. So a cause is left out if its text is in the line already.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let reason = cause.to_string();
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the file")]
    struct Silent(#[source] std::io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("no secrets: {0}")]
    struct Telling(#[source] Silent);

    #[test]
    fn a_chain_names_every_cause_once() {
        let error = Silent(std::io::Error::other("disk on fire"));
        assert_eq!(chain(&error), "cannot read the file: disk on fire");
        assert_eq!(chain(&Telling(error)), "no secrets: cannot read the file: disk on fire");
    }
}
