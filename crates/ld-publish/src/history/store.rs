//! The contents of a history, each under its SHA-256.

use ld_zk::zookeeper::{self, Acl, Acls, CreateMode};

use super::record::Recorder;
use super::{HistoryError, Place};
use crate::Error;
use crate::operation::{self, Operation};
use crate::request::{Unanswered, bounded, read_node};

/// How often a directory or content may go away while it is made.
const ATTEMPTS: usize = 5;

/// Stores content with this SHA-256, if it is not there. Gives the version of its node, which must
/// still be there in the transaction; `None` if it is too large for a request.
pub(super) async fn store(
    recorder: &Recorder<'_>,
    sha256: &str,
    content: &[u8],
) -> Result<Option<i32>, Error> {
    let Recorder { session, chroot, place, acl, max_node_bytes } = recorder;
    let path = place.content(sha256);
    let create = Operation::create(&*path, content, acl);
    if operation::check_size(&[create], chroot, *max_node_bytes).is_err() {
        return Ok(None);
    }
    let options = CreateMode::Persistent.with_acls(Acls::new(acl));
    for _ in 0..ATTEMPTS {
        match bounded(session.create(&path, content, &options)).await {
            Ok(_) => return Ok(Some(0)),
            Err(Unanswered::Refused(zookeeper::Error::NoNode)) => {
                for directory in [&place.path, &place.contents()] {
                    make(session, directory, acl).await?;
                }
            }
            Err(Unanswered::Refused(zookeeper::Error::NodeExists)) => {
                match repair(session, &path, content).await {
                    Ok(version) => return Ok(Some(version)),
                    // It was pruned or repaired meanwhile.
                    Err(Unanswered::Refused(zookeeper::Error::NoNode | zookeeper::Error::BadVersion)) => {}
                    Err(cause) => return Err(cannot_store(&path, cause)),
                }
            }
            Err(cause) => return Err(cannot_store(&path, cause)),
        }
    }
    Err(Error::Refused { path, cause: "it goes away again and again".to_owned() })
}

/// The version of content that is there already, which is made what its name says.
async fn repair(session: &zookeeper::Client, path: &str, content: &[u8]) -> Result<i32, Unanswered> {
    let version = match read_node(session, path, content.len()).await {
        Ok((found, stat)) if found == content => return Ok(stat.version),
        Ok((_, stat)) => stat.version,
        Err(Unanswered::TooLarge { .. }) => match bounded(session.check_stat(path)).await? {
            Some(stat) => stat.version,
            None => return Err(Unanswered::Refused(zookeeper::Error::NoNode)),
        },
        Err(cause) => return Err(cause),
    };
    tracing::warn!("{path} is not what was stored; it is written again");
    bounded(session.set_data(path, content, Some(version))).await.map(|stat| stat.version)
}

async fn make(session: &zookeeper::Client, directory: &str, acl: &[Acl]) -> Result<(), Error> {
    let options = CreateMode::Persistent.with_acls(Acls::new(acl));
    match bounded(session.create(directory, b"", &options)).await {
        Ok(_) | Err(Unanswered::Refused(zookeeper::Error::NodeExists)) => Ok(()),
        Err(Unanswered::Refused(zookeeper::Error::NoNode)) => {
            let parent = directory.rsplit_once('/').map_or("/", |(parent, _)| parent);
            Err(Error::DirectoryMissing { path: parent.to_owned() })
        }
        Err(cause) => Err(cannot_store(directory, cause)),
    }
}

fn cannot_store(path: &str, cause: Unanswered) -> Error {
    match cause {
        Unanswered::Refused(zookeeper::Error::NoAuth) => {
            Error::NotAuthorized { action: "store", path: path.to_owned() }
        }
        cause => Error::Refused { path: path.to_owned(), cause: cause.to_string() },
    }
}

/// Reads content, and proves that it is what its name says.
pub(super) async fn load(
    session: &zookeeper::Client,
    place: &Place,
    hash: &str,
    max_read_bytes: usize,
) -> Result<Vec<u8>, Error> {
    let path = place.content(hash);
    match read_node(session, &path, max_read_bytes).await {
        Ok((content, _)) if ld_sign::hash(&content) == hash => Ok(content),
        Ok(_) => Err(HistoryError::ContentDamaged { path }.into()),
        Err(Unanswered::Refused(zookeeper::Error::NoNode)) => {
            Err(HistoryError::ContentMissing { path }.into())
        }
        Err(cause) => Err(Error::read(&path, cause)),
    }
}
