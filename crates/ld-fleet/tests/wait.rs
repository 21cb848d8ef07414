//! How a wait for hosts ends, whatever happens to the connection and to the node.

use std::time::Duration;

use ld_fleet::ld_config::{Config, Environment, Scope};
use ld_fleet::ld_zk::{Client, Options};
use ld_fleet::{ContentHash, Goal, NodeReport, NodeState, ReadError, Report, Share, Waited, wait_for};
use ld_testkit::hostile::{Delivery, HostileServer, Rule, Then};
use ld_testkit::operation::{GET_CHILDREN, GET_DATA};
use tokio::time::sleep;

const FLAGS: &str = "/flags";

/// The limit of a wait that ends by it.
const LIMIT: Duration = Duration::from_secs(3);

/// The limit of a wait that ends before.
const SOON: Duration = Duration::from_secs(60);

/// A server with the node, and with these hosts and the contents that they report of it.
struct Fleet {
    server: HostileServer,
    config: Config,
    client: Client,
}

impl Fleet {
    fn new(content: &str, hosts: &[(&str, &str)]) -> Self {
        let server = HostileServer::start();
        for (path, data) in [("/live-data", ""), ("/live-data/hosts", ""), (FLAGS, content)] {
            server.set(path, data);
        }
        for (host, content) in hosts {
            server.set(&report_path(host), report(host, content));
        }
        let text = format!("[live-data]\nzookeeper.hosts = {}\n", server.connect_string());
        let config = Config::parse(text, "c", &Environment::empty(), Scope::Writer).unwrap().config;
        let client = Client::new(&config.zookeeper, &config.secrets, Options::default()).unwrap();
        Self { server, config, client }
    }

    /// Waits for all hosts.
    async fn wait(&self, content: &str, limit: Duration) -> Result<Waited, ReadError> {
        let goal = Goal::new(FLAGS, content.as_bytes(), Share::WHOLE);
        wait_for(&self.client, &self.config.publish, &goal, limit, |_, _| {}).await
    }
}

fn report_path(host: &str) -> String {
    format!("/live-data/hosts/{host}")
}

fn report(host: &str, content: &str) -> Vec<u8> {
    let mut node = NodeReport::new(FLAGS, NodeState::Current, 0);
    (node.mzxid, node.hash) = (Some(1), Some(ContentHash::of(content.as_bytes())));
    let mut report = Report::new(host, "1", 0);
    report.nodes.push(node);
    report.to_bytes()
}

/// The connection ends in place of an answer to this request.
fn lost(operation: i32) -> Rule {
    Rule::on(operation, |_, reply| (reply.delivery, reply.then) = (Delivery::Never, Then::Close))
}

#[tokio::test]
async fn a_lost_connection_does_not_hide_a_laggard() {
    let fleet = Fleet::new("new", &[("web-1", "new"), ("web-2", "old")]);
    fleet.server.add(lost(GET_DATA).path(&report_path("web-2")).skip(1));
    let waited = fleet.wait("new", LIMIT).await.unwrap();
    let Waited::Late(progress) = waited else { panic!("{waited:?}") };
    assert_eq!((progress.have, progress.hosts), (1, 2), "{progress:?}");
    assert!(fleet.server.attacks() > 0);
}

#[tokio::test]
async fn a_connection_that_comes_back_is_waited_for() {
    let fleet = Fleet::new("new", &[("web-1", "new")]);
    fleet.server.add(lost(GET_CHILDREN).path("/live-data/hosts").times(1));
    let waited = fleet.wait("new", SOON).await.unwrap();
    assert!(matches!(waited, Waited::Reached(_)), "{waited:?}");
    assert_eq!(fleet.server.attacks(), 1);
}

#[tokio::test]
async fn a_wait_that_never_saw_the_reports_is_an_error() {
    let fleet = Fleet::new("new", &[("web-1", "new")]);
    fleet.server.add(lost(GET_CHILDREN).path("/live-data/hosts"));
    let error = fleet.wait("new", LIMIT).await.unwrap_err();
    assert!(matches!(error, ReadError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn a_missing_directory_is_not_waited_for() {
    let fleet = Fleet::new("new", &[]);
    fleet.server.delete("/live-data/hosts");
    let error = fleet.wait("new", SOON).await.unwrap_err();
    assert!(matches!(error, ReadError::NoDirectory { .. }), "{error}");
}

#[tokio::test]
async fn content_of_another_publisher_is_not_waited_for() {
    for other in ["two", "longer"] {
        let fleet = Fleet::new(other, &[("web-1", other), ("web-2", other)]);
        let waited = fleet.wait("new", SOON).await.unwrap();
        let Waited::Overtaken(progress) = waited else { panic!("{waited:?}") };
        assert_eq!((progress.have, progress.hosts), (0, 2), "{progress:?}");
    }
}

#[tokio::test]
async fn the_same_content_in_another_version_is_waited_for() {
    let fleet = Fleet::new("new", &[("web-1", "old")]);
    let again = async {
        while fleet.server.requests_of(GET_DATA) < 2 {
            sleep(Duration::from_millis(10)).await;
        }
        fleet.server.set(FLAGS, "new");
        fleet.server.set(&report_path("web-1"), report("web-1", "new"));
    };
    let (waited, ()) = tokio::join!(fleet.wait("new", SOON), again);
    assert!(matches!(waited.unwrap(), Waited::Reached(_)));
}
