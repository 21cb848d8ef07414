//! The class path in `LD_TEST_ZOOKEEPER_CLASSPATH`, given to this test binary as a child process.

use std::env;
use std::time::Duration;

use ld_testkit::{Server, TempDir, TestCommand, TestOutput};

const VARIABLE: &str = "LD_TEST_ZOOKEEPER_CLASSPATH";
/// Set for a child process.
const CHILD: &str = "LD_TESTKIT_CHILD";
const DEBIAN: &str = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar";
const LIMIT: Duration = Duration::from_secs(90);

/// Runs [`child_starts_a_server`] with a class path.
fn start_server_with(class_path: &str) -> TestOutput {
    let this_binary = env::current_exe().expect("the path of this executable is known");
    let child = TestCommand::new(this_binary).args(["--exact", "child_starts_a_server", "--nocapture"]);
    child.env(CHILD, "").env(VARIABLE, class_path).run(LIMIT)
}

#[test]
fn child_starts_a_server() {
    if env::var_os(CHILD).is_some() {
        Server::start().admin().create("/node", "data").unwrap();
        println!("the server serves");
    }
}

#[test]
fn a_server_runs_from_the_given_class_path() {
    let class_path = env::var(VARIABLE).unwrap_or_else(|_| DEBIAN.to_owned());
    let output = start_server_with(&class_path);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stdout.contains("the server serves"), "{}", output.stdout);
}

#[test]
fn a_wrong_class_path_is_an_error_that_says_what_to_set() {
    let output = start_server_with("/nowhere/lib/*");
    assert_ne!(output.code, Some(0));
    let expected =
        [VARIABLE, "there are no jars in '/nowhere/lib'", "set it to the jars of a ZooKeeper server"];
    assert!(expected.iter().all(|text| output.stderr.contains(text)), "{}", output.stderr);
}

#[test]
fn a_class_path_without_a_server_is_named_with_the_log() {
    let empty = TempDir::new();
    let output = start_server_with(empty.path().to_str().unwrap());
    assert_ne!(output.code, Some(0));
    let expected = [VARIABLE, "Could not find or load main class"];
    assert!(expected.iter().all(|text| output.stderr.contains(text)), "{}", output.stderr);
}
