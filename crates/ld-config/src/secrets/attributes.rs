//! The attributes of one secret: `type`, `value` and `encoding`.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::{Zeroize, Zeroizing};

use super::base64;
use super::error::SecretsError;
use crate::quote::quoted;
use crate::secret::SecretValue;

/// A string of the JSON text, borrowed from it unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Drop for Text<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.0 {
            text.zeroize();
        }
    }
}

/// Decodes a `simple` secret from the JSON object of its attributes.
///
/// Source: `get_simple` and `_decode_secret` of baseplate.py's `baseplate.lib.secrets`, with their
/// messages.
pub(super) fn simple(path: &str, attributes: &RawValue) -> Result<SecretValue, SecretsError> {
    decode(attributes).map_err(|reason| SecretsError::Corrupt { path: path.to_owned(), reason })
}

fn decode(attributes: &RawValue) -> Result<SecretValue, String> {
    let attributes: HashMap<String, &RawValue> =
        serde_json::from_str(attributes.get()).map_err(|_| "secret is not a JSON object")?;
    let text = |name: &str| attributes.get(name).map(|raw| serde_json::from_str::<Text>(raw.get()).ok());
    if !matches!(text("type"), Some(Some(kind)) if kind.0 == "simple") {
        return Err("secret does not have type=simple".to_owned());
    }
    let value = text("value").ok_or("secret does not have value")?.ok_or("secret value is not a string")?;
    match text("encoding") {
        None => {}
        Some(Some(encoding)) if encoding.0 == "identity" => {}
        Some(Some(encoding)) if encoding.0 == "base64" => {
            let decoded =
                base64::decode(&value.0).map_err(|why| format!("unable to decode base64: {why}"))?;
            return Ok(SecretValue::new(decoded));
        }
        Some(Some(encoding)) => return Err(format!("unknown encoding: {}", quoted(&encoding.0))),
        Some(None) => return Err("unknown encoding: not a string".to_owned()),
    }
    let mut bytes = Zeroizing::new(value.0.as_bytes().to_vec());
    Ok(SecretValue::new(std::mem::take(&mut *bytes)))
}
