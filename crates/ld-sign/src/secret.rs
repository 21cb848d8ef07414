//! The secret key of a publisher.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ld_config::{ReadFileError, read_bounded_regular_file};
use zeroize::Zeroizing;

use crate::{MAX_SIGNATURE_BYTES, PublicKeys, Statement, verify};

/// A secret key of minisign, and a file with its password, have at most so many bytes.
const MAX_FILE_BYTES: usize = 4096;

/// The decoded line of a secret key has so many bytes.
const KEY_BYTES: usize = 158;

/// The secret key of a publisher, as `minisign -G` makes one. `Debug` shows nothing of it.
pub struct SecretKey {
    key: minisign::SecretKey,
    exposed: Option<String>,
}

/// Why content cannot be signed. No text of the key is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// A file cannot be read.
    #[error("'{path}' cannot be read: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: ReadFileError,
    },
    /// A file has something else in it.
    #[error("'{path}' is not text")]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// The file of the key has something else in it.
    #[error("'{path}' is not a secret key of minisign")]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The key is encrypted, and there is no password.
    #[error("'{path}' is encrypted: name a file that holds its password")]
    NoPassword {
        /// The file.
        path: PathBuf,
    },
    /// The key cannot be decrypted.
    #[error("'{path}' cannot be decrypted: {cause}")]
    NotDecrypted {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The signature would be larger than what is read of one.
    #[error("the path is too long: a signature for it has more than {MAX_SIGNATURE_BYTES} bytes")]
    TooLarge,
    /// The system gives no random numbers, or the key is not usable.
    #[error("cannot sign: {0}")]
    Failed(String),
}

impl SecretKey {
    /// Reads a key. One that is encrypted needs its password: the first line of the file
    /// `password`. Blocks: decrypting takes seconds and up to 1 GiB of memory, as in minisign.
    ///
    /// # Errors
    ///
    /// [`SecretKeyError`].
    pub fn read(path: &Path, password: Option<&Path>) -> Result<Self, SecretKeyError> {
        let (text, mode) = read(path)?;
        let exposed = (mode & 0o077 != 0).then(|| {
            format!("'{}' can be read by others (mode {:04o}): chmod 600", path.display(), mode & 0o7777)
        });
        let (key, is_encrypted) =
            parse(&text).ok_or_else(|| SecretKeyError::NotAKey { path: path.to_owned() })?;
        let key = match (is_encrypted, password) {
            (false, _) => key,
            (true, None) => return Err(SecretKeyError::NoPassword { path: path.to_owned() }),
            (true, Some(password)) => {
                let (password, _) = read(password)?;
                let password = password.lines().next().unwrap_or_default().to_owned();
                let key_box = minisign::SecretKeyBox::from(text.to_string());
                key_box.into_secret_key(Some(password)).map_err(|cause| SecretKeyError::NotDecrypted {
                    path: path.to_owned(),
                    cause: cause.to_string(),
                })?
            }
        };
        let key = Self { key, exposed };
        match key.is_whole() {
            true => Ok(key),
            false => Err(SecretKeyError::NotAKey { path: path.to_owned() }),
        }
    }

    /// Whether the public part belongs to the secret one. A key without a password has no other
    /// check: minisign leaves its checksum empty.
    fn is_whole(&self) -> bool {
        let statement = Statement::new("/", 0);
        let (signature, public) = (self.sign(b"", &statement), self.public());
        match (signature, public) {
            (Ok(signature), Ok(public)) => verify(&public, "/", b"", signature.as_bytes()).is_ok(),
            _ => false,
        }
    }

    /// Why the key may not be secret, if other users may read its file.
    pub fn exposed(&self) -> Option<&str> {
        self.exposed.as_deref()
    }

    /// The signature of `content`, as a file of minisign.
    ///
    /// # Errors
    ///
    /// [`SecretKeyError::TooLarge`] and [`SecretKeyError::Failed`].
    pub fn sign(&self, content: &[u8], statement: &Statement) -> Result<String, SecretKeyError> {
        let statement = statement.to_string();
        let comment = Some("signature of live data");
        let signed = minisign::sign(None, &self.key, content, Some(&statement), comment);
        let signature = signed.map_err(|cause| SecretKeyError::Failed(cause.to_string()))?.into_string();
        if signature.len() > MAX_SIGNATURE_BYTES { Err(SecretKeyError::TooLarge) } else { Ok(signature) }
    }

    /// The public key that verifies what this one signs.
    ///
    /// # Errors
    ///
    /// [`SecretKeyError::Failed`] if the key is damaged.
    pub fn public(&self) -> Result<PublicKeys, SecretKeyError> {
        let failed = |cause: String| SecretKeyError::Failed(cause);
        let public = minisign::PublicKey::from_secret_key(&self.key);
        let public = public.map_err(|cause| failed(cause.to_string()))?;
        PublicKeys::parse(&public.to_base64()).map_err(|problem| failed(problem.to_string()))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").finish_non_exhaustive()
    }
}

/// The key in a file of minisign, and whether it is encrypted. The crate minisign takes keys
/// without a password with a checksum only, which minisign does not write.
fn parse(text: &str) -> Option<(minisign::SecretKey, bool)> {
    let line = text.lines().nth(1)?.trim();
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    let length = STANDARD.decode_slice(line, &mut *bytes).ok()?;
    // The signature algorithm, that of the password, and that of the checksum.
    let is_encrypted = match bytes.get(..6)? {
        b"EdScB2" => true,
        b"Ed\0\0B2" => false,
        _ => return None,
    };
    let key = minisign::SecretKey::from_bytes(&*bytes).ok()?;
    (length == KEY_BYTES).then_some((key, is_encrypted))
}

/// A small text, and the mode of its file.
fn read(path: &Path) -> Result<(Zeroizing<String>, u32), SecretKeyError> {
    let read = read_bounded_regular_file(path, MAX_FILE_BYTES);
    let file = read.map_err(|cause| SecretKeyError::Unreadable { path: path.to_owned(), cause })?;
    let text = std::str::from_utf8(&file.content);
    let text = text.map_err(|_| SecretKeyError::NotText { path: path.to_owned() })?;
    Ok((Zeroizing::new(text.to_owned()), file.metadata.mode()))
}
