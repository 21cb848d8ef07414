use proptest::prelude::*;

use super::*;

fn node(path: &str, state: NodeState) -> NodeReport {
    NodeReport::new(path, state, 7)
}

#[test]
fn a_report_is_compact_json() {
    let mut report = Report::new("web-1", "0.1.0", 5);
    let mut flags = node("/app/flags", NodeState::Current);
    (flags.mzxid, flags.hash) = (Some(42), Some(ContentHash::of(b"")));
    report.nodes = vec![node("/b", NodeState::Rejected).because("not JSON"), flags];
    let expected = r#"{"format":1,"host":"web-1","version":"0.1.0","started":5,"omitted":0,"nodes":[["/b",null,null,"rejected",7,"not JSON"],["/app/flags",42,"e3b0c44298fc1c14","current",7,null]]}"#;
    assert_eq!(String::from_utf8(report.to_bytes()).unwrap(), expected);
    assert_eq!(Report::parse("web-1", expected.as_bytes()).unwrap(), report);
}

#[test]
fn a_report_says_which_nodes_take_part_in_rollouts() {
    let mut report = Report::new("h", "1", 0);
    let mut flags = node("/app/flags", NodeState::Current);
    flags.rollout = true;
    report.nodes = vec![flags, node("/b", NodeState::Current)];
    let bytes = report.to_bytes();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let expected = r#"[["/app/flags",null,null,"current",7,null,true],["/b",null,null,"current",7,null]]}"#;
    assert!(text.ends_with(expected), "{text}");
    assert_eq!(Report::parse("h", &bytes).unwrap(), report);
}

#[test]
fn a_report_says_why_a_node_takes_no_part_in_rollouts() {
    let mut report = Report::new("h", "1", 0);
    report.nodes = vec![node("/a", NodeState::Current).without_rollout("plans cannot be read")];
    let bytes = report.to_bytes();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.ends_with(r#"["/a",null,null,"current",7,null,"plans cannot be read"]]}"#), "{text}");
    assert_eq!(Report::parse("h", &bytes).unwrap(), report);
    let long = text.replace("plans", &"p".repeat(MAX_REASON_BYTES));
    assert!(matches!(Report::parse("h", long.as_bytes()), Err(InvalidReport::TooLong("rollout"))));
}

#[test]
fn nodes_that_are_not_good_come_first_then_those_with_rollouts() {
    let mut report = Report::new("h", "1", 0);
    report.nodes = vec![node("/a", NodeState::Current), node("/b", NodeState::Failing)];
    report.nodes.push(node("/c", NodeState::Current));
    report.nodes[0].rollout = false;
    report.nodes[2].rollout = true;
    let read = Report::parse("h", &report.to_bytes()).unwrap();
    assert_eq!(read.nodes.iter().map(|node| node.path.as_str()).collect::<Vec<_>>(), ["/b", "/c", "/a"]);
}

#[test]
fn a_report_of_too_many_nodes_omits_good_ones() {
    let mut report = Report::new("h", "1", 0);
    report.nodes = (0..20_000).map(|n| node(&format!("/{n:0>50}"), NodeState::Current)).collect();
    report.nodes.push(node("/bad", NodeState::Failing));
    let bytes = report.to_bytes();
    assert!(bytes.len() <= MAX_REPORT_BYTES && bytes.len() > MAX_REPORT_BYTES - 200, "{}", bytes.len());
    let read = Report::parse("h", &bytes).unwrap();
    assert_eq!(read.nodes[0].path, "/bad");
    assert_eq!(read.nodes.len() as u64 + read.omitted, 20_001);
}

#[test]
fn a_refusal_quotes_nothing_of_the_report() {
    let long = format!(r#"{{"format":"{}"}}"#, "X".repeat(10_000));
    let refusal = |text: &str| Report::parse("h", text.as_bytes()).unwrap_err().to_string();
    let expected = "it is not a report: a field is missing or has another type, at line 1 column ";
    assert_eq!(refusal(&long), format!("{expected}10012"));
    assert_eq!(refusal(r#"{"format":1,"#), "it is not a report: it ends too early, at line 1 column 12");
    assert_eq!(refusal("report"), "it is not a report: it is not JSON, at line 1 column 1");
}

#[test]
fn fields_of_a_later_version_are_ignored() {
    let text = r#"{"format":1,"new":[1],"host":"h","version":"9","started":0,"nodes":[]}"#;
    assert_eq!(Report::parse("h", text.as_bytes()).unwrap(), Report::new("h", "9", 0));
    let error = Report::parse("h", br#"{"format":2,"hosts":7}"#).unwrap_err();
    let expected = "it has format 2, which this version does not know: update this program";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn what_no_watcher_writes_is_refused() {
    let with = |host: &str, node: &str| {
        format!(r#"{{"format":1,"host":"{host}","version":"1","started":0,"nodes":[{node}]}}"#)
    };
    let long = "x".repeat(MAX_REASON_BYTES + 1);
    let texts = [
        String::new(),
        "null".to_owned(),
        "[".repeat(100_000),
        with("other", ""),
        with("h", "[]"),
        with("h", r#"["/a",null,"xyz","current",0,null]"#),
        with("h", &format!(r#"["/a",null,null,"{long}",0,null]"#)),
        with("h", &format!(r#"["/a",null,null,"failing",0,"{long}"]"#)),
        with("h", r#"["/a",null,null,"current",-1,null]"#),
    ];
    for text in texts {
        assert!(Report::parse("h", text.as_bytes()).is_err(), "{:.100}", text);
    }
    let large = vec![b' '; MAX_REPORT_BYTES + 1];
    assert!(matches!(Report::parse("h", &large), Err(InvalidReport::TooLarge(_))));
}

proptest! {
    #[test]
    fn any_report_reads_back(
        host in ".{0,60}",
        nodes in proptest::collection::vec((".{0,40}", any::<Option<i64>>(), any::<u64>(), ".{0,60}"), 0..5),
    ) {
        let mut report = Report::new(host.clone(), "1", 3);
        report.nodes = nodes.into_iter().map(|(path, mzxid, since, reason)| {
            let mut node = NodeReport::new(path, NodeState::Failing, since).because(&reason);
            node.mzxid = mzxid;
            node
        }).collect();
        prop_assert_eq!(Report::parse(&host, &report.to_bytes()).unwrap(), report);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Report::parse("h", &bytes);
    }
}
