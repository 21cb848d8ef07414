//! Shows how far a program is, on a terminal only.

use std::env;
use std::io::{self, IsTerminal};

use crate::logging;
use crate::progress::{Progress, Unit};

/// Whether standard error is a terminal that can show a progress bar.
pub fn shows_progress() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_some_and(|term| term != "dumb")
}

/// Shows `done` of `total` nodes in a bar below the log lines until [`end_progress`]; it has no
/// effect where [`shows_progress`] is false. It does not block: the thread that writes log lines
/// draws.
pub fn show_progress(done: u64, total: u64) {
    show(Progress { done, total, unit: Unit::Nodes });
}

/// The same for bytes, with their rate.
pub fn show_progress_in_bytes(done: u64, total: u64) {
    show(Progress { done, total, unit: Unit::Bytes });
}

/// The same for hosts that have what was published.
pub fn show_progress_of_hosts(done: u64, total: u64) {
    show(Progress { done, total, unit: Unit::Hosts });
}

fn show(progress: Progress) {
    if shows_progress() {
        logging::set_progress(Some(progress));
    }
}

/// Removes the bar.
pub fn end_progress() {
    logging::set_progress(None);
}
