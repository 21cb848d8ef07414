//! ACLs, as users write them and as ZooKeeper keeps them.

mod agree;
mod error;
mod inherit;
mod resolve;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ld_zk::zookeeper::{Acl, AuthId, Permission};

pub(crate) use agree::agrees;
pub use error::AclError;
pub use inherit::inherit;
pub use resolve::resolve;

/// The letters of permissions, in the order in which ZooKeeper's own tools show them.
const LETTERS: [(char, Permission); 5] = [
    ('c', Permission::CREATE),
    ('d', Permission::DELETE),
    ('r', Permission::READ),
    ('w', Permission::WRITE),
    ('a', Permission::ADMIN),
];

/// The size of a SHA-1 in bytes.
const SHA1_BYTES: usize = 20;

/// One entry of an ACL as users write it: which user may do what. [`resolve`] makes of it what
/// ZooKeeper keeps.
///
/// The form is `scheme:id:permissions`, as ZooKeeper's own tools have it. The permissions are the
/// letters `c` (create children), `d` (delete children), `r`, `w`, `a` (set the ACL), or `all`.
/// `digest-secret:path:permissions` names a user by a `user:password` in the secrets store.
///
/// `Debug` shows no hash of a password.
///
/// ```
/// use ld_publish::AclEntry;
///
/// for text in ["world:anyone:r", "auth::cdrwa", "ip:10.0.0.1:r", "digest-secret:secret/a:all"] {
///     text.parse::<AclEntry>()?;
/// }
/// // The password of a user is no hash of it.
/// assert!("digest:alice:secret:r".parse::<AclEntry>().is_err());
/// # Ok::<(), ld_publish::AclError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct AclEntry {
    permission: Permission,
    identity: Identity,
}

#[derive(Clone, PartialEq, Eq)]
enum Identity {
    Given(AuthId),
    /// The path of a `user:password` in the secrets store.
    Secret(String),
}

impl FromStr for AclEntry {
    type Err = AclError;

    fn from_str(text: &str) -> Result<Self, AclError> {
        parse(text).map_err(|problem| AclError::Entry { problem })
    }
}

fn parse(text: &str) -> Result<AclEntry, String> {
    let (scheme, rest) = text.split_once(':').ok_or("it has no ':'")?;
    let (id, letters) = rest.rsplit_once(':').ok_or("it has one ':' only")?;
    let permission = permissions(letters)?;
    if let Some(hidden) = id.chars().find(|character| ld_config::is_hidden(*character)) {
        return Err(format!("its id has the hidden character {}", hidden.escape_default()));
    }
    let identity = match scheme {
        "digest-secret" if id.is_empty() => return Err("it names no secret".to_owned()),
        "digest-secret" => Identity::Secret(id.to_owned()),
        _ => {
            check_id(scheme, id)?;
            Identity::Given(AuthId::new(scheme, id))
        }
    };
    Ok(AclEntry { permission, identity })
}

impl AclEntry {
    /// The entry that gives a user, as in `world:anyone` or `digest-secret:secret/zookeeper`, this
    /// permission.
    ///
    /// # Errors
    ///
    /// [`AclError::Entry`]: it is not of the form `scheme:id`.
    pub fn of_user(user: &str, permission: Permission) -> Result<Self, AclError> {
        Ok(Self { permission, ..format!("{user}:r").parse()? })
    }
}

fn permissions(letters: &str) -> Result<Permission, String> {
    if letters == "all" {
        return Ok(Permission::ALL);
    }
    if letters.is_empty() {
        return Err("it has no permissions (allowed: letters of cdrwa, or all)".to_owned());
    }
    let of = |letter| LETTERS.iter().find(|(known, _)| *known == letter).map(|(_, permission)| *permission);
    letters.chars().try_fold(Permission::NONE, |all, letter| match of(letter) {
        Some(permission) => Ok(all | permission),
        None => Err(format!(
            "'{}' is not a permission (allowed: letters of cdrwa, or all)",
            letter.escape_default()
        )),
    })
}

/// Refuses what a server would refuse without a reason, and what it would take for another thing. A
/// server may know more schemes.
fn check_id(scheme: &str, id: &str) -> Result<(), String> {
    match scheme {
        "world" if id != "anyone" => Err("the id of the scheme world is always anyone".to_owned()),
        "auth" if !id.is_empty() => {
            Err("the scheme auth stands for the users of this session and has no id: auth::all".to_owned())
        }
        "digest" => check_digest(id),
        "ip" => check_network(id),
        "world" | "auth" => Ok(()),
        _ if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) => {
            Err("its scheme is not a name such as world, auth, digest, digest-secret, ip, sasl or x509"
                .to_owned())
        }
        _ if id.is_empty() => Err(format!("the scheme {scheme} needs an id")),
        _ => Ok(()),
    }
}

fn check_digest(id: &str) -> Result<(), String> {
    let is_hash = |hash| STANDARD.decode(hash).is_ok_and(|bytes| bytes.len() == SHA1_BYTES);
    match id.split_once(':') {
        Some((_, hash)) if is_hash(hash) => Ok(()),
        _ => Err(
            "the id of the scheme digest is user:hash, where hash is the Base64 of the SHA-1 of user:password \
             (to name a password in the secrets store: digest-secret:secret/path:permissions)"
                .to_owned(),
        ),
    }
}

fn check_network(id: &str) -> Result<(), String> {
    let (address, bits) = id.split_once('/').map_or((id, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().map_err(|_| "its id is not an IP address".to_owned())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match bits.map(str::parse::<u8>) {
        None => Ok(()),
        Some(Ok(bits)) if bits <= most => Ok(()),
        Some(_) => Err(format!("the bits of its network are not a number from 0 to {most}")),
    }
}

/// The entry as it was written.
impl fmt::Display for AclEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = letters(self.permission);
        match &self.identity {
            Identity::Given(id) => write!(f, "{}:{}:{letters}", id.scheme(), id.id()),
            Identity::Secret(path) => write!(f, "digest-secret:{path}:{letters}"),
        }
    }
}

impl fmt::Debug for AclEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identity {
            Identity::Given(id) if id.scheme() == "digest" => {
                write!(f, "digest:{}:...:{}", user_of(id.id()), letters(self.permission))
            }
            _ => write!(f, "{self}"),
        }
    }
}

/// An entry of a node's ACL in the form of [`AclEntry`], with the hash of a digest: for output,
/// not for logs. Its id may hold hidden characters.
pub fn show_acl(acl: &Acl) -> String {
    format!("{}:{}:{}", acl.scheme(), acl.id(), letters(acl.permission()))
}

fn user_of(id: &str) -> &str {
    id.split(':').next().unwrap_or_default()
}

fn letters(permission: Permission) -> String {
    LETTERS.iter().filter(|(_, each)| permission.has(*each)).map(|(letter, _)| letter).collect()
}

#[cfg(test)]
mod tests;
