//! Public keys and a signature: only what the one known key has signed counts, and what it says is
//! what it was made for. All else is refused in time, with a short line.

use std::time::Duration;

use ld_sign::{MAX_SIGNATURE_BYTES, PublicKeys, Refused, Statement, verify};

use crate::limit::within;
use crate::panics;
use crate::terminal::{assert_one_line, assert_one_line_but_tabs};

/// Separates the public keys from the signature, and that from the content.
const PARTING: &[u8] = b"\n=======\n";

/// For [`crate::GROWN_BYTES`].
const LIMIT: Duration = Duration::from_secs(2);

/// The longest message: it quotes a trusted comment, in which each byte may be escaped.
const MAX_MESSAGE_BYTES: usize = 10 * MAX_SIGNATURE_BYTES;

/// The public key of the signatures in the seeds.
const KEY: &str = "RWRsaXZlZGF0YddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

const PATH: &str = "/app/flags";

/// What the key has signed, for [`PATH`] with the counter 7. No other content has a signature.
const CONTENT: &[u8] = b"{\"percent\": 5}\n";

pub(crate) fn check(data: &[u8]) {
    panics::watch();
    let (keys, rest) = halves(data);
    let (signature, content) = halves(rest);
    let known = PublicKeys::parse(KEY).expect("it is a key");
    if let Ok(keys) = std::str::from_utf8(keys) {
        match within(LIMIT, "reading public keys", || PublicKeys::parse(keys)) {
            Ok(keys) => judge(&keys, false, content, signature),
            Err(problem) => assert_one_line(&problem.to_string(), MAX_MESSAGE_BYTES),
        }
    }
    judge(&known, true, content, signature);
    if let Ok(text) = std::str::from_utf8(signature)
        && let Ok(statement) = text.parse::<Statement>()
    {
        assert_eq!(statement.to_string(), text, "a statement has one form");
    }
    panics::assert_none();
}

/// `are_known`: they are the one key that has signed just [`CONTENT`].
fn judge(keys: &PublicKeys, are_known: bool, content: &[u8], signature: &[u8]) {
    match within(LIMIT, "verifying a signature", || verify(keys, PATH, content, signature)) {
        Ok(statement) => {
            assert_eq!(statement.path, PATH);
            // Of keys that the input brings a signature may be made without the secret.
            assert!(!are_known || (content == CONTENT && statement.counter == 7), "it was not signed");
        }
        Err(refused) => {
            assert_eq!(matches!(refused, Refused::TooLarge), signature.len() > MAX_SIGNATURE_BYTES);
            assert_one_line_but_tabs(&refused.to_string(), MAX_MESSAGE_BYTES);
        }
    }
}

fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    let parting = data.windows(PARTING.len()).position(|window| window == PARTING);
    parting.map_or((data, b""), |at| (&data[..at], &data[at + PARTING.len()..]))
}
