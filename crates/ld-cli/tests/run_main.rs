//! `run_main` in a process of its own, which is this test started again.

use std::env;
use std::fs;
use std::io::Read;
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

use ld_cli::{Exit, LogFormat, LogOptions, run_main};
use tracing::{error, info, warn};

/// What the process does instead of testing.
const ROLE: &str = "LD_CLI_ROLE";

/// The format of its log lines.
const FORMAT: &str = "LD_CLI_FORMAT";

const LINES: usize = 20_000;

/// One of each kind that a terminal acts upon, or that hides what is there.
const HIDDEN: &str = "a\u{200b}\u{feff}\u{ad}\u{2060}\u{e0041}\u{fe0f}\u{2028}\u{202e}\u{61c}\nb";

fn main() -> ExitCode {
    match env::var(ROLE) {
        Ok(role) => {
            let format =
                env::var(FORMAT).map_or(LogFormat::Plain, |format| format.parse().expect("a format"));
            let options = LogOptions { debug: role == "debug", session_news: true, format };
            run_main(options, || prepare(&role), |()| play(&role))
        }
        Err(_) => {
            a_panic_is_one_line_with_place_and_reason_and_exits_1();
            a_panic_in_a_task_is_one_line_and_the_process_goes_on();
            every_line_is_written_in_order_before_the_end();
            debug_lines_have_level_and_target();
            preparation_has_the_process_for_itself();
            hidden_characters_are_escaped();
            a_flood_is_one_line_and_a_count();
            core_dumps_are_off();
            full_lines_have_time_level_and_target();
            json_lines_are_objects_with_fields();
            a_flood_with_times_is_one_line_and_a_count();
            rust_log_filters_what_is_written_and_not_what_is_counted();
            a_broken_filter_is_ignored_with_a_warning();
            an_end_waits_half_a_second_for_an_unread_pipe();
            ExitCode::SUCCESS
        }
    }
}

fn prepare(role: &str) -> Result<(), Exit> {
    if role == "threads" {
        info!("{} thread", threads());
    }
    if role == "refuse" {
        error!("it cannot be prepared");
        return Err(Exit::Usage);
    }
    Ok(())
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("a process reads its own threads").count()
}

fn play(role: &str) -> Result<Exit, Exit> {
    match role {
        "panic" => panic!("a reason\non two lines"),
        "task" => {
            let runtime = ld_cli::build_runtime()?;
            runtime.block_on(async {
                let _ = tokio::spawn(async { panic!("a task's reason") }).await;
                info!("it goes on");
            });
            Ok(Exit::Done)
        }
        "threads" => {
            info!("{} threads", threads());
            Ok(Exit::Done)
        }
        "hidden" => {
            warn!("{HIDDEN}");
            Ok(Exit::Done)
        }
        "flood" => {
            (0..LINES).for_each(|_| info!("again"));
            info!("the end");
            Ok(Exit::Done)
        }
        "fields" => {
            info!(node = "flags", bytes = 3_u64, took = 0.5, "Updating '{HIDDEN}'");
            Ok(Exit::Done)
        }
        "dump" => {
            let limits = fs::read_to_string("/proc/self/limits").expect("a process reads its own limits");
            let core = limits.lines().find(|line| line.starts_with("Max core file size"));
            info!("{}", core.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "));
            info!("{:?}", rustix::process::dumpable_behavior());
            Ok(Exit::Done)
        }
        "debug" => {
            warn!("a warning");
            let logged = ld_cli::problems_logged();
            assert_eq!((logged.warnings, logged.errors), (1, 0));
            Err(Exit::Usage)
        }
        _ => {
            (0..LINES).for_each(|number| info!("line {number}"));
            error!("the end");
            Ok(Exit::Done)
        }
    }
}

fn command(role: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this executable has a path"));
    command.env(ROLE, role).env("RUST_BACKTRACE", "1").env_remove("RUST_LOG");
    command
}

fn run(role: &str) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command(role).output().expect("this executable runs");
    (status.code(), String::from_utf8(stderr).expect("log lines are UTF-8"))
}

fn a_panic_is_one_line_with_place_and_reason_and_exits_1() {
    let (code, stderr) = run("panic");
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
    assert!(stderr.starts_with("panicked at crates/ld-cli/tests/run_main.rs:"), "{stderr}");
    assert!(stderr.ends_with(": a reason on two lines; please report this as a bug\n"), "{stderr}");
}

fn a_panic_in_a_task_is_one_line_and_the_process_goes_on() {
    let (code, stderr) = run("task");
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!((code, lines.len()), (Some(0), 2), "{stderr}");
    assert!(lines[0].contains(": a task's reason; ") && lines[1] == "it goes on", "{stderr}");
}

fn every_line_is_written_in_order_before_the_end() {
    let (code, stderr) = run("lines");
    let expected: String = (0..LINES).map(|number| format!("line {number}\n")).collect();
    assert_eq!(code, Some(0));
    assert!(stderr == expected + "the end\n", "{}", stderr.lines().count());
}

fn debug_lines_have_level_and_target() {
    assert_eq!(run("debug"), (Some(2), "WARN run_main: a warning\n".to_owned()));
}

fn preparation_has_the_process_for_itself() {
    assert_eq!(run("threads"), (Some(0), "1 thread\n2 threads\n".to_owned()));
    assert_eq!(run("refuse"), (Some(2), "it cannot be prepared\n".to_owned()));
}

fn hidden_characters_are_escaped() {
    let shown = r"a\u{200b}\u{feff}\u{ad}\u{2060}\u{e0041}\u{fe0f}\u{2028}\u{202e}\u{61c}\nb";
    assert_eq!(run("hidden"), (Some(0), format!("{shown}\n")));
}

fn a_flood_is_one_line_and_a_count() {
    let (code, stderr) = run("flood");
    let count = LINES - 1;
    assert_eq!(code, Some(0));
    assert_eq!(stderr, format!("again\n(the last line was repeated {count} times)\nthe end\n"));
}

/// Runs the role with more in the environment.
fn run_with(role: &str, environment: &[(&str, &str)]) -> String {
    let output = command(role).envs(environment.iter().copied()).output().expect("this executable runs");
    String::from_utf8(output.stderr).expect("log lines are UTF-8")
}

/// Splits a line of the full format after its time.
fn after_time(line: &str) -> &str {
    let (time, rest) = line.split_at(27);
    assert!(time.starts_with("20") && &time[10..11] == "T" && time.ends_with('Z'), "{line}");
    rest
}

fn full_lines_have_time_level_and_target() {
    let stderr = run_with("debug", &[(FORMAT, "full")]);
    assert_eq!(after_time(&stderr), "  WARN run_main: a warning\n");
}

fn json_lines_are_objects_with_fields() {
    let stderr = run_with("fields", &[(FORMAT, "json")]);
    let line: serde_json::Value = serde_json::from_str(&stderr).expect("a line is an object");
    assert_eq!(line["message"], format!("Updating '{HIDDEN}'"));
    assert_eq!((&line["node"], &line["bytes"]), (&"flags".into(), &3.into()));
    assert_eq!((&line["level"], &line["target"]), (&"INFO".into(), &"run_main".into()));
    after_time(line["timestamp"].as_str().expect("a time"));
    assert!(stderr.trim_end().chars().all(|shown| !ld_cli::ld_config::is_hidden(shown)), "{stderr}");
}

fn a_flood_with_times_is_one_line_and_a_count() {
    let stderr = run_with("flood", &[(FORMAT, "full")]);
    let lines: Vec<_> = stderr.lines().map(after_time).collect();
    let count = format!("  WARN ld_cli: (the last line was repeated {} times)", LINES - 1);
    assert_eq!(lines, ["  INFO run_main: again", &count, "  INFO run_main: the end"]);
}

fn rust_log_filters_what_is_written_and_not_what_is_counted() {
    // The role itself asserts that a warning was counted.
    assert_eq!(run_with("debug", &[("RUST_LOG", "error")]), "");
    assert_eq!(run_with("dump", &[("RUST_LOG", "error,run_main=info")]).lines().count(), 2);
}

fn a_broken_filter_is_ignored_with_a_warning() {
    let stderr = run_with("refuse", &[("RUST_LOG", "loud=very")]);
    assert!(stderr.starts_with("RUST_LOG is ignored, as it cannot be parsed: "), "{stderr}");
    assert!(stderr.ends_with("it cannot be prepared\n"), "{stderr}");
}

fn core_dumps_are_off() {
    let expected = "Max core file size 0 0 bytes\nOk(NotDumpable)\n";
    assert_eq!(run("dump"), (Some(0), expected.to_owned()));
}

fn an_end_waits_half_a_second_for_an_unread_pipe() {
    let start = Instant::now();
    let mut child = command("lines").stderr(Stdio::piped()).spawn().expect("this executable runs");
    let status = child.wait().expect("it is our child");
    assert_eq!(status.code(), Some(0));
    assert!(start.elapsed() >= Duration::from_millis(500), "{:?}", start.elapsed());
    let mut text = String::new();
    child.stderr.take().expect("it is a pipe").read_to_string(&mut text).expect("log lines are UTF-8");
    assert!(text.starts_with("line 0\nline 1\n"), "{text}");
}
