//! The directories for what belongs to publications.

use ld_config::PublishConfig;
use ld_fleet::{HOSTS, ROLLOUTS};
use ld_sign::SIGNATURES;
use ld_zk::zookeeper::{Acl, AuthId, Permission};

use super::{NewNode, NodeInfo};
use crate::Error;
use crate::acl::agrees;
use crate::history::HISTORY;

/// Which users have a part in publications. Each [`init`] makes ACLs of them.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// They may do everything below `publish.root`.
    pub publishers: Vec<AuthId>,
    /// Watchers that report: they may add a report of their own, and read the others.
    pub reporters: Vec<AuthId>,
    /// They may read reports, rollouts with their candidates, and signatures; not the history.
    pub readers: Vec<AuthId>,
}

/// A directory that [`init`] made, or has found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InitDirectory {
    /// Its path below the chroot.
    pub path: String,
    /// Whether it was missing.
    pub is_new: bool,
    /// The ACL that it is meant to have.
    pub wanted: Vec<Acl>,
    /// The ACL that it had already; `None` for a new one, or if it must not be read.
    pub found: Option<Vec<Acl>>,
}

impl InitDirectory {
    /// Whether it was there with an ACL that lets other users do other things, or may do so: it
    /// must not be read, or not whole.
    pub fn differs(&self) -> bool {
        let is_same = |found: &Vec<Acl>| agrees(found, &self.wanted) == Some(true);
        !self.is_new && !self.found.as_ref().is_some_and(is_same)
    }
}

/// The directories and the ACL of each, from the top.
pub fn init_directories(publish: &PublishConfig, access: &Access) -> Vec<(String, Vec<Acl>)> {
    let Access { publishers, reporters, readers } = access;
    let acl = |reporters: &[AuthId], readers: &[AuthId]| {
        let all = publishers.iter().map(|id| Acl::new(Permission::ALL, id.clone()));
        // Without `d` on their directory no reporter can remove the report of another host.
        let report = Permission::CREATE | Permission::READ;
        let report = reporters.iter().map(|id| Acl::new(report, id.clone()));
        let read = readers.iter().map(|id| Acl::new(Permission::READ, id.clone()));
        let mut acl: Vec<Acl> = Vec::new();
        for entry in all.chain(report).chain(read) {
            // A publisher may read without a second entry.
            let is_covered =
                |have: &Acl| have.auth_id() == entry.auth_id() && have.permission().has(entry.permission());
            if !acl.iter().any(is_covered) {
                acl.push(entry);
            }
        }
        acl
    };
    vec![
        (publish.root.clone(), acl(&[], &[])),
        (publish.directory(HISTORY), acl(&[], &[])),
        (publish.directory(HOSTS), acl(reporters, readers)),
        (publish.directory(ROLLOUTS), acl(&[], readers)),
        (publish.directory(SIGNATURES), acl(&[], readers)),
    ]
}

/// Makes the directories below `publish.root` that are missing, each with the ACL that its users
/// need. What is there stays as it is. It can be run again at any time.
///
/// # Errors
///
/// As [`NewNode::create`], and [`Error::Read`] if ZooKeeper does not answer. Directories that were
/// made before an error stay.
pub async fn init(
    client: &ld_zk::Client,
    publish: &PublishConfig,
    access: &Access,
    interrupt: impl AsyncFn(),
) -> Result<Vec<InitDirectory>, Error> {
    let mut done = Vec::new();
    for (path, wanted) in init_directories(publish, access) {
        let made =
            NewNode::new(&path, Vec::new(), wanted.clone(), usize::MAX)?.create(client, interrupt()).await;
        let (is_new, found) = match made {
            Ok(_) => (true, None),
            Err(Error::Exists { .. }) => (false, NodeInfo::read(client, &path).await?.acl),
            Err(cause) => return Err(cause),
        };
        done.push(InitDirectory { path, is_new, wanted, found });
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show_acl;

    fn shown(access: &Access) -> Vec<(String, String)> {
        let line =
            |(path, acl): (String, Vec<Acl>)| (path, acl.iter().map(show_acl).collect::<Vec<_>>().join(" "));
        init_directories(&PublishConfig::default(), access).into_iter().map(line).collect()
    }

    #[test]
    fn each_directory_lets_its_users_do_what_they_need() {
        let user = |name| AuthId::new("sasl", name);
        let access = Access {
            publishers: vec![user("ops")],
            reporters: vec![user("host")],
            readers: vec![AuthId::anyone()],
        };
        let expected = [
            ("/live-data", "sasl:ops:cdrwa"),
            ("/live-data/history", "sasl:ops:cdrwa"),
            ("/live-data/hosts", "sasl:ops:cdrwa sasl:host:cr world:anyone:r"),
            ("/live-data/rollouts", "sasl:ops:cdrwa world:anyone:r"),
            ("/live-data/signatures", "sasl:ops:cdrwa world:anyone:r"),
        ];
        let expected = expected.map(|(path, acl)| (path.to_owned(), acl.to_owned()));
        assert_eq!(shown(&access), expected);
    }

    #[test]
    fn a_publisher_needs_no_second_entry() {
        let all = vec![AuthId::anyone()];
        let access = Access { publishers: all.clone(), reporters: all.clone(), readers: all };
        assert!(shown(&access).iter().all(|(_, acl)| acl == "world:anyone:cdrwa"));
    }
}
