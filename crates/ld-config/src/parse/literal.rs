//! What users of other dialects expect of a value, and what stays literal text here.

use crate::ini::Entry;
use crate::quote::quoted;

/// Says what in the value is taken literally and is hardly meant so. The value is not shown.
pub(super) fn warnings(entry: &Entry<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    let value = entry.written;
    // Most values have none of these.
    if !value.contains(['$', '#', ';', '"', '\'', '~']) {
        return warnings;
    }
    if let Some(reference) = entry.literal {
        warnings.push(unset(entry.key, reference));
    }
    if let Some(comment) = inline_comment(value) {
        warnings.push(format!(
            "'{comment}' and what follows it are part of the value, as in the original: \
             write a comment on a line of its own"
        ));
    }
    if value.starts_with(['"', '\'']) || value.ends_with(['"', '\'']) {
        warnings.push("quotes are part of the value, as in the original: leave them out".to_owned());
    }
    if value == "~" || value.starts_with("~/") {
        warnings.push("'~' is taken literally, as in the original: write the whole path".to_owned());
    }
    warnings
}

fn unset(key: &str, reference: &str) -> String {
    let name = reference.trim_start_matches(['$', '{']).trim_end_matches('}');
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let reason = match reference {
        "${" => "the '}' after it is missing".to_owned(),
        _ if is_name => format!("the variable {} is not set", quoted(name)),
        _ => "only $NAME and ${NAME} are replaced, without a default".to_owned(),
    };
    let effect = if key.ends_with(".dest") { "; the file's path would contain it" } else { "" };
    format!("{} is taken literally, as in the original: {reason}{effect}", quoted(reference))
}

/// The character that starts a comment in other dialects, if white space is before it.
fn inline_comment(value: &str) -> Option<char> {
    let pairs = value.chars().zip(value.chars().skip(1));
    pairs.into_iter().find(|(before, c)| before.is_whitespace() && matches!(c, '#' | ';')).map(|(_, c)| c)
}
