//! The session of one run.

use std::time::Duration;

use ld_cli::Exit;
use ld_config::Config;
use ld_zk::Client;

use crate::failed;

/// How long open sessions may take to end.
pub const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A client of the configured ensemble. Each request waits `session_wait` for a session.
///
/// # Errors
///
/// [`Exit::Failed`], logged: the settings cannot work, or the system refuses a thread.
pub fn client(config: &Config, session_wait: Duration) -> Result<Client, Exit> {
    let mut options = ld_zk::Options::default();
    options.session_wait = session_wait;
    Client::new(&config.zookeeper, &config.secrets, options).map_err(failed)
}
