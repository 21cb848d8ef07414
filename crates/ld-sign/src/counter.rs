//! What a signature says without the content that it is of.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minisign::SignatureBones;

use crate::{MAX_SIGNATURE_BYTES, PublicKeys, Statement};

/// The algorithm of a signature over a hash, and of one over the bytes themselves.
const HASHED: &[u8] = b"ED";
const PLAIN: &[u8] = b"Ed";

/// The id of the key follows the algorithm.
const KEY_ID_BYTES: usize = 8;

/// The counter of `signature`, if one of `keys` has made it for the node at `path`, of whichever
/// content. It is proven: minisign signs the comment that has it once more, together with the
/// signature of the content.
pub fn counter(keys: &PublicKeys, path: &str, signature: &[u8]) -> Option<u64> {
    if signature.len() > MAX_SIGNATURE_BYTES {
        return None;
    }
    let mut lines = std::str::from_utf8(signature).ok()?.lines().skip(1);
    let of_content = STANDARD.decode(lines.next()?).ok()?;
    let comment = lines.next()?.strip_prefix("trusted comment: ")?;
    let of_comment = STANDARD.decode(lines.next()?).ok()?;
    let (head, of_content) = of_content.split_at_checked(HASHED.len() + KEY_ID_BYTES)?;
    let (algorithm, key_id) = head.split_at(HASHED.len());
    let statement: Statement = comment.parse().ok()?;
    if algorithm != HASHED || statement.path != path {
        return None;
    }
    let bones = SignatureBones::from_bytes(&[PLAIN, key_id, &of_comment].concat()).ok()?;
    let signed = [of_content, comment.as_bytes()].concat();
    let is_by = |line: &str| {
        minisign::PublicKey::from_base64(line).is_ok_and(|key| {
            minisign::verify(&key, &bones.clone().into(), Cursor::new(&signed), true, false, true).is_ok()
        })
    };
    keys.iter().any(|key| is_by(key.line())).then_some(statement.counter)
}
