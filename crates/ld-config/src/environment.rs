//! `$VAR` and `${VAR}` in values, as Python's `os.path.expandvars` reads them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;

/// The variables that `$VAR` and `${VAR}` stand for. `Debug` shows no value: an environment may hold secrets.
#[derive(Clone, Default)]
pub struct Environment(HashMap<OsString, OsString>);

impl Environment {
    /// The environment of this process, as it is now.
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// No variable at all: every `$` stays as it is.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Replaces the variables that are set; what is unset stays literal, and values are not expanded again.
    ///
    /// Source: baseplate.py's `EnvironmentInterpolation`, which calls `os.path.expandvars`.
    pub(crate) fn expand<'a>(&self, text: &'a str) -> Result<Cow<'a, str>, String> {
        if !text.contains('$') {
            return Ok(Cow::Borrowed(text));
        }
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            expanded.push_str(&rest[..dollar]);
            rest = &rest[dollar..];
            let (reference, name) = reference(rest).unwrap_or(("$", None));
            match name.and_then(|name| Some((name, self.0.get(name.as_ref() as &std::ffi::OsStr)?))) {
                Some((name, value)) => expanded.push_str(
                    value.to_str().ok_or_else(|| format!("the variable '{name}' does not hold UTF-8"))?,
                ),
                None => expanded.push_str(reference),
            }
            rest = &rest[reference.len()..];
        }
        expanded.push_str(rest);
        Ok(Cow::Owned(expanded))
    }
}

/// The reference at the start of `text`, which starts with `$`, and the name in it.
fn reference(text: &str) -> Option<(&str, Option<&str>)> {
    let after = &text[1..];
    if let Some(braced) = after.strip_prefix('{') {
        let end = braced.find('}')?;
        return Some((&text[..end + 3], Some(&braced[..end])));
    }
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
    (end > 0).then(|| (&text[..end + 1], Some(&after[..end])))
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
            assert_eq!(env.expand(text).unwrap(), expected, "{text}");
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
