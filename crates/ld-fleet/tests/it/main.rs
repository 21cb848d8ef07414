//! What readers of reports make of a fleet.

mod compare;
mod wait;

use ld_fleet::ld_config::{Config, Environment, Scope};
use ld_fleet::ld_zk::{Client, Options};
use ld_fleet::{ContentHash, NodeReport, NodeState, Report};
use ld_testkit::hostile::HostileServer;

/// The node.
pub(crate) const FLAGS: &str = "/flags";

/// An ensemble without hosts.
pub(crate) struct Ensemble {
    pub(crate) server: HostileServer,
    pub(crate) config: Config,
    pub(crate) client: Client,
}

impl Ensemble {
    /// One with a node that holds this.
    pub(crate) fn with_flags(content: &str) -> Self {
        let server = HostileServer::start();
        for (path, data) in [("/live-data", ""), ("/live-data/hosts", ""), (FLAGS, content)] {
            server.set(path, data);
        }
        let text = format!("[live-data]\nzookeeper.hosts = {}\n", server.connect_string());
        let config = Config::parse(text, "c", &Environment::empty(), Scope::Writer).unwrap().config;
        let client = Client::new(&config.zookeeper, &config.secrets, Options::default()).unwrap();
        Self { server, config, client }
    }

    /// Has a host report these bytes.
    pub(crate) fn report(&self, host: &str, report: impl AsRef<[u8]>) {
        self.server.set(&report_path(host), report);
    }

    /// The version of a node.
    pub(crate) async fn mzxid(&self, path: &str) -> i64 {
        self.client.session().await.unwrap().check_stat(path).await.unwrap().unwrap().mzxid
    }
}

/// The node of the report of a host.
pub(crate) fn report_path(host: &str) -> String {
    format!("/live-data/hosts/{host}")
}

/// A report of the node alone.
pub(crate) fn report(host: &str, mzxid: i64, content: &str) -> Report {
    let mut node = NodeReport::new(FLAGS, NodeState::Current, 0);
    (node.mzxid, node.hash) = (Some(mzxid), Some(ContentHash::of(content.as_bytes())));
    let mut report = Report::new(host, "1", 0);
    report.nodes.push(node);
    report
}
