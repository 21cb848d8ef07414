//! The configured credentials, before anything is written.

use std::time::Duration;

use ld_blocking::{BoundedCalls, Spawner};
use ld_cli::Exit;
use ld_config::{Config, chain, read_simple_secrets};
use tracing::error;

/// How long reading the secrets may take, on a file system that hangs.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// Makes sure that every configured credential can be read. A session would go on without one that
/// cannot, and a node with an open ACL would be written by an unknown user.
///
/// # Errors
///
/// [`Exit::Failed`]: one cannot be read, or is no `user:password`. All of these are logged.
pub async fn check_credentials(config: &Config) -> Result<(), Exit> {
    let paths = config.zookeeper.credentials.clone();
    if paths.is_empty() {
        return Ok(());
    }
    let store = config.secrets.clone();
    let what = format!("reading the secrets in '{}'", store.path.display());
    let read = {
        let paths = paths.clone();
        move || read_simple_secrets(&store, &paths)
    };
    let secrets =
        BoundedCalls::new(what, Spawner::Threads, 1).run(READ_LIMIT, read).await.map_err(|cause| {
            error!("nothing was written: {}", chain(&cause));
            Exit::Failed
        })?;
    let mut checked = Ok(());
    for (path, secret) in paths.iter().zip(secrets) {
        let reason = match secret {
            Ok(value) if value.expose().contains(&b':') => continue,
            Ok(_) => "it is not of the form user:password".to_owned(),
            Err(cause) => chain(&cause),
        };
        error!("nothing was written: the ZooKeeper credential {path} cannot be used: {reason}");
        checked = Err(Exit::Failed);
    }
    checked
}
