//! What a signature says of the content, beside the content itself.

use std::fmt;
use std::str::FromStr;

/// What the trusted comment of a signature says: which node the content is for, and when it came,
/// compared with others of that node.
///
/// As text it is `live-data path:/app/flags counter:1764433000000`. There is one text for each
/// statement.
///
/// ```
/// use ld_sign::Statement;
///
/// let statement: Statement = "live-data path:/app/flags counter:7".parse()?;
/// assert_eq!(statement, Statement::new("/app/flags", 7));
/// # Ok::<(), ld_sign::StatementError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// The path of the node, below the chroot.
    pub path: String,
    /// A number that is higher for each further content of the node. The tools use the time in
    /// milliseconds since 1970, or the number after the last one.
    pub counter: u64,
}

/// Why a text is no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not of the form 'live-data path:/app/flags counter:1'")]
#[non_exhaustive]
pub struct StatementError;

const PREFIX: &str = "live-data path:";
const COUNTER: &str = " counter:";

impl Statement {
    /// A statement about the node at `path`.
    pub fn new(path: impl Into<String>, counter: u64) -> Self {
        Self { path: path.into(), counter }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, counter } = self;
        write!(f, "{PREFIX}{path}{COUNTER}{counter}")
    }
}

impl FromStr for Statement {
    type Err = StatementError;

    fn from_str(text: &str) -> Result<Self, StatementError> {
        let rest = text.strip_prefix(PREFIX).ok_or(StatementError)?;
        // A path may have spaces and colons in it; a counter has not.
        let (path, counter) = rest.rsplit_once(COUNTER).ok_or(StatementError)?;
        let statement = Self::new(path, counter.parse().map_err(|_| StatementError)?);
        let is_path = ld_config::znode_path(path).is_ok_and(|canonical| canonical == path);
        // Otherwise `+1` and `01` would be counters, too.
        if is_path && statement.to_string() == text { Ok(statement) } else { Err(StatementError) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_one_form_is_a_statement() {
        for text in [
            "",
            "timestamp:1764433000\tfile:flags",
            "live-data path: counter:1",
            "live-data path:/a",
            "live-data path:/a counter:",
            "live-data path:/a counter:01",
            "live-data path:/a counter:+1",
            "live-data path:/a counter:-1",
            "live-data path:/a counter:1 ",
            "live-data path:/a counter:18446744073709551616",
            "live-data path:a counter:1",
            "live-data path:/a/ counter:1",
            "live-data path:/a//b counter:1",
            " live-data path:/a counter:1",
            "live-data  path:/a counter:1",
        ] {
            assert_eq!(text.parse::<Statement>(), Err(StatementError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_statement_reads_back(path in "/[a-z: ]{0,20}[a-z:](counter:[0-9])?", counter: u64) {
            let statement = Statement::new(path, counter);
            prop_assert_eq!(statement.to_string().parse(), Ok(statement));
        }

        #[test]
        fn what_is_read_is_written_the_same(text in "live-data path:/[a/ .]{0,9} counter:[0-9+ ]{0,22}") {
            if let Ok(statement) = text.parse::<Statement>() {
                prop_assert_eq!(statement.to_string(), text);
            }
        }
    }
}
