//! `cargo dev demo --keep`: its printed commands work, and nothing stays after Ctrl-C.

use std::path::Path;
use std::time::Duration;

use ld_testkit::{SOON, TestCommand, binary, wait_until};

/// The demo builds the workspace and starts a server.
const START: Duration = Duration::from_secs(120);

#[test]
fn the_commands_of_a_kept_demo_work_and_it_leaves_no_files() {
    // A shell makes its background jobs ignore Ctrl-C.
    let demo = TestCommand::new(binary("ld-dev")).wrapped_by(["env", "--default-signal=INT"]);
    let demo = demo.args(["demo", "--keep"]).start();
    demo.wait_for_stdout("Ctrl-C ends everything and removes all files.", START);
    let shown = demo.stdout();
    assert!(shown.contains("Rolled back: the writer took"), "{shown}");
    assert!(shown.contains("1 of 1 files are as they should be"), "{shown}");
    let (_, commands) = shown.split_once("In another terminal:").unwrap();
    let commands: Vec<&str> = commands.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let [edit, write, cat, damage] = commands[..] else { panic!("{commands:?}") };
    let sh = |line: &str| {
        let output = TestCommand::new("sh").args(["-c", line]).env("EDITOR", "sed -i s/5}/60}/").run(SOON);
        assert_eq!(output.code, Some(0), "{line}: {}", output.stderr);
        output.stdout
    };
    sh(edit);
    assert!(sh(write).contains("+  \"checkout\": {\"percent\": 60}"));
    wait_until("the edit", SOON, || sh(cat).contains("60"));
    sh(damage);
    demo.wait_for_stdout("another process changed", 2 * SOON);
    wait_until("the repair", SOON, || sh(cat).contains("60"));
    let directory = Path::new(cat.strip_prefix("cat ").unwrap()).parent().unwrap();
    demo.interrupt();
    demo.wait(SOON);
    wait_until("its files to be gone", SOON, || !directory.exists());
}
