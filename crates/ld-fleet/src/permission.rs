//! Whether a watcher may report.

use ld_config::PublishConfig;
use ld_zk::zookeeper::{Acls, Client, CreateMode, Error, MultiWriteError};

use crate::HOSTS;
use crate::problem::Problem;
use crate::request::bounded;

/// A version that no node has.
const NO_VERSION: i32 = i32::MIN;

/// Why the users of `session` cannot report, or `None`. It changes nothing. Cancel-safe.
///
/// ZooKeeper hides the hashes in the ACL of the directory, so the ACL does not tell whether a
/// password is the present one. So it is asked for a node there, in a transaction with a check that
/// always fails.
///
/// # Errors
///
/// There is no answer within 15 seconds, or none that tells.
pub async fn report_obstacle(session: &Client, publish: &PublishConfig) -> Result<Option<String>, Error> {
    let directory = publish.directory(HOSTS);
    let asked = bounded(async {
        let mut writer = session.new_multi_writer();
        let options = CreateMode::Persistent.with_acls(Acls::anyone_read());
        writer.add_create(&format!("{directory}/permission-check"), &[], &options)?;
        writer.add_check_version(&directory, NO_VERSION)?;
        match writer.commit().await {
            Err(MultiWriteError::OperationFailed { index: 0, source: Error::NodeExists }) => Ok(None),
            Err(MultiWriteError::OperationFailed { index: 0, source }) => Ok(Some(source)),
            Err(MultiWriteError::OperationFailed { .. }) | Ok(_) => Ok(None),
            Err(MultiWriteError::RequestFailed { source }) => Err(source),
        }
    });
    let refused = asked.await?;
    Ok(refused.map(|cause| Problem::of(cause, &directory).to_string()))
}
