//! Pauses of the process: a debugger, a CPU limit, or a suspended machine.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::case::{Case, How, QUIET};
use super::scenarios_alone;
use crate::kit::Dir;
use crate::payload::payload;

scenarios_alone! {
    crate::child::As::Itself; EventsOnly as events_only, PollAlone as poll_alone;
    [writer_that_begins_while_the_reader_is_stopped]
}

/// Removes the file, stops the process, writes half of the file, continues the process and writes
/// the rest. Prints for how many nanoseconds the half was visible.
const WRITER: &str = r#"
    reader=$1 wait=$2 file=$3 first=$4 second=$5
    rm "$file"
    sleep "$wait"
    kill -STOP "$reader"
    sleep 1.2
    exec 4>"$file"
    cat "$first" >&4
    begin=$(date +%s%N)
    kill -CONT "$reader"
    sleep 0.02
    cat "$second" >&4
    exec 4>&-
    echo $(($(date +%s%N) - begin))
"#;

fn writer_that_begins_while_the_reader_is_stopped(how: How) {
    // The promise is for pauses of the writer below the quiet time.
    for number in 2..20 {
        let dir = Dir::new();
        let path = dir.write("file", payload(1));
        let case = Case::new(how, &path);
        case.shows(1);
        if write_half_while_stopped(&dir, &path, number, how) < QUIET / 2 {
            case.shows(number);
            return case.ends_well();
        }
    }
    panic!("the writer never ran in time on this machine");
}

fn write_half_while_stopped(dir: &Dir, path: &Path, number: u64, how: How) -> Duration {
    let content = payload(number);
    let (first, second) = content.split_at(content.len() / 2);
    let (first, second) = (dir.write("first", first), dir.write("second", second));
    // The process is stopped after it found the file missing and before that settled.
    let wait = if how == How::PollAlone { QUIET / 2 } else { QUIET + QUIET / 2 };
    let output = Command::new("sh")
        .args(["-c", WRITER, "writer", &std::process::id().to_string(), &wait.as_secs_f64().to_string()])
        .args([path, &first, &second])
        .output()
        .expect("sh");
    let text = String::from_utf8_lossy(&output.stdout);
    Duration::from_nanos(text.trim().parse().unwrap_or_else(|_| panic!("{output:?}")))
}
