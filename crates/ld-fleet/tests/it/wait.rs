//! How a wait for hosts ends, whatever happens to the connection and to the node.

use std::time::Duration;

use ld_fleet::{Goal, ReadError, Share, Waited, wait_for};
use ld_testkit::hostile::{Delivery, Rule, Then};
use ld_testkit::operation::{GET_CHILDREN, GET_DATA};
use tokio::time::sleep;

use crate::{Ensemble, FLAGS, report, report_path};

/// The limit of a wait that ends by it.
const LIMIT: Duration = Duration::from_secs(3);

/// The limit of a wait that ends before.
const SOON: Duration = Duration::from_secs(60);

/// The node with this content, and hosts that report what they have of it.
fn fleet(content: &str, hosts: &[(&str, &str)]) -> Ensemble {
    let ensemble = Ensemble::with_flags(content);
    for (host, content) in hosts {
        ensemble.report(host, report(host, 1, content).to_bytes());
    }
    ensemble
}

/// Waits until all hosts have the content.
async fn wait(fleet: &Ensemble, content: &str, limit: Duration) -> Result<Waited, ReadError> {
    let goal = Goal::new(FLAGS, content.as_bytes(), Share::WHOLE);
    wait_for(&fleet.client, &fleet.config.publish, &goal, limit, |_, _| {}).await
}

/// The connection ends in place of an answer to this request.
fn lost(operation: i32) -> Rule {
    Rule::on(operation, |_, reply| (reply.delivery, reply.then) = (Delivery::Never, Then::Close))
}

#[tokio::test]
async fn a_lost_connection_does_not_hide_a_laggard() {
    let fleet = fleet("new", &[("web-1", "new"), ("web-2", "old")]);
    fleet.server.add(lost(GET_DATA).path(&report_path("web-2")).skip(1));
    let waited = wait(&fleet, "new", LIMIT).await.unwrap();
    let Waited::Late(progress) = waited else { panic!("{waited:?}") };
    assert_eq!((progress.have, progress.hosts), (1, 2), "{progress:?}");
    assert!(fleet.server.attacks() > 0);
}

#[tokio::test]
async fn a_connection_that_comes_back_is_waited_for() {
    let fleet = fleet("new", &[("web-1", "new")]);
    fleet.server.add(lost(GET_CHILDREN).path("/live-data/hosts").times(1));
    let waited = wait(&fleet, "new", SOON).await.unwrap();
    assert!(matches!(waited, Waited::Reached(_)), "{waited:?}");
    assert_eq!(fleet.server.attacks(), 1);
}

#[tokio::test]
async fn a_wait_that_never_saw_the_reports_is_an_error() {
    let fleet = fleet("new", &[("web-1", "new")]);
    fleet.server.add(lost(GET_CHILDREN).path("/live-data/hosts"));
    let error = wait(&fleet, "new", LIMIT).await.unwrap_err();
    assert!(matches!(error, ReadError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn a_missing_directory_is_not_waited_for() {
    let fleet = fleet("new", &[]);
    fleet.server.delete("/live-data/hosts");
    let error = wait(&fleet, "new", SOON).await.unwrap_err();
    assert!(matches!(error, ReadError::NoDirectory { .. }), "{error}");
}

#[tokio::test]
async fn content_of_another_publisher_is_not_waited_for() {
    for other in ["two", "longer"] {
        let fleet = fleet(other, &[("web-1", other), ("web-2", other)]);
        let waited = wait(&fleet, "new", SOON).await.unwrap();
        let Waited::Overtaken(progress) = waited else { panic!("{waited:?}") };
        assert_eq!((progress.have, progress.hosts), (0, 2), "{progress:?}");
    }
}

#[tokio::test]
async fn the_same_content_in_another_version_is_waited_for() {
    let fleet = fleet("new", &[("web-1", "old")]);
    let again = async {
        while fleet.server.requests_of(GET_DATA) < 2 {
            sleep(Duration::from_millis(10)).await;
        }
        fleet.server.set(FLAGS, "new");
        fleet.report("web-1", report("web-1", 1, "new").to_bytes());
    };
    let (waited, ()) = tokio::join!(wait(&fleet, "new", SOON), again);
    assert!(matches!(waited.unwrap(), Waited::Reached(_)));
}

#[tokio::test]
async fn a_host_without_room_for_the_node_is_told() {
    let fleet = fleet("new", &[]);
    let cut_off = r#"{"format":1,"host":"web-2","version":"1","started":0,"omitted":1,"nodes":[]}"#;
    fleet.report("web-2", cut_off);
    let waited = wait(&fleet, "new", SOON).await.unwrap();
    assert!(matches!(waited, Waited::NoHosts { cut_off: 1 }), "{waited:?}");
    fleet.report("web-1", report("web-1", 1, "new").to_bytes());
    let waited = wait(&fleet, "new", SOON).await.unwrap();
    let Waited::Reached(progress) = waited else { panic!("{waited:?}") };
    assert_eq!((progress.have, progress.hosts, progress.cut_off), (1, 1, 1));
}
