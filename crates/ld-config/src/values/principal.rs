//! Users and groups. Whether one exists is for the machine to say.

use crate::limits::MAX_ID;
use crate::quote::Text;
use crate::settings::Principal;

/// A user or a group, as `kind` says: a name, or a decimal id.
pub(crate) fn parse(value: Text<'_>, kind: &str) -> Result<Principal, String> {
    let text = value.as_str();
    let unsigned = text.trim_start_matches(['+', '-']);
    let is_number = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit());
    let valid = if is_number {
        text.parse::<u32>().is_ok_and(|id| id <= MAX_ID)
    } else {
        !text.is_empty()
            && !text.starts_with('-')
            && !text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | '/'))
    };
    valid.then(|| Principal(text.to_owned())).ok_or_else(|| {
        format!("{value} is not a valid {kind} (allowed: a {kind} name, or an id from 0 to {MAX_ID})")
    })
}

/// Checks a user or a group made by hand.
pub(crate) fn check(principal: Option<&Principal>, kind: &str) -> Result<(), String> {
    principal.map_or(Ok(()), |principal| parse(Text::literal(&principal.0), kind).map(drop))
}
