//! Arguments, standard streams and exit codes of both binaries.

use std::fs;

use ld_testkit::{Host, Namespace, SOON, TempDir, TestCommand, TestOutput, binary};

const WATCHER: &str = "live-data-watcher";
const WRITER: &str = "live-data-writer";

fn run(name: &str, arguments: &[&str]) -> TestOutput {
    TestCommand::new(binary(name)).args(arguments).run(SOON)
}

#[test]
fn wrong_usage_exits_2_with_a_usage_line_on_standard_error() {
    for (name, arguments) in [
        (WATCHER, &[][..]),
        (WATCHER, &["--nonsense", "config.ini"]),
        (WATCHER, &["config.ini", "too many"]),
        (WATCHER, &["--timeout", "5", "config.ini"]),
        (WATCHER, &["--strict", "config.ini"]),
        (WATCHER, &["--once", "--timeout", "0", "config.ini"]),
        (WATCHER, &["--once", "--timeout", "25h", "config.ini"]),
        (WRITER, &["config.ini", "source"]),
        (WRITER, &["config.ini", "source", "/dest", "too many"]),
        (WRITER, &["--timeout", "soon", "config.ini", "source", "/dest"]),
        (WRITER, &["-", "-", "/dest"]),
    ] {
        let output = run(name, arguments);
        assert_eq!(output.code, Some(2), "{name} {arguments:?}: {}", output.stderr);
        assert_eq!(output.stdout, "", "{name} {arguments:?}");
        assert_ne!(output.stderr, "", "{name} {arguments:?}");
    }
}

#[test]
fn durations_have_units_fractions_or_are_plain_seconds() {
    for duration in ["3s", "1.5s", "2m", "500ms", "15", "1.5"] {
        for (name, arguments) in [
            (WATCHER, &["--once", "--timeout", duration, "/no/such.ini"][..]),
            (WRITER, &["--timeout", duration, "/no/such.ini", "source", "/dest"]),
        ] {
            // The duration is accepted, and the missing file is the error.
            let output = run(name, arguments);
            assert!(output.stderr.contains("/no/such.ini"), "{name} {duration}: {}", output.stderr);
        }
    }
    for (duration, reason) in [
        ("soon", "such as '5 seconds', 1.5s, 2m or plain seconds"),
        ("0", "allowed: 1 millisecond to 1 hour"),
    ] {
        let output = run(WRITER, &["--timeout", duration, "/no/such.ini", "source", "/dest"]);
        assert_eq!(output.code, Some(2), "{}", output.stderr);
        assert!(output.stderr.contains(reason), "{}", output.stderr);
    }
}

#[test]
fn help_goes_to_standard_output_and_exits_0() {
    for (name, words) in [
        (WATCHER, &["--debug", "--once", "--strict", "--timeout", "CONFIG"][..]),
        (WRITER, &["--debug", "--dry-run", "--allow-empty", "--timeout", "CONFIG", "SOURCE", "DEST"]),
    ] {
        let output = run(name, &["--help"]);
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
        assert!(words.iter().all(|word| output.stdout.contains(word)), "{}", output.stdout);
    }
}

#[test]
fn a_file_that_cannot_be_opened_exits_2_and_is_named() {
    let directory = TempDir::new();
    let missing = directory.join("missing.ini");
    let missing = missing.to_str().unwrap();
    let host = Host::new("127.0.0.1:1");
    let config = host.config();
    for (name, arguments, named) in [
        (WATCHER, &[missing][..], missing),
        (WRITER, &[missing, "/dev/null", "/dest"], missing),
        (WRITER, &[config.to_str().unwrap(), missing, "/dest"], missing),
    ] {
        let output = run(name, arguments);
        assert_eq!(output.code, Some(2), "{name}: {}", output.stderr);
        assert!(output.stderr.contains(named), "{}", output.stderr);
    }
}

#[test]
fn a_directory_in_place_of_a_file_exits_2_as_in_the_original() {
    let directory = TempDir::new();
    let path = directory.path().to_str().unwrap();
    let host = Host::new("127.0.0.1:1");
    let config = host.config();
    for (name, arguments) in [
        (WATCHER, &[path][..]),
        (WRITER, &[path, "/dev/null", "/dest"]),
        (WRITER, &[config.to_str().unwrap(), path, "/dest"]),
    ] {
        let output = run(name, arguments);
        assert_eq!(output.code, Some(2), "{name}: {}", output.stderr);
        assert!(output.stderr.contains(path), "{}", output.stderr);
    }
}

#[test]
fn a_dash_for_config_or_source_is_standard_input() {
    let zookeeper = Namespace::new();
    let flags = zookeeper.path("/flags");
    zookeeper.admin().create(&flags, "old").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let config = host.config();
    let text = fs::read(&config).unwrap();

    let source = host.path("new");
    fs::write(&source, "from a file").unwrap();
    let writer = TestCommand::new(binary(WRITER)).arg("-").arg(source).arg("/flags").stdin(text.clone());
    let output = writer.run(SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(zookeeper.admin().get(&flags).unwrap().0, b"from a file");

    let writer = TestCommand::new(binary(WRITER)).arg(config).arg("-").arg("/flags").stdin("from a pipe");
    let output = writer.run(SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(zookeeper.admin().get(&flags).unwrap().0, b"from a pipe");

    let output = TestCommand::new(binary(WATCHER)).args(["--once", "-"]).stdin(text).run(SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(host.read("flags").unwrap(), b"from a pipe");
}

#[test]
fn log_lines_are_bare_and_have_level_and_target_with_debug() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "x").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags").node("absent", "/absent");
    let updating = format!("Updating '{}'", host.file("flags").display());
    let bare = host.once().run(SOON);
    assert!(bare.stderr.lines().any(|line| line.starts_with(&updating)), "{}", bare.stderr);
    assert_eq!(bare.stdout, "");
    fs::remove_file(host.file("flags")).unwrap();
    let debug = host.once().arg("--debug").run(SOON);
    let line = debug.stderr.lines().find(|line| line.contains(&updating)).expect("the line is there, too");
    assert!(line.starts_with("INFO "), "{line}");
    assert!(debug.stderr.contains("DEBUG "), "{}", debug.stderr);
    let writer = host.writer("y", "/flags").arg("--debug").run(SOON);
    assert!(writer.stderr.contains("INFO ld_zk"), "the writer's sessions show, too: {}", writer.stderr);
}
