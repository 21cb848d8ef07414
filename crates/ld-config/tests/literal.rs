//! What users of other dialects expect of a value: it is taken literally, with a warning.

use ld_config::{Config, Environment, Scope};

fn environment() -> Environment {
    [("SET", "hush"), ("HOSTS", "hush:hush"), ("SPAN", "hush")].into_iter().collect()
}

fn warnings(line: &str) -> Vec<String> {
    let text = format!(
        "[live-data]\nzookeeper.hosts = zk\nnodes.a.source = /a\nnodes.a.dest = /d\nnodes.b.source = /b\n\
         nodes.b.dest = /b\n{line}\n"
    );
    let text = match line.strip_prefix("nodes.a.dest") {
        Some(_) => text.replace("nodes.a.dest = /d\n", "\n"),
        None => text,
    };
    let parsed = Config::parse(text, "c", &environment(), Scope::Watcher).unwrap();
    parsed.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_literal_value_that_is_hardly_meant_is_warned_about() {
    for (line, expected) in [
        ("nodes.a.dest = /d ; ours", "c:7: nodes.a.dest: ';' and what follows it are part of the value"),
        ("nodes.a.dest = /d # ours", "c:7: nodes.a.dest: '#' and what follows it are part of the value"),
        ("nodes.a.dest = \"/d\"", "c:7: nodes.a.dest: quotes are part of the value"),
        ("secrets.path = '/d'", "c:7: secrets.path: quotes are part of the value"),
        ("nodes.a.dest = ~/d", "c:7: nodes.a.dest: '~' is taken literally"),
        (
            "nodes.a.dest = ${UNSET}/d",
            "c:7: nodes.a.dest: '${UNSET}' is taken literally, as in the original: \
             the variable 'UNSET' is not set; the file's path would contain it",
        ),
        (
            "nodes.a.dest = $UNSET/d",
            "'$UNSET' is taken literally, as in the original: the variable 'UNSET' is",
        ),
        (
            "nodes.a.dest = ${SET:-/x}/d",
            "'${SET:-/x}' is taken literally, as in the original: only $NAME and ${NAME} are replaced, without",
        ),
        ("secrets.path = /${SET", "'${' is taken literally, as in the original: the '}' after it is missing"),
        ("nodes.a.mode = 4755", "c:7: nodes.a.mode: 4755 makes the file set-uid (content from ZooKeeper"),
        ("nodes.a.mode = 666", "c:7: nodes.a.mode: 0666 makes the file writable by every local user"),
    ] {
        let warnings = warnings(line);
        assert!(warnings.len() == 1 && warnings[0].contains(expected), "{line}: {warnings:?}");
    }
}

#[test]
fn a_value_that_may_be_meant_is_not_warned_about() {
    for line in [
        "nodes.a.dest = /d/a#b;c",
        "nodes.a.dest = /$SET/5$",
        "nodes.a.owner = o'neil",
        "nodes.a.dest = /d/~",
        "other.key = ${UNSET} ; x",
    ] {
        assert_eq!(warnings(line), Vec::<String>::new());
    }
}

#[test]
fn the_writer_is_silent_about_nodes() {
    let text = "[live-data]\nzookeeper.hosts = zk\nnodes.a.source = /a\nnodes.a.dest = ~/$UNSET ; x\n";
    assert_eq!(Config::parse(text, "c", &environment(), Scope::Writer).unwrap().warnings, []);
}

#[test]
fn no_message_shows_what_a_variable_stood_for() {
    for line in [
        "zookeeper.hosts = $HOSTS",
        "zookeeper.hosts = +$SET",
        "zookeeper.hosts = $SET//a,b",
        "zookeeper.hosts = $SET://a",
        "zookeeper.timeout = $SPAN",
        "zookeeper.timeout = 5 $SPAN",
        "zookeeper.timeout = $SPAN seconds",
        "zookeeper.max_node_bytes = $SET",
        "secrets.provider = $SET",
        "secrets.path = /$SET\n  /b",
        "nodes.a.source = $SET/../b",
        "nodes.a.source = $SET/b",
        "nodes.a.dest = $SET/",
        "nodes.a.dest = /x/$SET\nnodes.b.dest = /x/$SET",
        "nodes.a.owner = $SET:",
        "nodes.a.mode = $SET",
        "nodes.a.fsync = $SET",
        "nodes.a.format = $SET",
        "nodes.a.check = $SET",
        "zookeeper.tls.ca = /ca\nzookeeper.hosts = -$SET",
    ] {
        let mut text = String::from("[live-data]\n");
        for default in
            ["zookeeper.hosts = zk", "nodes.a.source = /a", "nodes.a.dest = /d", "nodes.b.source = /b"]
        {
            let key = default.split(' ').next().unwrap();
            if !line.contains(key) {
                text += &format!("{default}\n");
            }
        }
        if !line.contains("nodes.b.dest") {
            text += "nodes.b.dest = /b\n";
        }
        let parsed = Config::parse(text + line, "c", &environment(), Scope::Watcher);
        let shown = match parsed {
            Ok(parsed) => format!("{:?}", parsed.warnings),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(shown.len() > "[]".len(), "{line}: nothing was said");
        assert!(!shown.contains("hush"), "{line}: {shown}");
    }
}

#[test]
fn nodes_that_no_watcher_would_read_are_warned_about() {
    let warning = warnings("zookeeper.max_node_bytes = 20000000");
    assert_eq!(warning.len(), 1);
    assert!(warning[0].contains("watchers read at most zookeeper.max_read_bytes (16777216)"), "{warning:?}");
    let raised = "zookeeper.max_node_bytes = 20000000\nzookeeper.max_read_bytes = 20000000";
    assert_eq!(warnings(raised), Vec::<String>::new());
}
