//! The secrets store: any file is read in time, valid secrets are found, and no error shows
//! anything of the file.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ld_config::{SecretsConfig, SecretsError, SecretsProvider, read_simple_secrets};
use serde_json::Value;

use crate::limit::within;
use crate::terminal::assert_one_line;

/// The secrets that are asked for; the seeds have them.
const PATHS: [&str; 3] = ["a", "secret/zk", "é\n\u{1b}[2J"];

/// A file of the mount of the provider `vault_csi`, and the path that names it.
const CSI_FILE: &str = "secret";

/// Planted in the seeds' values: nothing that is printed may contain it.
const HUSH: &str = "hunter2";

/// For [`crate::GROWN_BYTES`].
const LIMIT: Duration = Duration::from_secs(2);

/// The longest message: it quotes a path and an encoding.
const MAX_MESSAGE_BYTES: usize = 4_096;

/// Why a secret is not given, but for an unknown encoding, which is quoted.
const REASONS: [&str; 8] = [
    "secret is not a JSON object",
    "secret does not have type=simple",
    "secret does not have value",
    "secret value is not a string",
    "unknown encoding: not a string",
    "unable to decode base64: string argument should contain only ASCII characters",
    "unable to decode base64: number of data characters cannot be 1 more than a multiple of 4",
    "unable to decode base64: Incorrect padding",
];

const UNKNOWN_ENCODING: &str = "unknown encoding: '";

/// What the reference makes of a secret.
#[derive(Debug, PartialEq)]
enum Found {
    Value(Vec<u8>),
    Missing,
    Malformed,
    Corrupt,
}

pub(crate) fn check(data: &[u8]) {
    let dir = tempfile::tempdir().expect("a directory for temporary files");
    let root = reference(data);
    vault(dir.path(), data, root.as_ref());
    vault_csi(dir.path(), data, root.as_ref());
}

fn vault(dir: &Path, data: &[u8], root: Option<&Value>) {
    let path = dir.join("secrets.json");
    fs::write(&path, data).expect("a file for the secrets");
    let config = {
        let mut secrets = SecretsConfig::default();
        secrets.path = path.clone();
        secrets.provider = SecretsProvider::Vault;
        secrets
    };
    let paths = PATHS.map(str::to_owned);
    let results = within(LIMIT, "the provider vault", || read_simple_secrets(&config, &paths));
    assert_eq!(results.len(), paths.len());
    for (secret, result) in paths.iter().zip(results) {
        let found = found(secret, &path, result);
        if let Some(root) = root {
            let expected = match root.as_object().map(|root| root.get("secrets")) {
                None => Found::Malformed,
                Some(None) => Found::Missing,
                Some(Some(Value::Object(secrets))) => secrets.get(secret).map_or(Found::Missing, decoded),
                Some(Some(_)) => Found::Malformed,
            };
            assert_eq!(found, expected, "{secret:?} of the provider vault");
        }
    }
}

fn vault_csi(dir: &Path, data: &[u8], root: Option<&Value>) {
    let generation = dir.join("..generation");
    fs::create_dir(&generation).expect("a directory for a generation");
    let file = generation.join(CSI_FILE);
    fs::write(&file, data).expect("a file for a secret");
    symlink(&generation, dir.join("..data")).expect("a link to the generation");
    let config = {
        let mut secrets = SecretsConfig::default();
        secrets.path = dir.to_path_buf();
        secrets.provider = SecretsProvider::VaultCsi;
        secrets
    };
    let paths = [CSI_FILE.to_owned()];
    let mut results = within(LIMIT, "the provider vault_csi", || read_simple_secrets(&config, &paths));
    let result = results.pop().expect("one result for one path");
    let file = file.canonicalize().expect("the file is there");
    let found = found(CSI_FILE, &file, result);
    if let Some(root) = root {
        let expected = root.as_object().and_then(|root| root.get("data")).map_or(Found::Malformed, decoded);
        assert_eq!(found, expected, "the provider vault_csi");
    }
}

/// The file as JSON; `None` where the reference is stricter (a number or a string that it cannot
/// hold, deep nesting).
fn reference(data: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(data).ok()?;
    // serde_json gives some keys a meaning of its own.
    if text.contains("serde_json::private") { None } else { serde_json::from_str(text).ok() }
}

fn decoded(attributes: &Value) -> Found {
    let Some(attributes) = attributes.as_object() else { return Found::Corrupt };
    let text = |name: &str| attributes.get(name).map(Value::as_str);
    let (Some(Some("simple")), Some(Some(value))) = (text("type"), text("value")) else {
        return Found::Corrupt;
    };
    match text("encoding") {
        None | Some(Some("identity")) => Found::Value(value.into()),
        Some(Some("base64")) => python_base64(value).map_or(Found::Corrupt, Found::Value),
        _ => Found::Corrupt,
    }
}

/// Python's `base64.b64decode`, by its documentation: characters that are no digits are dropped,
/// and so is all that follows the padding.
fn python_base64(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() {
        return None;
    }
    let mut decoded = Vec::new();
    let mut quad = String::new();
    let mut padding = 0;
    for character in text.chars() {
        match character {
            '=' => {
                padding += 1;
                if quad.len() >= 2 && quad.len() + padding >= 4 {
                    break;
                }
            }
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' => {
                padding = 0;
                quad.push(character);
                if quad.len() == 4 {
                    decoded.extend(STANDARD.decode(&quad).ok()?);
                    quad.clear();
                }
            }
            _ => {}
        }
    }
    match (quad.len(), padding) {
        (0, _) => Some(decoded),
        // The bits that are left over count for nothing: `A` fills them with zeros.
        (digits @ 2..=3, 1..) if digits + padding >= 4 => {
            quad.extend(std::iter::repeat_n('A', 4 - digits));
            let last = STANDARD.decode(&quad).ok()?;
            decoded.extend(&last[..digits - 1]);
            Some(decoded)
        }
        _ => None,
    }
}

/// What kind of result it is. Panics if it shows anything of the file.
fn found(secret: &str, file: &Path, result: Result<ld_config::SecretValue, SecretsError>) -> Found {
    let error = match result {
        Ok(value) => {
            assert_eq!(format!("{value:?}"), "SecretValue(..)");
            return Found::Value(value.expose().to_vec());
        }
        Err(error) => error,
    };
    assert_one_line(&error.to_string(), MAX_MESSAGE_BYTES);
    let (found, quotes_encoding) = match &error {
        SecretsError::Malformed { file: named, .. } => {
            assert_eq!(named, file);
            (Found::Malformed, false)
        }
        SecretsError::NotFound { path } => {
            assert_eq!(path, secret);
            (Found::Missing, false)
        }
        SecretsError::Corrupt { path, reason } => {
            assert_eq!(path, secret);
            let quotes_encoding = reason.starts_with(UNKNOWN_ENCODING);
            assert!(quotes_encoding || REASONS.contains(&reason.as_str()), "a reason of its own: {reason:?}");
            (Found::Corrupt, quotes_encoding)
        }
        other => panic!("{other}"),
    };
    assert!(quotes_encoding || !format!("{error} {error:?}").contains(HUSH), "a secret shows: {error:?}");
    found
}
