//! The fleet, as all hosts report it. It is read when a visitor asks, and kept for a moment.

use std::time::Duration;

use hyper::body::Bytes;
use ld_config::PublishConfig;
use ld_fleet::Fleet;
use ld_zk::Client;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// What was read is shown for this long: any number of visitors costs the ensemble the same.
const KEEP: Duration = Duration::from_secs(5);

/// How long reading may take: less than a connection may last.
const LIMIT: Duration = Duration::from_secs(8);

/// The fleet as JSON, or why it cannot be shown.
pub(crate) type Shown = Result<Bytes, String>;

/// Reads the fleet.
#[derive(Debug)]
pub(crate) struct FleetView {
    client: Client,
    publish: PublishConfig,
    last: Mutex<Option<(Instant, Shown)>>,
}

impl FleetView {
    pub(crate) fn new(client: Client, publish: PublishConfig) -> Self {
        Self { client, publish, last: Mutex::new(None) }
    }

    /// The fleet at most a few seconds ago. Visitors wait for one another, so that there is one
    /// read at a time.
    pub(crate) async fn show(&self) -> Shown {
        let mut last = self.last.lock().await;
        if let Some((at, shown)) = &*last
            && at.elapsed() < KEEP
        {
            return shown.clone();
        }
        let shown = match timeout(LIMIT, Fleet::read(&self.client, &self.publish, None)).await {
            Ok(Ok(fleet)) => serde_json::to_vec(&fleet).map(Bytes::from).map_err(|error| error.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("the reports were not read within {} s", LIMIT.as_secs())),
        };
        *last = Some((Instant::now(), shown.clone()));
        shown
    }
}
