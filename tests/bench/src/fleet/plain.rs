//! A host that backs off without jitter: a plain loop on the same client library, to compare the shapes of two returns.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ld_zk::zookeeper::{Client, Error};
use tokio::time::sleep;

use super::event::What;

/// That of a watcher whose configuration does not name one, as are the other settings.
const SESSION_TIMEOUT: Duration = Duration::from_secs(5);
/// The bounds of the delay before a new session is tried, those of `ld-zk`. It draws from zero to them; this one takes
/// them as they are.
const BASE: Duration = Duration::from_millis(100);
const CAP: Duration = Duration::from_secs(10);

/// Follows one node for ever.
pub(super) async fn run(servers: String, node: String, file: PathBuf, report: impl Fn(What)) {
    let mut delay = BASE;
    loop {
        let connecting = Client::connector()
            .with_session_timeout(SESSION_TIMEOUT)
            .with_connection_timeout(SESSION_TIMEOUT * 3 / 5)
            .with_fail_eagerly()
            .connect(&servers);
        if let Ok(client) = connecting.await {
            report(What::Up);
            delay = BASE;
            // Any error is the end of the session.
            let _ = follow(client, &node, &file).await;
            report(What::Down);
        }
        sleep(delay).await;
        delay = (delay * 2).min(CAP);
    }
}

async fn follow(client: Client, node: &str, file: &Path) -> Result<(), Error> {
    let new = file.with_extension("new");
    let mut states = client.state_watcher();
    loop {
        let (data, _, watcher) = client.get_and_watch_data(node).await?;
        let written = std::fs::write(&new, data).and_then(|()| std::fs::rename(&new, file));
        if let Err(error) = written {
            eprintln!("cannot write {}: {error}", file.display());
        }
        let ended = async { while !states.changed().await.is_terminated() {} };
        tokio::select! {
            _ = watcher.changed() => {}
            () = ended => return Err(Error::SessionExpired),
        }
    }
}
