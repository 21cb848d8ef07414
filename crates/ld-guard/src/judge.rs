//! All guards of a node, cheapest first.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use ld_config::{Guards, counted};

use crate::check::ask_program;
use crate::{Checks, Error, Guard, format};

/// A check that has not ended by then is killed, and the content is rejected.
const CHECK_LIMIT: Duration = Duration::from_secs(10);

/// The largest content in a file that is parsed.
const MAX_PARSED: u64 = 32 << 20;

/// Judges `content` by all guards that are set, cheapest first. Blocks, with a check program for
/// 10 s at most, or until `checks` are ended.
///
/// Only a check program needs a file. `write_file` writes it, to a place that the program may read.
/// This function drops the value that `write_file` gave and removes nothing itself: return one that
/// removes its file, such as `tempfile::TempPath`. The file of a plain `PathBuf` stays.
/// `ld_publish::judge` brings such a file.
///
/// # Errors
///
/// - [`Error::Rejected`]: a guard rejects the content.
/// - [`Error::NotJudged`]: the check program or its file cannot be had, or this build lacks the
///   format.
/// - [`Error::Interrupted`]: [`Checks::end`] came before the check program's answer.
pub fn judge<F: AsRef<Path>, E: fmt::Display>(
    guards: &Guards,
    content: &[u8],
    checks: &Checks,
    write_file: impl FnOnce(&[u8]) -> Result<F, E>,
) -> Result<(), Error> {
    check_size(guards, content.len() as u64)?;
    if let Some(format) = guards.format {
        format::parse(format, content)?;
    }
    match &guards.check {
        Some(program) => ask_program(program, checks, CHECK_LIMIT, || write_file(content).map(|file| [file])),
        None => Ok(()),
    }
}

/// The same for content of `bytes` bytes in a file. Only a check program needs that: `file` gives
/// it then. Only a format needs the content in memory: `read` reads it, unless it is larger than 32
/// MiB.
///
/// # Errors
///
/// As [`judge`], and [`Error::Rejected`] for a format of larger content.
pub fn judge_file<F: AsRef<Path>, E: fmt::Display>(
    guards: &Guards,
    file: impl FnOnce() -> Result<F, E>,
    bytes: u64,
    checks: &Checks,
    read: impl FnOnce() -> io::Result<Vec<u8>>,
) -> Result<(), Error> {
    check_size(guards, bytes)?;
    if let Some(format) = guards.format {
        if bytes > MAX_PARSED {
            let size = counted(bytes, "byte");
            let reason = format!("it has {size}, and a format is checked up to {MAX_PARSED}");
            return Err(Error::rejected(Guard::Format, reason));
        }
        let content = read().map_err(|error| Error::NotJudged(error.to_string()))?;
        format::parse(format, &content)?;
    }
    match &guards.check {
        Some(program) => ask_program(program, checks, CHECK_LIMIT, || file().map(|file| [file])),
        None => Ok(()),
    }
}

fn check_size(guards: &Guards, bytes: u64) -> Result<(), Error> {
    if let Some(least) = guards.min_bytes.filter(|least| bytes < *least as u64) {
        return Err(Error::rejected(
            Guard::Size,
            format!("it has {}, and min_bytes is {least}", counted(bytes, "byte")),
        ));
    }
    if let Some(most) = guards.max_bytes.filter(|most| bytes > *most as u64) {
        return Err(Error::rejected(
            Guard::Size,
            format!("it has {}, and max_bytes is {most}", counted(bytes, "byte")),
        ));
    }
    Ok(())
}
