//! `$VAR` and `${VAR}` in values, as Python's `os.path.expandvars` reads them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

use crate::quote::quoted;

/// The variables that `$VAR` and `${VAR}` stand for.
///
/// `Debug` shows no value: an environment may hold secrets.
#[derive(Clone, Default)]
pub struct Environment(HashMap<OsString, OsString>);

/// A value with its variables replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expanded<'a> {
    pub(crate) text: Cow<'a, str>,
    /// The first reference that stays as it is written: no such variable is set, or `}` is missing.
    pub(crate) literal: Option<&'a str>,
}

impl Environment {
    /// The environment of this process, as it is now.
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// No variable at all: every `$` stays as it is.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Replaces the variables that are set. Their values are not expanded again.
    ///
    /// Source: baseplate.py's `EnvironmentInterpolation`, which calls `os.path.expandvars`.
    pub(crate) fn expand<'a>(&self, text: &'a str) -> Result<Expanded<'a>, String> {
        if !text.contains('$') {
            return Ok(Expanded { text: Cow::Borrowed(text), literal: None });
        }
        let last_brace = text.rfind('}').unwrap_or(0);
        let mut expanded = String::with_capacity(text.len());
        let mut literal = None;
        let mut at = 0;
        while let Some(dollar) = text[at..].find('$').map(|found| at + found) {
            expanded.push_str(&text[at..dollar]);
            // A brace is looked for only if one follows: a search to the end for each of many
            // unclosed references would take quadratic time.
            let Reference { text: reference, name } = reference(&text[dollar..], dollar < last_brace);
            match name.and_then(|name| Some((name, self.0.get(OsStr::new(name))?))) {
                Some((name, value)) => {
                    let not_utf8 = || format!("the variable {} does not hold UTF-8", quoted(name));
                    expanded.push_str(value.to_str().ok_or_else(not_utf8)?);
                }
                None => {
                    expanded.push_str(reference);
                    if reference != "$" {
                        literal.get_or_insert(reference);
                    }
                }
            }
            at = dollar + reference.len();
        }
        expanded.push_str(&text[at..]);
        Ok(Expanded { text: Cow::Owned(expanded), literal })
    }
}

/// A `$` and what belongs to it.
struct Reference<'a> {
    text: &'a str,
    /// `None` if it names nothing.
    name: Option<&'a str>,
}

/// The reference at the start of `text`, which starts with `$`.
fn reference(text: &str, closes: bool) -> Reference<'_> {
    let after = &text[1..];
    if let Some(braced) = after.strip_prefix('{') {
        let end = if closes { braced.find('}') } else { None };
        return match end {
            Some(end) => Reference { text: &text[..end + 3], name: Some(&braced[..end]) },
            None => Reference { text: &text[..2], name: None },
        };
    }
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
    Reference { text: &text[..end + 1], name: (end > 0).then(|| &after[..end]) }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Environment").field(&format_args!("{} variables", self.0.len())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_expand_as_in_python_expandvars() {
        let env: Environment =
            [("A", "1"), ("B_2", "two"), ("EMPTY", ""), ("REF", "$A"), ("odd name", "odd")]
                .into_iter()
                .collect();
        for (text, expected) in [
            ("plain", "plain"),
            ("$A", "1"),
            ("${A}", "1"),
            ("x$A/y${B_2}z", "x1/ytwoz"),
            ("$AB", "$AB"),
            ("${AB}", "${AB}"),
            ("$EMPTY.", "."),
            ("$REF", "$A"),
            ("$$A", "$1"),
            ("$", "$"),
            ("a$", "a$"),
            ("$-", "$-"),
            ("${}", "${}"),
            ("${A", "${A"),
            ("${A:-x}", "${A:-x}"),
            ("${odd name}", "odd"),
            ("${$A}", "${$A}"),
            ("$é$A", "$é1"),
        ] {
            assert_eq!(env.expand(text).unwrap().text, expected, "{text}");
        }
    }

    #[test]
    fn a_reference_that_stays_literal_is_named() {
        let env: Environment = [("A", "1")].into_iter().collect();
        for (text, literal) in [
            ("$A ${A} $ $- 5$", None),
            ("$A$B$C", Some("$B")),
            ("${B:-x}", Some("${B:-x}")),
            ("${}", Some("${}")),
            ("a${A", Some("${")),
            ("${A}${A", Some("${")),
        ] {
            assert_eq!(env.expand(text).unwrap().literal, literal, "{text}");
        }
    }

    #[test]
    fn millions_of_unclosed_references_take_linear_time() {
        let env: Environment = [("A", "1")].into_iter().collect();
        for end in ["", "}", "$A}${"] {
            let text = "${A".repeat(2_000_000) + end;
            assert!(env.expand(&text).unwrap().text.len() >= text.len() - 3);
        }
    }

    #[test]
    fn a_variable_that_is_not_utf8_is_an_error() {
        use std::os::unix::ffi::OsStringExt;
        let env: Environment = [("A", OsString::from_vec(vec![0xff]))].into_iter().collect();
        assert_eq!(env.expand("$A").unwrap_err(), "the variable 'A' does not hold UTF-8");
    }

    #[test]
    fn debug_shows_no_value() {
        let env: Environment = [("TOKEN", "hush")].into_iter().collect();
        assert_eq!(format!("{env:?}"), "Environment(1 variables)");
    }
}
