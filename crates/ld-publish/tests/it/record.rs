//! What is recorded, and what is pruned.

use std::future::pending;
use std::pin::pin;

use ld_publish::{Error, Gap, HistoryError, NewNode, NodeNow};
use ld_testkit::{Namespace, Proxy, operation};
use ld_zk::zookeeper::{Acl, AuthId, Permission};

use crate::kit::{MAX_NODE_BYTES, Rig, client, history, note, poll_times, within};

#[tokio::test]
async fn an_entry_and_its_publication_have_one_zxid() {
    let rig = Rig::new(20, &["/app"]).await;
    let published = rig.publish(&[("/app", b"new")], "first").await.unwrap();
    assert_eq!((published[0].version, published[0].bytes), (1, 3));
    assert_eq!(rig.lines("/app").await, ["0 -: old", "1 first: new"]);
    let log = rig.log("/app").await;
    let entry = log.present().unwrap();
    let stat = rig.admin().exists(&rig.full("/app")).unwrap().unwrap();
    assert_eq!((entry.zxid, entry.author.as_str()), (stat.mzxid, "alice@host"));
    assert_eq!((entry.zxid, entry.group.len()), (published[0].mzxid, 0));
    assert!(entry.time > 1_600_000_000_000, "{}", entry.time);
    assert!(matches!(log.now, NodeNow::Published(_)));
}

#[tokio::test]
async fn a_change_by_another_tool_is_seen_and_then_kept() {
    let rig = Rig::new(20, &["/app"]).await;
    rig.publish(&[("/app", b"1")], "one").await.unwrap();
    rig.set("/app", "lost");
    rig.set("/app", "theirs");
    let log = rig.log("/app").await;
    let NodeNow::Unrecorded(stat) = log.now else { panic!("{:?}", log.now) };
    assert_eq!((stat.version, log.gap_before_now()), (3, Gap::Changes(1)));
    assert_eq!(log.present(), None);
    rig.publish(&[("/app", b"2")], "two").await.unwrap();
    assert_eq!(rig.lines("/app").await, ["0 -: old", "1 one: 1", "3 -: theirs", "4 two: 2"]);
    let log = rig.log("/app").await;
    let gaps: Vec<Gap> = (0..4).map(|index| log.gap_before(index)).collect();
    assert_eq!(gaps, [Gap::None, Gap::None, Gap::Changes(1), Gap::None]);
    assert_eq!(log.entries[2].zxid, stat.mzxid);
    assert!(log.entries[2].zxid < log.entries[3].zxid);
}

#[tokio::test]
async fn a_node_that_was_made_again_keeps_its_history() {
    let rig = Rig::new(20, &["/app"]).await;
    rig.publish(&[("/app", b"1")], "one").await.unwrap();
    rig.admin().delete(&rig.full("/app")).unwrap();
    assert_eq!(rig.log("/app").await.now, NodeNow::Missing);
    rig.admin().create(&rig.full("/app"), "again").unwrap();
    assert_eq!(rig.log("/app").await.gap_before_now(), Gap::Recreated);
    rig.publish(&[("/app", b"2")], "two").await.unwrap();
    assert_eq!(rig.lines("/app").await, ["0 -: old", "1 one: 1", "0 -: again", "1 two: 2"]);
    assert_eq!(rig.log("/app").await.gap_before(2), Gap::Recreated);
}

#[tokio::test]
async fn a_node_that_was_never_published_has_an_empty_log() {
    let rig = Rig::new(20, &["/app"]).await;
    let log = rig.log("/app").await;
    assert!(log.entries.is_empty() && matches!(log.now, NodeNow::Unrecorded(_)));
    assert_eq!((log.gap_before_now(), log.before_present()), (Gap::None, None));
}

#[tokio::test]
async fn without_the_directory_nothing_is_written() {
    let zookeeper = Namespace::new();
    let client = client(zookeeper.server().address(), zookeeper.chroot());
    zookeeper.admin().create(&zookeeper.path("/app"), "old").unwrap();
    let rig = Rig { zookeeper, client, history: history(20) };
    let error = rig.publish(&[("/app", b"new")], "").await.unwrap_err();
    assert!(matches!(error, Error::DirectoryMissing { .. }), "{error}");
    assert!(error.to_string().contains("live-data-ctl init"), "{error}");
    assert_eq!(rig.content("/app"), "old");
    let error = rig.history.read(&rig.client, "/app").await.unwrap_err();
    assert!(matches!(error, Error::DirectoryMissing { .. }), "{error}");
}

#[tokio::test]
async fn there_is_no_new_node_without_its_entry() {
    let rig = Rig::new(20, &[]).await;
    let mut made = 0;
    for times in 1..30 {
        let (path, acl) = (format!("/new/{times}"), vec![Acl::new(Permission::ALL, AuthId::anyone())]);
        let node = NewNode::new(&path, b"first".to_vec(), acl, MAX_NODE_BYTES).unwrap();
        {
            // A tool that is killed after any number of steps.
            let note = note("made");
            let create = pin!(rig.history.create(&rig.client, &node, &note, pending()));
            within("a tool", poll_times(create, times)).await;
        }
        // The session answers in order: what was sent has happened by now.
        rig.client.session().await.unwrap().sync("/").await.unwrap();
        let is_there = rig.admin().exists(&rig.full(&path)).unwrap().is_some();
        let lines = if is_there { vec!["0 made: first".to_owned()] } else { Vec::new() };
        assert_eq!(rig.lines(&path).await, lines);
        made += usize::from(is_there);
        if is_there {
            assert!(matches!(rig.log(&path).await.now, NodeNow::Published(_)));
        }
    }
    assert!((1..29).contains(&made), "{made} of 29");
}

#[tokio::test]
async fn with_no_history_no_more_is_asked_than_before() {
    let rig = Rig::new(20, &["/app"]).await;
    let asked = async |content: &str, with_history: bool| {
        let proxy = Proxy::start(rig.zookeeper.server().address());
        let client = client(proxy.address(), rig.zookeeper.chroot());
        let plan = ld_publish::plan(&client, "/app", content.into(), MAX_NODE_BYTES).await.unwrap();
        if with_history {
            history(0).commit(&plan.into(), &note("unseen"), pending()).await.unwrap();
            assert_eq!(history(0).prune(&client, "/app").await.unwrap(), 0);
        } else {
            plan.commit(pending()).await.unwrap();
        }
        (0..110).map(|code| proxy.requests_of(code)).collect::<Vec<_>>()
    };
    let before = asked("1", false).await;
    assert_eq!(asked("2", true).await, before);
    assert_eq!((before[operation::SET_DATA as usize], before[operation::MULTI as usize]), (1, 0));
    assert!(rig.lines("/app").await.is_empty());
}

#[tokio::test]
async fn a_recorded_publication_asks_ten_requests_more() {
    let rig = Rig::new(2, &["/app"]).await;
    for content in ["1", "2"] {
        rig.publish(&[("/app", content.as_bytes())], "").await.unwrap();
    }
    let proxy = Proxy::start(rig.zookeeper.server().address());
    let client = client(proxy.address(), rig.zookeeper.chroot());
    let plan = ld_publish::plan(&client, "/app", b"new".into(), MAX_NODE_BYTES).await.unwrap();
    let asked = || {
        (1..110).filter(|code| *code != operation::PING).map(|code| proxy.requests_of(code)).sum::<usize>()
    };
    let before = asked();
    rig.history.commit(&plan.into(), &note(""), pending()).await.unwrap();
    assert_eq!(rig.history.prune(&client, "/app").await.unwrap(), 2);
    // Without a history it would be one.
    assert_eq!(asked() - before, 11);
    assert_eq!(proxy.requests_of(operation::MULTI), 2);
}

#[tokio::test]
async fn pruning_keeps_so_many_and_what_they_name() {
    let rig = Rig::new(3, &["/app"]).await;
    for content in ["a", "b", "a", "c", "a"] {
        rig.publish(&[("/app", content.as_bytes())], content).await.unwrap();
    }
    assert_eq!(rig.prune("/app").await, 3);
    assert_eq!(rig.lines("/app").await, ["3 a: a", "4 c: c", "5 a: a"]);
    let contents = rig.full("/live-data/history/app/contents");
    assert_eq!(rig.admin().children(&contents).unwrap().len(), 2);
    assert_eq!(rig.prune("/app").await, 0);
}

#[tokio::test]
async fn pruning_keeps_the_present_and_the_one_before() {
    let rig = Rig::new(1, &["/app"]).await;
    for content in ["a", "b", "c"] {
        rig.publish(&[("/app", content.as_bytes())], content).await.unwrap();
        rig.prune("/app").await;
    }
    assert_eq!(rig.lines("/app").await, ["2 b: b", "3 c: c"]);
}

#[tokio::test]
async fn content_that_was_damaged_is_stored_again() {
    let rig = Rig::new(20, &["/app"]).await;
    rig.publish(&[("/app", b"a")], "a").await.unwrap();
    rig.publish(&[("/app", b"b")], "b").await.unwrap();
    let contents = rig.full("/live-data/history/app/contents");
    let hash = rig.log("/app").await.entries[1].sha256.clone();
    rig.admin().set(&format!("{contents}/{hash}"), "another and longer one").unwrap();
    let log = rig.log("/app").await;
    let error = rig.history.content(&rig.client, "/app", &log.entries[1]).await.unwrap_err();
    assert!(matches!(error, Error::History(HistoryError::ContentDamaged { .. })), "{error}");
    rig.publish(&[("/app", b"a")], "again").await.unwrap();
    assert_eq!(rig.lines("/app").await, ["0 -: old", "1 a: a", "2 b: b", "3 again: a"]);
}

#[tokio::test]
async fn one_of_two_concurrent_publications_is_recorded() {
    let rig = Rig::new(20, &["/app"]).await;
    let one = rig.publication(&[("/app", b"one")]).await;
    let two = rig.publication(&[("/app", b"two")]).await;
    let (first, second) = (note("one"), note("two"));
    let (one, two) = tokio::join!(
        rig.history.commit(&one, &first, pending()),
        rig.history.commit(&two, &second, pending())
    );
    assert!(one.is_ok() != two.is_ok());
    let error = if one.is_ok() { two } else { one }.unwrap_err();
    assert!(matches!(error, Error::ChangedMeanwhile), "{error}");
    assert_eq!(rig.lines("/app").await.len(), 2);
}

#[tokio::test]
async fn a_log_asks_twice_for_each_entry() {
    let rig = Rig::new(100, &["/app"]).await;
    for number in 0..40 {
        rig.publish(&[("/app", format!("{number}").as_bytes())], "").await.unwrap();
    }
    let proxy = Proxy::start(rig.zookeeper.server().address());
    let client = client(proxy.address(), rig.zookeeper.chroot());
    let log = rig.history.read(&client, "/app").await.unwrap();
    assert_eq!(log.entries.len(), 41);
    let asked = proxy.requests_of(operation::EXISTS) + proxy.requests_of(operation::GET_DATA);
    assert!((82..90).contains(&asked), "{asked}");
}

#[tokio::test]
async fn a_log_among_publications_has_what_the_node_holds() {
    let rig = Rig::new(20, &["/app"]).await;
    rig.publish(&[("/app", b"first")], "first").await.unwrap();
    for times in 1..8 {
        let mut read = pin!(rig.history.read(&rig.client, "/app"));
        let mut number = 0;
        let log = loop {
            match within("a log", poll_times(read.as_mut(), times)).await {
                Some(log) => break log.unwrap(),
                None => number += 1,
            }
            rig.publish(&[("/app", format!("{times} {number}").as_bytes())], "").await.unwrap();
        };
        assert!(matches!(log.now, NodeNow::Published(_)), "{times}: {log:?}");
        assert_eq!(log.present(), log.entries.last());
    }
}
