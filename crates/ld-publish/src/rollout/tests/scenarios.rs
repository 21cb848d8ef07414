//! What the hosts show while rollouts begin, grow, end and are replaced.

use fastrand::Rng;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_operations_leave_each_host_with_what_is_meant() {
    let mut fleet = Fleet::start().await;
    let mut meant = fleet.converge(&[]).await;
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = Rng::with_seed(seed);
    let place = fleet.config.publish.place_of(ROLLOUTS, PATH);
    let mut candidates = 0;
    for number in 0..40 {
        match (random.u8(0..10), fleet.read().await) {
            (0..5, None) => {
                let share = ["1%", "20%", "100%"][random.usize(0..3)];
                fleet.begin(&format!("candidate {number}"), &[share]).await.unwrap();
            }
            (0..4, Some(rollout)) => {
                let share = ["50%", "100%"][random.usize(0..2)].parse::<Share>().unwrap();
                let share = share.max(rollout.plan().share);
                match rollout.set_share(&fleet.config.publish, share).await {
                    // The node may have been written.
                    Ok(_) | Err(Error::Rollout(RolloutError::StableChanged { .. })) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            (4, Some(rollout)) => {
                let _ = rollout.promote(&fleet.config, std::future::pending()).await;
            }
            (5, _) => _ = Rollout::abort(&fleet.client, &fleet.config.publish, PATH).await,
            (6, Some(_)) => {
                fleet.set(&place, "{\"format\": 2}");
                meant = fleet.converge(&meant).await;
                Rollout::abort(&fleet.client, &fleet.config.publish, PATH).await.unwrap();
            }
            (7, Some(_)) => {
                fleet.set(&candidate_of(&place), "forged");
                meant = fleet.converge(&meant).await;
                Rollout::abort(&fleet.client, &fleet.config.publish, PATH).await.unwrap();
            }
            (8, _) => fleet.set(PATH, &format!("stable {number}")),
            (9, Some(rollout)) => {
                // A plan that was made by other means has no mark.
                let mark = fleet.zookeeper.path(&rollout.mark());
                fleet.zookeeper.admin().delete(&mark).unwrap();
                rollout.take_back().await.unwrap();
            }
            _ => {}
        }
        for _ in 0..random.usize(0..10) {
            fleet.restart_host(random.usize(0..HOSTS));
        }
        meant = fleet.converge(&meant).await;
        candidates += meant.iter().filter(|content| content.starts_with("candidate")).count();
    }
    assert!(candidates > 0, "seed {seed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_ends_although_its_tools_die() {
    let fleet = Fleet::start().await;
    fleet.converge(&[]).await;
    let rollout = fleet.begin("candidate", &["10%", "50%", "100%"]).await.unwrap();
    fleet.assert_counts(&rollout).await;
    fleet
        .assert_counts(
            &rollout.set_share(&fleet.config.publish, Share::try_from(2_000).unwrap()).await.unwrap(),
        )
        .await;
    let mut deaths = 0;
    let conducted = loop {
        let conduct = conduct(
            &fleet.client,
            &fleet.config,
            PATH,
            async |_: &Rollout| Ok(()),
            |_, _| (),
            std::future::pending(),
        );
        // A dropped future is a tool that is gone.
        match tokio::time::timeout(Duration::from_millis(fastrand::u64(1..4_000)), conduct).await {
            Ok(conducted) => break conducted,
            Err(_) => deaths += 1,
        }
        assert!(deaths < 100, "the rollout makes no progress");
    };
    // A tool may die between its transaction and the answer.
    assert!(
        matches!(conducted, Ok(Conducted::Promoted(_)) | Err(Error::Rollout(RolloutError::Missing { .. }))),
        "{conducted:?}"
    );
    assert!(fleet.read().await.is_none());
    let meant = fleet.converge(&[]).await;
    assert!(meant.iter().all(|content| content == "candidate"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_turns_bad_during_a_check_stops_the_rollout() {
    let fleet = Fleet::start().await;
    fleet.converge(&[]).await;
    fleet.begin("candidate", &["50%", "100%"]).await.unwrap();
    fleet.converge(&[]).await;
    let check = async |rollout: &Rollout| {
        // All hosts that take part fail while the program runs.
        for number in (0..HOSTS).filter(|number| !fleet.others.contains(number)) {
            let mut report = Report::new(name(number), "1", 0);
            let mut node = NodeReport::new(PATH, NodeState::HookFailed, 0);
            (node.mzxid, node.rollout) = (Some(rollout.candidate_mzxid()), true);
            report.nodes.push(node);
            let place = format!("/live-data/hosts/{}", name(number));
            fleet.set(&place, std::str::from_utf8(&report.to_bytes()).unwrap());
        }
        Ok(())
    };
    let pending = std::future::pending();
    let mut rounds = 0;
    let show = |_: &Rollout, _: &Round| rounds += 1;
    let conducted = conduct(&fleet.client, &fleet.config, PATH, check, show, pending).await;
    assert!(matches!(conducted, Ok(Conducted::TakenBack(_))), "{conducted:?}");
    assert_eq!(rounds, 1, "the first round sees it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_leaves_another_rollout_alone() {
    let fleet = Fleet::start().await;
    fleet.converge(&[]).await;
    let publish = &fleet.config.publish;
    fleet.begin("first", &["100%"]).await.unwrap();
    let stale = async || fleet.read().await.unwrap();
    let (shared, ended, promoted) = (stale().await, stale().await, stale().await);
    let replace = async || {
        Rollout::abort(&fleet.client, publish, PATH).await.unwrap();
        fleet.begin("second", &["25%", "100%"]).await.unwrap();
    };
    replace().await;
    let is_missing = |error| matches!(error, Error::Rollout(RolloutError::Missing { .. }));
    assert!(is_missing(shared.set_share(publish, Share::WHOLE).await.unwrap_err()));
    assert!(is_missing(ended.take_back().await.unwrap_err()));
    promoted.promote(&fleet.config, std::future::pending()).await.unwrap_err();
    // A check runs long enough for that, too.
    let check = async |_: &Rollout| {
        replace().await;
        Ok(())
    };
    let show = |_: &Rollout, _: &Round| ();
    let conducted = conduct(&fleet.client, &fleet.config, PATH, check, show, std::future::pending()).await;
    assert!(matches!(conducted, Ok(Conducted::Ended)), "{conducted:?}");
    let left = fleet.read().await.unwrap();
    assert_eq!((left.candidate(), left.plan().share), (&b"second"[..], "25%".parse().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_does_not_grow_over_a_changed_node() {
    let fleet = Fleet::start().await;
    fleet.converge(&[]).await;
    let rollout = fleet.begin("candidate", &["50%", "100%"]).await.unwrap();
    fleet.set(PATH, "hotfix");
    let error = rollout.set_share(&fleet.config.publish, Share::WHOLE).await.unwrap_err();
    assert!(matches!(error, Error::Rollout(RolloutError::StableChanged { .. })), "{error}");
    let (check, show) = (async |_: &Rollout| Ok(()), |_: &Rollout, _: &Round| ());
    let conducted = conduct(&fleet.client, &fleet.config, PATH, check, show, std::future::pending()).await;
    let is_changed = |why: &str| why == "/flags was changed since the rollout started";
    assert!(matches!(&conducted, Ok(Conducted::TakenBack(why)) if is_changed(why)), "{conducted:?}");
    let meant = fleet.converge(&[]).await;
    assert!(meant.iter().all(|content| content == "hotfix"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_outside_the_share_do_not_count() {
    let fleet = Fleet::start().await;
    fleet.converge(&[]).await;
    let rollout = fleet.begin("candidate", &["50%", "100%"]).await.unwrap();
    fleet.converge(&[]).await;
    let mut bad = NodeReport::new(PATH, NodeState::Rejected, 0);
    bad.rollout = true;
    for host in (0..HOSTS).map(name).filter(|host| !rollout.plan().includes(host)) {
        let mut report = Report::new(host.clone(), "1", 0);
        report.nodes.push(bad.clone());
        let report = String::from_utf8(report.to_bytes()).unwrap();
        fleet.set(&format!("/live-data/hosts/{host}"), &report);
    }
    let hosts = candidate_hosts(&rollout, &fleet.config.publish).await.unwrap();
    assert!(hosts.values().all(|state| !matches!(state, HostState::Bad(_))), "{hosts:?}");
    fleet.assert_counts(&rollout).await;
}
