//! An ACL as text.

use ld_zk::zookeeper::{Acl, Permission};

/// An entry of an ACL as `scheme:id:permissions`. Of a digest only the user's name is shown.
pub(super) fn entry(acl: &Acl) -> String {
    let letters = [
        (Permission::CREATE, 'c'),
        (Permission::DELETE, 'd'),
        (Permission::READ, 'r'),
        (Permission::WRITE, 'w'),
        (Permission::ADMIN, 'a'),
    ];
    let granted = letters.iter().filter(|(permission, _)| acl.permission().has(*permission));
    let permissions: String = granted.map(|(_, letter)| *letter).collect();
    let (scheme, id) = (acl.scheme(), acl.id());
    let shown = if scheme == "digest" { id.split(':').next().unwrap_or_default() } else { id };
    format!("{scheme}:{shown}:{permissions}")
}

#[cfg(test)]
mod tests {
    use ld_zk::zookeeper::AuthId;

    use super::*;

    #[test]
    fn an_acl_is_shown_without_the_hash_of_a_password() {
        let digest = AuthId::new("digest", "live-data:planted=");
        assert_eq!(entry(&Acl::new(Permission::READ | Permission::ADMIN, digest)), "digest:live-data:ra");
        assert_eq!(entry(&Acl::new(Permission::ALL, AuthId::anyone())), "world:anyone:cdrwa");
    }
}
