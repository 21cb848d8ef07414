//! Whether a signature covers a content.

use ld_config::escape_hidden;
use minisign_verify::{Error, Signature};

use crate::{PublicKey, PublicKeys, Statement};

/// A signature has at most so many bytes, far more than one of minisign without a long comment.
pub const MAX_SIGNATURE_BYTES: usize = 4096;

/// Why a signature does not count. The text says what is wrong with `the signature`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is something else.
    #[error("the signature is not one of minisign")]
    NotASignature,
    /// It is larger than any signature.
    #[error("the signature has more than {MAX_SIGNATURE_BYTES} bytes")]
    TooLarge,
    /// It was made without the hash, which minisign did before version 0.10.
    #[error(
        "the signature is of the old kind; sign again with minisign 0.10 or later, or with live-data-ctl"
    )]
    Legacy,
    /// None of the keys has made it.
    #[error("the signature is by a key that is not among the public keys")]
    UnknownKey,
    /// The content or the comment is not what was signed.
    #[error("the signature is not of this content")]
    Forged,
    /// It says nothing about a node.
    #[error(
        "the signature says '{comment}', which does not name a node; sign with live-data-ctl, or with \
         minisign -t 'live-data path:{path} counter:NUMBER'"
    )]
    NoStatement {
        /// What it says, with hidden characters escaped.
        comment: String,
        /// The node that it should name.
        path: String,
    },
    /// It is for another node.
    #[error("the signature is for '{signed}', and not for {path}")]
    OtherPath {
        /// The node that it is for, with hidden characters escaped.
        signed: String,
        /// The node that holds the content.
        path: String,
    },
}

/// What `signature` says about `content`, which the node at `path` holds, if one of `keys` has made
/// it. Nothing in it is believed before that.
///
/// # Errors
///
/// [`Refused`].
pub fn verify(keys: &PublicKeys, path: &str, content: &[u8], signature: &[u8]) -> Result<Statement, Refused> {
    verify_with_key(keys, path, content, signature).map(|(statement, _)| statement)
}

/// As [`verify`], with the key that has made the signature.
///
/// # Errors
///
/// [`Refused`].
pub fn verify_with_key(
    keys: &PublicKeys,
    path: &str,
    content: &[u8],
    signature: &[u8],
) -> Result<(Statement, PublicKey), Refused> {
    if signature.len() > MAX_SIGNATURE_BYTES {
        return Err(Refused::TooLarge);
    }
    let text = std::str::from_utf8(signature).map_err(|_| Refused::NotASignature)?;
    let signature = Signature::decode(text).map_err(|_| Refused::NotASignature)?;
    let mut refused = Refused::UnknownKey;
    let key = keys.iter().find(|key| match key.key.verify(content, &signature, false) {
        Ok(()) => true,
        Err(Error::UnexpectedKeyId) => false,
        Err(Error::UnexpectedAlgorithm) => {
            refused = Refused::Legacy;
            false
        }
        Err(_) => {
            refused = Refused::Forged;
            false
        }
    });
    let Some(key) = key else { return Err(refused) };
    let comment = signature.trusted_comment();
    let statement: Statement = comment.parse().map_err(|_| Refused::NoStatement {
        comment: escape_hidden(comment).to_string(),
        path: path.to_owned(),
    })?;
    if statement.path == path {
        return Ok((statement, key.clone()));
    }
    Err(Refused::OtherPath { signed: escape_hidden(&statement.path).to_string(), path: path.to_owned() })
}
