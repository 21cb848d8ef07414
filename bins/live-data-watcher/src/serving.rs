//! The server of the status, from one configuration to the next.

use std::sync::Arc;
use std::time::SystemTime;

use ld_config::Config;
use ld_hook::Hooks;
use ld_status::{Bound, Error, Reloads, Server, StatusView};
use ld_sync::Engine;
use ld_zk::Client;
use tokio::runtime::Handle;
use tracing::info;

/// The server of the status, if a configuration asks for one.
pub(crate) struct Serving {
    started: SystemTime,
    reloads: Reloads,
    server: Option<Server>,
}

impl Serving {
    /// Nothing is served yet. The process starts now.
    pub(crate) fn new() -> Self {
        Self { started: SystemTime::now(), reloads: Reloads::default(), server: None }
    }

    /// When the process started.
    pub(crate) fn started(&self) -> SystemTime {
        self.started
    }

    /// What is shown of reloads.
    pub(crate) fn reloads(&self) -> &Reloads {
        &self.reloads
    }

    /// Takes the address of the `next` configuration, if the `former` one has another.
    ///
    /// # Errors
    ///
    /// The address is taken, or may not be had.
    pub(crate) fn bind(former: &Config, next: &Config) -> Result<Option<Bound>, Error> {
        let listen =
            next.status.listen.as_ref().filter(|listen| former.status.listen.as_ref() != Some(listen));
        listen.map(Bound::new).transpose()
    }

    /// Whether there is a server as `config` asks for, or none.
    pub(crate) fn is_as(&self, config: &Config) -> bool {
        self.server.is_some() == config.status.listen.is_some()
    }

    /// Shows what runs now, and nothing else any more: at `bound`, or else at the address that
    /// `config` has.
    ///
    /// # Errors
    ///
    /// The address is taken, or the system refuses a thread or a descriptor. Nothing is served
    /// then.
    pub(crate) fn serve(
        &mut self,
        bound: Option<Bound>,
        config: &Config,
        engine: &Arc<Engine>,
        client: &Client,
        hooks: &Hooks,
    ) -> Result<(), Error> {
        // The former server has the address, perhaps.
        let was_served = self.server.take().is_some();
        let Some(listen) = &config.status.listen else {
            if was_served {
                info!("the status is not served any more");
            }
            return Ok(());
        };
        let bound = match bound {
            Some(bound) => bound,
            None => Bound::new(listen)?,
        };
        let view = StatusView::new(Arc::clone(engine), client.clone(), config, env!("CARGO_PKG_VERSION"))
            .with_started(self.started)
            .with_reloads(self.reloads.clone())
            .with_hooks(hooks.runs())
            .with_log_lines_dropped(ld_cli::log_lines_dropped);
        self.server = Some(bound.serve(view, &Handle::current())?);
        Ok(())
    }
}
