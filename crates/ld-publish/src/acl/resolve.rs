//! Users with a password in the secrets store.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ld_config::{SecretValue, SecretsConfig, chain, read_simple_secrets};
use ld_zk::zookeeper::{Acl, AuthId};
use sha1::{Digest, Sha1};

use super::{AclEntry, AclError, Identity};

/// The ACL that ZooKeeper shall keep. Passwords of `digest-secret` are read from the secrets store
/// and hashed, as ZooKeeper's `DigestAuthenticationProvider` does: the Base64 of the SHA-1 of
/// `user:password`. Blocks while the store does; without such an entry nothing is read.
///
/// # Errors
///
/// [`AclError::Secret`]: a secret cannot be read, or is no `user:password`.
pub fn resolve(entries: &[AclEntry], secrets: &SecretsConfig) -> Result<Vec<Acl>, AclError> {
    let acl = |entry: &AclEntry| {
        let id = match &entry.identity {
            Identity::Given(id) => id.clone(),
            Identity::Secret(path) => {
                user(path, secrets).map_err(|reason| AclError::Secret { secret: path.clone(), reason })?
            }
        };
        Ok(Acl::new(entry.permission, id))
    };
    entries.iter().map(acl).collect()
}

fn user(path: &str, secrets: &SecretsConfig) -> Result<AuthId, String> {
    let read = read_simple_secrets(secrets, &[path.to_owned()]).into_iter().next();
    let secret = read.ok_or("the store gives no answer")?.map_err(|cause| chain(&cause))?;
    digest(&secret).ok_or_else(|| "it is not of the form user:password".to_owned())
}

fn digest(secret: &SecretValue) -> Option<AuthId> {
    let user = secret.expose().split(|byte| *byte == b':').next()?;
    if user.len() == secret.expose().len() {
        return None;
    }
    let user = std::str::from_utf8(user).ok()?;
    let hash = STANDARD.encode(Sha1::digest(secret.expose()));
    Some(AuthId::new("digest", &format!("{user}:{hash}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of ZooKeeper's documentation of `DigestAuthenticationProvider`.
    #[test]
    fn a_password_is_hashed_as_zookeeper_does() {
        let id = digest(&SecretValue::new(b"super:superpw".to_vec())).unwrap();
        assert_eq!((id.scheme(), id.id()), ("digest", "super:g9oN2HttPfn8MMWJZ2r45Np/LIA="));
    }

    #[test]
    fn a_secret_without_a_password_is_none() {
        for secret in [&b""[..], b"alice", b"\xff:password"] {
            assert_eq!(digest(&SecretValue::new(secret.to_vec())), None);
        }
        assert!(digest(&SecretValue::new(b"alice:a:b".to_vec())).unwrap().id().starts_with("alice:"));
    }

    #[test]
    fn a_missing_secret_is_named() {
        let mut secrets = SecretsConfig::default();
        secrets.path = "/nonexistent/secrets.json".into();
        let entry: AclEntry = "digest-secret:secret/zk:r".parse().unwrap();
        let error = resolve(&[entry], &secrets).unwrap_err().to_string();
        assert!(error.contains("secret/zk") && error.contains("/nonexistent"), "{error}");
        let entry: AclEntry = "world:anyone:r".parse().unwrap();
        assert_eq!(resolve(&[entry], &secrets).unwrap().len(), 1);
    }
}
