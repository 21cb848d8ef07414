//! All guards of a node, cheapest first.

use std::fmt;
use std::path::Path;

use ld_config::Guards;

use crate::{Checks, Error, check, format};

/// Judges `content` by all guards that are set, cheapest first. Blocks, with a check program for
/// 10 s at most, or until `checks` are ended.
///
/// Only a check program needs a file. `write_file` writes it, to a place that the program may read,
/// and the file is removed when the value that it gave is dropped.
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
    let bytes = content.len();
    if let Some(least) = guards.min_bytes.filter(|least| bytes < *least) {
        return Err(Error::Rejected(format!("it has {bytes} bytes, and min_bytes is {least}")));
    }
    if let Some(most) = guards.max_bytes.filter(|most| bytes > *most) {
        return Err(Error::Rejected(format!("it has {bytes} bytes, and max_bytes is {most}")));
    }
    if let Some(format) = guards.format {
        format::parse(format, content)?;
    }
    match &guards.check {
        Some(program) => check::run(program, checks, || write_file(content)),
        None => Ok(()),
    }
}
