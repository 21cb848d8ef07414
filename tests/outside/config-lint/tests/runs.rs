//! The linter as its users see it.

use std::fs;

use config_lint::lint;
use ld_config::Environment;
use serde_json::{Value, json};

const CONFIG: &str = "\
[live-data]
zookeeper.hosts = zk01:2181,zk02:0
nodes.flags.source = /features/flags
nodes.flags.dest = $ROOT/flags.json
nodes.flags.mode = 9
nodes.flags.ownr = www-data
";

#[test]
fn each_problem_is_a_line_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("live-data.ini");
    fs::write(&path, CONFIG).unwrap();
    let env: Environment = [("ROOT", "/var/live-data")].into_iter().collect();

    let mut out = Vec::new();
    assert_eq!(lint(&path, &env, &mut out).unwrap(), 3);
    let lines: Vec<Value> =
        out.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for (line, severity, number, key) in [
        (&lines[0], "error", 2, "zookeeper.hosts"),
        (&lines[1], "error", 5, "nodes.flags.mode"),
        (&lines[2], "warning", 6, "nodes.flags.ownr"),
    ] {
        assert_eq!(line["severity"], severity);
        assert_eq!((&line["line"], &line["column"]), (&json!(number), &json!(1)), "{line}");
        assert_eq!(line["key"], key);
        assert_eq!(line["file"], path.to_str().unwrap());
    }
    assert!(lines[2]["message"].as_str().unwrap().contains("'nodes.flags.owner'"), "{}", lines[2]);
}

#[test]
fn a_missing_file_is_no_problem_of_a_line() {
    let error = lint("/does/not/exist".as_ref(), &Environment::empty(), &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("/does/not/exist"), "{error}");
}
