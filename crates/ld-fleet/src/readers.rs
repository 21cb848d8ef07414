//! The ACL of the report of a host.

use ld_zk::zookeeper::{Acl, AuthId, Client, Error, Permission};

use crate::request::bounded;

/// The ACL of a report in `directory`: `writer` may do everything, and the readers of the directory
/// may read it.
///
/// ZooKeeper shows the directory's ACL only to its readers, and the hashes of passwords only to its
/// administrators. Where something is not shown, the report can be read by the users of this
/// session, or by all if it `has_users` not.
pub(super) async fn readers(
    session: &Client,
    directory: &str,
    has_users: bool,
    writer: AuthId,
) -> Result<Vec<Acl>, Error> {
    let shown = match bounded(session.get_acl(directory)).await {
        Ok((acl, _)) => Some(acl),
        Err(Error::NoAuth) => None,
        Err(error) => return Err(error),
    };
    Ok(acl(shown, has_users, writer))
}

fn acl(shown: Option<Vec<Acl>>, has_users: bool, writer: AuthId) -> Vec<Acl> {
    let mut acl = vec![Acl::new(Permission::ALL, writer)];
    let mut add = |id: AuthId| acl.push(Acl::new(Permission::READ, id));
    let mut is_whole = shown.is_some();
    for entry in shown.unwrap_or_default() {
        let (id, permission) = (entry.auth_id(), entry.permission());
        if !permission.has(Permission::READ) {
            continue;
        }
        if id.scheme() == "digest" && id.id().ends_with(":x") {
            is_whole = false;
        } else {
            add(id.clone());
        }
    }
    match (is_whole, has_users) {
        (true, _) => {}
        (false, true) => add(AuthId::authed()),
        (false, false) => add(AuthId::anyone()),
    }
    acl
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(permission: Permission, scheme: &str, id: &str) -> Acl {
        Acl::new(permission, AuthId::new(scheme, id))
    }

    fn shown(shown: Option<Vec<Acl>>, has_users: bool) -> Vec<String> {
        let acl = acl(shown, has_users, AuthId::new("digest", "w:h"));
        acl.iter().map(|acl| format!("{}:{} {}", acl.scheme(), acl.id(), acl.permission())).collect()
    }

    #[test]
    fn the_readers_of_the_directory_read_the_report() {
        let directory = vec![
            entry(Permission::ALL, "digest", "admin:hash"),
            entry(Permission::CREATE, "digest", "reporter:hash"),
            entry(Permission::READ, "x509", "CN=tool"),
        ];
        let expected = ["digest:w:h ALL", "digest:admin:hash READ", "x509:CN=tool READ"];
        assert_eq!(shown(Some(directory), true), expected);
    }

    #[test]
    fn hidden_readers_leave_the_report_to_its_own_users() {
        let directory =
            vec![entry(Permission::ALL, "digest", "admin:x"), entry(Permission::READ, "ip", "::1")];
        let expected = ["digest:w:h ALL", "ip:::1 READ", "auth: READ"];
        assert_eq!(shown(Some(directory), true), expected);
        assert_eq!(shown(None, true), ["digest:w:h ALL", "auth: READ"]);
        assert_eq!(shown(None, false), ["digest:w:h ALL", "world:anyone READ"]);
    }
}
