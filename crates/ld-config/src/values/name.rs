//! The names of nodes: what the keys of a file can say.

use crate::quote::quoted;

/// Checks a name made by hand. A file has it between `nodes.` and the next dot of a key, which is
/// one line, ends at the first `=` or `:`, and is lower-cased.
pub(crate) fn check(name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains(['.', '=', ':', '\n', '\r']) {
        return Err(format!(
            "{} is not the name of a node (at least one letter; no dot, '=', ':' or line break)",
            quoted(name)
        ));
    }
    if name.chars().any(|c| !c.to_lowercase().eq([c])) {
        return Err(format!("{} is not the name of a node: write it in lower case", quoted(name)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::parse::Scope;
    use crate::settings::{Config, NodeConfig};

    /// The name that a file reads back.
    fn in_file(name: &str) -> Option<String> {
        let text = format!("[live-data]\nzookeeper.hosts=h\nnodes.{name}.source=/n\nnodes.{name}.dest=/n\n");
        let parsed = Config::parse(text, "c", &Environment::empty(), Scope::Watcher).ok()?;
        Some(parsed.config.nodes.first()?.name.clone())
    }

    #[test]
    fn a_name_is_accepted_if_a_file_can_say_it() {
        for name in ["a", "a b", " a ", "[a", "#a", "é", "\t", "a\u{1}", "a-1_b/c", "\"a\""] {
            assert_eq!(check(name), Ok(()), "{name:?}");
            assert_eq!(in_file(name).as_deref(), Some(name));
        }
        for name in ["", "a.b", "a=b", "a:b", " a\n=", "a\r", "A", "É", "Σ", "aΣ"] {
            let error = NodeConfig::builder(name, "/n", "/n").build().unwrap_err().problem;
            assert!(error.contains("is not the name of a node"), "{name:?}: {error}");
            assert_ne!(in_file(name).as_deref(), Some(name));
        }
    }
}
