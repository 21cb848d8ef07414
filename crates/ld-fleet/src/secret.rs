//! What only this process can write with.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ld_zk::zookeeper::AuthId;
use sha1::{Digest, Sha1};

/// A user that a process makes for itself, in ZooKeeper's scheme `digest`. A credential that many
/// hosts have in common cannot write what it has written.
pub(crate) struct Secret(String);

impl Secret {
    /// A new user.
    ///
    /// # Errors
    ///
    /// The system gives no random bytes.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let password: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self(format!("report:{password}")))
    }

    /// What a session proves with that it is this user.
    pub(crate) fn proof(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The user in an ACL.
    pub(crate) fn id(&self) -> AuthId {
        let digest = STANDARD.encode(Sha1::digest(self.0.as_bytes()));
        AuthId::new("digest", &format!("report:{digest}"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_named_as_zookeeper_names_it() {
        // From DigestAuthenticationProvider.generateDigest("super:test").
        let digest = STANDARD.encode(Sha1::digest(b"super:test"));
        assert_eq!(digest, "D/InIHSb7yEEbrWz8b9l71RjZJU=");
        let secret = Secret::random().unwrap();
        assert!(secret.id().id().starts_with("report:") && secret.id().id().len() == 35);
        assert_ne!(secret.id().id(), Secret::random().unwrap().id().id());
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
