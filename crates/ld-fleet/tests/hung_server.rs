//! A server that keeps a session alive and does not answer.

use std::sync::Arc;
use std::time::Duration;

use ld_fleet::ld_config::{Config, Environment, Scope};
use ld_fleet::ld_zk::{Client, Options};
use ld_fleet::{Fleet, NodeReport, NodeState, Report, Reporter};
use ld_testkit::hostile::{Delivery, HostileServer, Rule};
use ld_testkit::operation::{AUTH, CREATE2, EXISTS, GET_ACL, GET_CHILDREN, GET_DATA, SET_DATA};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

const HOSTS: &str = "/live-data/hosts";
const REPORT: &str = "/live-data/hosts/web-1";

/// The limit of a request, and two attempts to connect.
const LIMIT: Duration = Duration::from_secs(40);

fn fleet() -> (HostileServer, Config, Client) {
    let server = HostileServer::start();
    server.set("/live-data", "");
    server.set(HOSTS, "");
    let text = format!(
        "[live-data]\nzookeeper.hosts = {}\nfleet.report_interval = 50 milliseconds\n",
        server.connect_string()
    );
    let config = Config::parse(text, "c", &Environment::empty(), Scope::Watcher).unwrap().config;
    let client = Client::new(&config.zookeeper, &config.secrets, Options::default()).unwrap();
    (server, config, client)
}

/// Does not answer this request once.
fn once(operation: i32) -> Rule {
    Rule::on(operation, |_, reply| reply.delivery = Delivery::Never).times(1)
}

fn report(paths: impl IntoIterator<Item = String>) -> Report {
    let mut report = Report::new("web-1", "1", 0);
    report.nodes = paths.into_iter().map(|path| NodeReport::new(path, NodeState::Current, 0)).collect();
    report
}

async fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let look = async {
        while !is_so() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LIMIT, look).await.unwrap_or_else(|_| panic!("{what}"));
}

/// Reports `/one`, `/two` and `/three`, though the server does not answer these requests once.
async fn reports_all_the_same(unanswered: Rule) {
    let (server, config, client) = fleet();
    let what = format!("without an answer to {unanswered:?}");
    server.add(unanswered);
    let reporter = Reporter::new(client, &config, "web-1").unwrap();
    let (sender, reports) = watch::channel(Some(Arc::new(report(["/one".to_owned()]))));
    let running = tokio::spawn(reporter.run(reports));
    let says = |path: &str| {
        let report = server.data(REPORT).map(|report| String::from_utf8(report).unwrap());
        report.is_some_and(|report| report.contains(path))
    };
    wait_until(&what, || says("/one")).await;
    for path in ["/two", "/three"] {
        sender.send_replace(Some(Arc::new(report([path.to_owned()]))));
        wait_until(&what, || says(path)).await;
    }
    assert_eq!(server.attacks(), 1, "{what}");
    running.abort();
}

#[tokio::test]
async fn a_request_without_an_answer_does_not_end_reports() {
    tokio::join!(
        reports_all_the_same(once(AUTH)),
        reports_all_the_same(once(EXISTS).path(REPORT)),
        reports_all_the_same(once(GET_ACL)),
        reports_all_the_same(once(CREATE2)),
        reports_all_the_same(once(GET_CHILDREN).path(REPORT)),
        reports_all_the_same(once(SET_DATA)),
    );
}

#[tokio::test]
async fn a_fleet_is_read_though_a_report_is_not_answered() {
    let (server, config, client) = fleet();
    server.set(REPORT, report(["/one".to_owned()]).to_bytes());
    server.add(once(GET_DATA).path(REPORT));
    let fleet = timeout(LIMIT, Fleet::read(&client, &config.publish, None)).await.unwrap().unwrap();
    assert_eq!((fleet.unreadable, fleet.hosts.len()), (1, 1), "{fleet:?}");
}

#[tokio::test]
async fn nodes_are_asked_about_thirty_two_at_a_time() {
    let (server, config, client) = fleet();
    server.set(REPORT, report((0..100).map(|node| format!("/nodes/{node}"))).to_bytes());
    let is_one = |path: &str| path.starts_with("/nodes/");
    server.add(Rule::on(EXISTS, move |request, reply| {
        if is_one(&request.path) {
            reply.delivery = Delivery::Never;
        }
    }));
    client.session().await.unwrap();
    let before = server.requests_of(EXISTS);
    let asked = || server.requests_of(EXISTS) - before;
    tokio::select! {
        fleet = Fleet::read(&client, &config.publish, None) => panic!("{fleet:?}"),
        () = wait_until("32 requests", || asked() == 32) => {}
    }
    assert_eq!(asked(), 32);
}
