//! A host that backs off without jitter, for comparison: a plain loop on the same client library.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ld_zk::zookeeper::{Client, Error};
use tokio::time::sleep;

use super::event::EventKind;

/// The default session timeout of a watcher.
const SESSION_TIMEOUT: Duration = Duration::from_secs(5);
/// The bounds of the backoff in `ld-zk`, which draws a delay between zero and the bound. This loop
/// always waits for the bound itself.
const BASE: Duration = Duration::from_millis(100);
const CAP: Duration = Duration::from_secs(10);

/// Keeps a file equal to one node. Never returns.
pub(crate) async fn run(servers: String, node: String, file: PathBuf, report: impl Fn(EventKind)) {
    let mut delay = BASE;
    loop {
        let connecting = Client::connector()
            .with_session_timeout(SESSION_TIMEOUT)
            .with_connection_timeout(SESSION_TIMEOUT * 3 / 5)
            .with_fail_eagerly()
            .connect(&servers);
        if let Ok(client) = connecting.await {
            report(EventKind::Up);
            delay = BASE;
            // Any error ends the session.
            let _ = follow(client, &node, &file).await;
            report(EventKind::Down);
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
