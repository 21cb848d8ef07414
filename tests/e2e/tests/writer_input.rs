//! Input that the writer refuses: empty input without a flag, and unreadable credentials.

use std::fs;

use ld_testkit::{Host, Namespace, SOON, TestCommand, TestOutput, binary};

/// A namespace with the node `/flags`, which contains `old`.
fn flags() -> (Namespace, Host) {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "old").unwrap();
    let host = Host::new(zookeeper.connect_string());
    (zookeeper, host)
}

fn content(zookeeper: &Namespace) -> Vec<u8> {
    zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().0
}

/// Runs the writer in a shell script, where `"$@"` is its command line.
fn in_shell(host: &Host, script: &str, options: &[&str], source: &str) -> TestOutput {
    let writer = TestCommand::new(binary("live-data-writer")).args(options);
    let writer = writer.arg(host.config()).arg(source).arg("/flags");
    writer.wrapped_by(["bash", "-c", script, "bash"]).run(SOON)
}

#[track_caller]
fn refused(zookeeper: &Namespace, output: &TestOutput, reason: &str) {
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{}", output.stderr);
    assert!(output.stderr.contains(reason), "{}", output.stderr);
    assert_eq!(content(zookeeper), b"old");
}

#[test]
fn empty_standard_input_is_refused_without_allow_empty() {
    let (zookeeper, host) = flags();
    let reason = "is empty; nothing was written (give --allow-empty to empty the node)\n";
    for (script, source) in [
        (r#"exec "$@""#, "-"),
        (r#"exec "$@" < /dev/null"#, "-"),
        (r#"false | "$@""#, "-"),
        (r#"false | "$@""#, "/dev/stdin"),
    ] {
        refused(&zookeeper, &in_shell(&host, script, &[], source), reason);
    }
    let substitution = r#"exec "${@:1:2}" <(false) "${@:4}""#;
    refused(&zookeeper, &in_shell(&host, substitution, &[], "replaced"), reason);

    let output = in_shell(&host, r#"true | "$@""#, &["--allow-empty"], "-");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(content(&zookeeper), b"");
}

#[test]
fn an_empty_file_is_written_as_in_the_original() {
    let (zookeeper, host) = flags();
    let writer = host.writer("", "/flags").run(SOON);
    assert_eq!(writer.code, Some(0), "{}", writer.stderr);
    assert_eq!(content(&zookeeper), b"");
}

#[test]
fn a_closed_standard_input_is_refused_always() {
    let (zookeeper, host) = flags();
    for (options, source) in [(&[][..], "-"), (&["--allow-empty"], "-"), (&["--allow-empty"], "/dev/stdin")] {
        let output = in_shell(&host, r#"exec "$@" <&-"#, options, source);
        refused(&zookeeper, &output, "standard input is closed; nothing was written");
    }
}

#[test]
fn credentials_that_cannot_be_read_are_refused() {
    let (zookeeper, host) = flags();
    let host = host.credentials(&["user:password", "other:password"]);
    let secrets = host.path("secrets.json");
    let reason = "nothing was written: the ZooKeeper credential secret/zookeeper/1 cannot be used: ";

    host.write_secrets(&["user:password"]);
    let output = host.writer("new", "/flags").run(SOON);
    refused(&zookeeper, &output, &format!("{reason}secret not found: 'secret/zookeeper/1'"));

    host.write_secrets(&["user:password", "without a colon"]);
    let output = host.writer("new", "/flags").run(SOON);
    refused(&zookeeper, &output, &format!("{reason}it is not of the form user:password"));

    fs::remove_file(&secrets).unwrap();
    let output = host.writer("new", "/flags").run(SOON);
    refused(&zookeeper, &output, &format!("{reason}unable to read the secrets in '{}'", secrets.display()));
    assert!(output.stderr.contains("No such file"), "{}", output.stderr);

    host.write_secrets(&["user:password", "other:password"]);
    let output = host.writer("new", "/flags").run(SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}

#[test]
fn secrets_that_hang_are_given_up_and_named() {
    let (zookeeper, host) = flags();
    let host = host.credentials(&["user:password"]);
    let secrets = host.path("secrets.json");
    fs::remove_file(&secrets).unwrap();
    assert_eq!(TestCommand::new("mkfifo").arg(&secrets).run(SOON).code, Some(0));
    // The limit for reading secrets is 10 s.
    let output = host.writer("new", "/flags").run(2 * SOON);
    refused(&zookeeper, &output, "nothing was written: ");
    assert!(output.stderr.contains(secrets.to_str().unwrap()), "{}", output.stderr);
}
