//! ACLs on the command line.

use ld_cli::Exit;
use ld_config::Config;
use ld_publish::{AclEntry, AclError, resolve, show_acl};
use ld_tool::failed;
use ld_zk::zookeeper::{Acl, AuthId, Permission};
use serde_json::Value;
use tracing::{error, warn};

/// Reads entries.
///
/// # Errors
///
/// [`Exit::Usage`], logged: one is none. It is not repeated: it may hold a password by mistake.
pub(crate) fn parse(option: &str, entries: &[String]) -> Result<Vec<AclEntry>, Exit> {
    let parse = |entry: &String| entry.parse().map_err(|cause| usage(option, &cause));
    entries.iter().map(parse).collect()
}

/// Reads users, of which the permissions are not decided yet.
///
/// # Errors
///
/// As [`parse`].
pub(crate) fn parse_users(option: &str, users: &[String]) -> Result<Vec<AclEntry>, Exit> {
    let parse =
        |user: &String| AclEntry::of_user(user, Permission::NONE).map_err(|cause| usage(option, &cause));
    users.iter().map(parse).collect()
}

fn usage(option: &str, cause: &AclError) -> Exit {
    error!("{option}: {cause}");
    Exit::Usage
}

/// What ZooKeeper shall keep. Blocks while the secrets store does.
pub(crate) fn resolved(entries: &[AclEntry], config: &Config) -> Result<Vec<Acl>, Exit> {
    resolve(entries, &config.zookeeper.credentials, &config.secrets).map_err(|cause| {
        error!("nothing was written");
        failed(cause)
    })
}

/// The users of entries. Blocks while the secrets store does.
pub(crate) fn users(entries: &[AclEntry], config: &Config) -> Result<Vec<AuthId>, Exit> {
    Ok(resolved(entries, config)?.iter().map(|acl| acl.auth_id().clone()).collect())
}

/// Warns of an ACL that cannot be changed any more.
pub(crate) fn warn_if_final(acl: &[Acl]) {
    if !acl.iter().any(|entry| entry.permission().has(Permission::ADMIN)) {
        warn!("no user gets the permission a (admin): only ZooKeeper's superuser can change this ACL again");
    }
}

/// Entries as they are shown.
pub(crate) fn shown(acl: &[Acl]) -> Vec<String> {
    acl.iter().map(show_acl).collect()
}

/// The same for JSON; null if the ACL must not be read.
pub(crate) fn json(acl: Option<&Vec<Acl>>) -> Value {
    acl.map_or(Value::Null, |acl| shown(acl).into())
}
