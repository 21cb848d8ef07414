//! Users with a password in the secrets store.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ld_config::{SecretValue, SecretsConfig, chain, read_simple_secrets};
use ld_zk::zookeeper::{Acl, AuthId};
use sha1::{Digest, Sha1};

use super::{AclEntry, AclError, Identity};

/// The ACL that ZooKeeper shall keep. Passwords of `digest-secret` are read from the secrets store
/// and hashed, as ZooKeeper's `DigestAuthenticationProvider` does: the Base64 of the SHA-1 of
/// `user:password`. An entry of the scheme `auth` becomes one for each user in `credentials`, the
/// secrets of [`ZooKeeperConfig::credentials`](ld_config::ZooKeeperConfig::credentials); without
/// any it is left to the server. Blocks while the store does; without such entries nothing is read.
///
/// # Errors
///
/// [`AclError::Secret`]: a secret cannot be read, or is no `user:password`.
pub fn resolve(
    entries: &[AclEntry],
    credentials: &[String],
    secrets: &SecretsConfig,
) -> Result<Vec<Acl>, AclError> {
    let mut acl = Vec::new();
    for entry in entries {
        match &entry.identity {
            Identity::Given(id) if id.scheme() == "auth" && !credentials.is_empty() => {
                for path in credentials {
                    acl.push(Acl::new(entry.permission, user(path, secrets)?));
                }
            }
            Identity::Given(id) => acl.push(Acl::new(entry.permission, id.clone())),
            Identity::Secret(path) => acl.push(Acl::new(entry.permission, user(path, secrets)?)),
        }
    }
    Ok(acl)
}

fn user(path: &str, secrets: &SecretsConfig) -> Result<AuthId, AclError> {
    read_user(path, secrets).map_err(|reason| AclError::Secret { secret: path.to_owned(), reason })
}

fn read_user(path: &str, secrets: &SecretsConfig) -> Result<AuthId, String> {
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
        let error = resolve(&[entry], &[], &secrets).unwrap_err().to_string();
        assert!(error.contains("secret/zk") && error.contains("/nonexistent"), "{error}");
        let entry: AclEntry = "world:anyone:r".parse().unwrap();
        assert_eq!(resolve(&[entry], &[], &secrets).unwrap().len(), 1);
        let entry: AclEntry = "auth::r".parse().unwrap();
        let error = resolve(&[entry], &["secret/own".to_owned()], &secrets).unwrap_err().to_string();
        assert!(error.contains("secret/own"), "{error}");
    }
}
