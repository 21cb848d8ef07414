//! How hosts stand to what the nodes hold.

use std::time::Duration;

use ld_fleet::{
    Fleet, Host, MAX_NODE_REQUESTS, NodeReport, NodeState, Report, RolloutPace, RolloutPlan, Share, Standing,
};
use ld_testkit::operation::EXISTS;

use crate::{Ensemble, FLAGS, report};

async fn read(ensemble: &Ensemble, path: Option<&str>) -> Fleet {
    Fleet::read(&ensemble.client, &ensemble.config.publish, path).await.unwrap()
}

fn host<'a>(fleet: &'a Fleet, name: &str) -> &'a Host {
    fleet.hosts.iter().find(|host| host.host == name).unwrap()
}

/// A report that names this many nodes, which do not exist.
fn many(host: &str, nodes: usize) -> Report {
    let mut report = Report::new(host, "1", 0);
    report.nodes = (0..nodes).map(|n| NodeReport::new(format!("/none/{n}"), NodeState::Absent, 0)).collect();
    report
}

#[tokio::test]
async fn what_was_not_compared_is_not_good() {
    let ensemble = Ensemble::with_flags("new");
    let most = MAX_NODE_REQUESTS / 2;
    ensemble.report("a-many", many("a-many", most + 10).to_bytes());
    ensemble.report("web-1", report("web-1", ensemble.mzxid(FLAGS).await, "new").to_bytes());
    ensemble.report("web-2", report("web-2", 1, "old").to_bytes());
    let before = ensemble.server.requests_of(EXISTS);
    let fleet = read(&ensemble, None).await;
    assert!(ensemble.server.requests_of(EXISTS) - before <= MAX_NODE_REQUESTS as u64);
    let many = host(&fleet, "a-many");
    assert_eq!((many.standing, many.uncompared), (Standing::Uncompared, 10));
    // One report leaves room for others.
    assert_eq!(host(&fleet, "web-1").standing, Standing::Good);
    assert_eq!(host(&fleet, "web-2").standing, Standing::Lagging);
    assert_eq!((fleet.good, fleet.lagging, fleet.uncompared, fleet.is_good()), (1, 1, 1, false));
}

#[tokio::test]
async fn a_node_without_room_in_a_report_is_not_good() {
    let ensemble = Ensemble::with_flags("new");
    let report = |nodes: &str, omitted: u64| {
        format!(
            r#"{{"format":1,"host":"a","version":"1","started":0,"omitted":{omitted},"nodes":[{nodes}]}}"#
        )
    };
    let flags = format!(r#"["{FLAGS}",{},null,"current",0,null]"#, ensemble.mzxid(FLAGS).await);
    for omitted in [1, u64::MAX] {
        ensemble.report("a", report(&flags, omitted));
        let fleet = read(&ensemble, None).await;
        let a = host(&fleet, "a");
        assert_eq!(
            (a.standing, a.uncompared, a.nodes),
            (Standing::Uncompared, omitted, omitted.saturating_add(1))
        );
        assert!(a.error.as_ref().unwrap().starts_with("the report has no room for "), "{a:?}");
        assert!(!fleet.is_good());
        // That node is there.
        assert!(read(&ensemble, Some(FLAGS)).await.is_good());
    }
    ensemble.report("a", report("", 1));
    let fleet = read(&ensemble, Some(FLAGS)).await;
    assert_eq!((host(&fleet, "a").standing, fleet.is_good()), (Standing::Uncompared, false));
}

#[tokio::test]
async fn a_candidate_is_good_on_the_hosts_of_its_rollout() {
    let ensemble = Ensemble::with_flags("stable");
    let stable = ensemble.mzxid(FLAGS).await;
    let share: Share = "50%".parse().unwrap();
    let soak = Duration::from_secs(1);
    let pace = RolloutPace { steps: vec![share], soak, max_bad: Share::NONE, check: false };
    let by = ("a".to_owned(), "now".to_owned());
    let plan = RolloutPlan::new("0123456789abcdef".to_owned(), FLAGS, b"new", pace, stable, by).unwrap();
    let names = (0..).map(|n| format!("web-{n}"));
    let (included, others): (Vec<_>, Vec<_>) = names.take(20).partition(|name| plan.includes(name));
    let (included, other) = (included[0].as_str(), others[0].as_str());
    for name in [included, other] {
        let mut report = report(name, stable + 1_000, "new");
        report.nodes[0].rollout = true;
        ensemble.report(name, report.to_bytes());
    }
    ensemble.server.set("/live-data/rollouts/flags", plan.to_bytes());
    let fleet = read(&ensemble, Some(FLAGS)).await;
    assert_eq!(host(&fleet, included).standing, Standing::Good);
    assert_eq!(host(&fleet, other).standing, Standing::Lagging);
    // It was taken back.
    ensemble.server.delete("/live-data/rollouts/flags");
    let fleet = read(&ensemble, Some(FLAGS)).await;
    assert_eq!((fleet.good, fleet.lagging), (0, 2));
}
