//! Why a program cannot be run, as its first line shows.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitStatus;

use rustix::fs::OFlags;

/// What a shell answers when it cannot run what it was told to, and when it does not find it.
const SHELL_CANNOT_RUN: [i32; 2] = [126, 127];

/// Linux looks at this many bytes of a script.
const LOOKED_AT: u64 = 256;

/// A text to add to `error`, which running `program` gave; empty without anything to add.
pub fn explain(program: &Path, error: &io::Error) -> String {
    let line = first_line(program);
    let interpreter = line.as_deref().and_then(interpreter);
    if error.kind() != io::ErrorKind::NotFound {
        return String::new();
    }
    match (interpreter, &line) {
        (Some(path), _) if !Path::new(path).exists() => {
            let path = path.escape_debug();
            format!(": its first line names an interpreter that does not exist: '{path}'")
        }
        (None, Some(_)) => ": the file exists, but not the loader that it was built for".to_owned(),
        _ => String::new(),
    }
}

/// A text to add to `status`, with which `program` ended; empty without anything to add.
pub fn explain_status(program: &Path, status: ExitStatus) -> &'static str {
    let is_refused = status.code().is_some_and(|code| SHELL_CANNOT_RUN.contains(&code));
    if is_refused && ends_in_carriage_return(program) {
        ": its first line ends in a carriage return, which is taken for a part of the name"
    } else {
        ""
    }
}

/// Whether the first line ends in a carriage return, which becomes a part of what it names.
fn ends_in_carriage_return(program: &Path) -> bool {
    first_line(program).is_some_and(|line| line.starts_with("#!") && line.ends_with('\r'))
}

fn interpreter(line: &str) -> Option<&str> {
    line.strip_prefix("#!")?.split([' ', '\t']).find(|word| !word.is_empty())
}

/// The first line without its line feed; `None` if it cannot be read.
fn first_line(program: &Path) -> Option<String> {
    let not_waiting = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(not_waiting).open(program).ok()?;
    let mut start = Vec::new();
    file.take(LOOKED_AT).read_to_end(&mut start).ok()?;
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Some(String::from_utf8_lossy(line).into_owned())
}
