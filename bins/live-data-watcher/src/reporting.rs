//! The report of this host in ZooKeeper, from one configuration to the next.

use std::sync::Arc;
use std::time::SystemTime;

use ld_config::Config;
use ld_fleet::{Reporter, host_name};
use ld_hook::Hooks;
use ld_status::StatusView;
use ld_sync::Engine;
use ld_zk::Client;
use tokio::task::AbortHandle;
use tracing::warn;

/// The task that reports. Dropping it ends it; the report goes with the session.
pub(crate) struct Reporting(Option<AbortHandle>);

impl Reporting {
    /// Reports if `config` asks for it. What stands in the way is logged, and harms nothing else.
    pub(crate) fn start(
        config: &Config,
        engine: &Arc<Engine>,
        client: &Client,
        hooks: &Hooks,
        started: SystemTime,
    ) -> Self {
        if !config.fleet.report {
            return Self(None);
        }
        let host = match host_name(&config.fleet) {
            Ok(host) => host,
            Err(error) => return Self::refused(&error),
        };
        let reporter = match Reporter::new(client.clone(), config, &host) {
            Ok(reporter) => reporter,
            Err(error) => return Self::refused(&error),
        };
        let view = StatusView::new(Arc::clone(engine), client.clone(), config, env!("CARGO_PKG_VERSION"))
            .with_started(started)
            .with_hooks(hooks.runs());
        Self(Some(tokio::spawn(ld_status::report_to_fleet(view, reporter, host)).abort_handle()))
    }

    /// Reports nothing.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    fn refused(error: &dyn std::error::Error) -> Self {
        warn!("fleet: this host does not report: {error}");
        Self(None)
    }
}

impl Drop for Reporting {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
