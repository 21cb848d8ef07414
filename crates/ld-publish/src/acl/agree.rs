//! Whether an ACL that ZooKeeper shows is the one that was to be set.

use ld_zk::zookeeper::Acl;

use super::inherit::is_masked;
use super::user_of;

/// Whether `found` lets the same users do the same as `wanted`. `None` if that cannot be told:
/// ZooKeeper hides a hash, or only the server knows the users that `auth` stands for.
pub(crate) fn agrees(found: &[Acl], wanted: &[Acl]) -> Option<bool> {
    let have = |compare: fn(&Acl, &Acl) -> bool| {
        wanted.iter().all(|wanted| found.iter().any(|found| compare(found, wanted)))
            && found.iter().all(|found| wanted.iter().any(|wanted| compare(found, wanted)))
    };
    match (have(is_same), have(may_be_same)) {
        (true, _) => Some(true),
        (false, true) => None,
        (false, false) => Some(false),
    }
}

fn is_same(found: &Acl, wanted: &Acl) -> bool {
    found == wanted && wanted.scheme() != "auth" && !is_masked(found)
}

fn may_be_same(found: &Acl, wanted: &Acl) -> bool {
    let may_be_user = match wanted.scheme() {
        // Servers keep `auth` as users of the session; an address is none.
        "auth" => !matches!(found.scheme(), "world" | "ip"),
        "digest" if is_masked(found) => user_of(found.id()) == user_of(wanted.id()),
        _ => found.auth_id() == wanted.auth_id(),
    };
    may_be_user && found.permission() == wanted.permission()
}
