//! Where the INI file differs from baseplate.py on purpose.

use ld_config::{Config, ConfigError, Environment, Parsed, Scope};

fn parse_as(text: &str, scope: Scope) -> Result<Parsed, ConfigError> {
    Config::parse(text, "c", &Environment::empty(), scope)
}

fn parse(lines: &str) -> Result<Parsed, ConfigError> {
    parse_as(&format!("[live-data]\nzookeeper.hosts = zk:2181\n{lines}"), Scope::Watcher)
}

/// The errors of a section with `zookeeper.hosts` in its second line.
fn errors(lines: &str) -> String {
    parse(lines).expect_err(lines).to_string()
}

#[test]
fn values_that_hurt_are_errors_that_name_what_is_allowed() {
    for (line, error) in [
        ("mode = 9", "'9' is not an octal file mode (allowed: 0 to 7777, such as 0400)"),
        ("mode = -400", "'-400' is not an octal file mode"),
        ("mode = 77777", "'77777' is not an octal file mode"),
        ("mode = 0x1", "'0x1' is not an octal file mode"),
        ("mode = 0o", "'0o' is not an octal file mode"),
        ("owner = -1", "'-1' is not a valid user (allowed: a user name, or an id from 0 to 4294967294)"),
        (
            "group = 4294967295",
            "'4294967295' is not a valid group (allowed: a group name, or an id from 0 to 4294967294)",
        ),
        ("owner = a b", "'a b' is not a valid user"),
        ("fsync = yes", "'yes' is neither true nor false"),
    ] {
        let errors = errors(&format!("nodes.a.source = /a\nnodes.a.dest = /d\nnodes.a.{line}"));
        assert!(errors.starts_with("c:5: nodes.a.") && errors.contains(error), "{errors}");
    }
    for (line, error) in [
        ("watcher.heartbeat_interval = 0 seconds", "(allowed: 10 milliseconds to 365 days)"),
        ("watcher.drift_interval = 400 days", "(allowed: 10 milliseconds to 365 days)"),
        ("watcher.content_interval = 9 milliseconds", "(allowed: 10 milliseconds to 365 days)"),
        ("zookeeper.max_read_bytes = 0", "(allowed: 1 to 2147483647)"),
        ("zookeeper.max_node_bytes = 0", "(allowed: 1 to 2147483647)"),
        ("zookeeper.max_node_bytes = 1 MB", "'1 MB' is not an integer"),
        ("publish.history = 1001", "(allowed: 0 to 1000)"),
        ("publish.root = /", "name a node below it"),
        ("secrets.path = /a\n  b", r"'/a\nb' has a line break: is the next line indented by mistake?"),
        ("zookeeper.credentials = a\n  b", "has a line break"),
    ] {
        let errors = errors(line);
        assert!(errors.starts_with("c:3: ") && errors.contains(error), "{errors}");
    }
}

#[test]
fn a_destination_must_be_a_file() {
    for dest in ["/", "/d/", "/d/.", "..", "/d\0"] {
        let errors = errors(&format!("nodes.a.source = /a\nnodes.a.dest = {dest}"));
        assert!(errors.starts_with("c:4: nodes.a.dest: "), "{errors}");
    }
}

#[test]
fn one_destination_twice_is_an_error_with_both_lines() {
    let cwd = std::env::current_dir().unwrap();
    for (one, other) in
        [("/d/f", "/d/f"), ("/d/f", "//d/./f"), ("f", &*cwd.join("f").to_string_lossy()), ("./f", "f")]
    {
        let errors = errors(&format!(
            "nodes.a.source=/a\nnodes.a.dest={one}\nnodes.b.source=/a\nnodes.b.dest={other}"
        ));
        assert_eq!(
            errors,
            format!(
                "c:6: nodes.b.dest: the destination of nodes.b is already that of nodes.a in line 4: \
                 give each node a file of its own"
            )
        );
    }
    assert!(parse("nodes.a.source=/a\nnodes.a.dest=/d/f\nnodes.b.source=/a\nnodes.b.dest=/d/F").is_ok());
}

#[test]
fn all_errors_come_at_once_in_the_order_of_the_file() {
    let errors =
        errors("zookeeper.timeout = x\nnovalue\nnodes.a.mode = 9\nnodes.b.source = ..\nsecrets.backoff = x");
    let starts: Vec<&str> = errors.lines().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(
        starts,
        [
            "zookeeper.timeout",
            "no '=' or ':' in 'novalue'",
            "nodes.a.source",
            "nodes.a.dest",
            "nodes.a.mode",
            "nodes.b.source",
            "nodes.b.dest",
            "secrets.backoff"
        ]
    );
}

#[test]
fn an_error_keeps_the_warning_that_explains_it() {
    let Err(ConfigError::Invalid { warnings, .. }) =
        parse_as("[live-data]\nzookeeper.host = zk", Scope::Writer)
    else {
        panic!("accepted");
    };
    assert!(warnings[0].to_string().contains("'zookeeper.hosts'"));
}

#[test]
fn bytes_that_are_not_utf8_are_an_error_with_their_line() {
    let error =
        Config::parse(b"[live-data]\r\n# \xff\n", "c", &Environment::empty(), Scope::Writer).unwrap_err();
    assert_eq!(error.to_string(), "c:2: not UTF-8: unexpected byte 0xff");
}
