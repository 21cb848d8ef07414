//! A progress bar below the log lines, on a terminal only.

use std::env;
use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

use crate::logging;

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) done: u64,
    pub(crate) total: u64,
}

/// Whether standard error is a terminal that can show a progress bar.
pub fn shows_progress() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_some_and(|term| term != "dumb")
}

/// Shows `done` of `total` in a bar below the log lines until [`end_progress`]; it has no effect
/// where [`shows_progress`] is false. It does not block: the thread that writes log lines draws.
pub fn show_progress(done: u64, total: u64) {
    if shows_progress() {
        logging::set_progress(Some(Progress { done, total }));
    }
}

/// Removes the bar.
pub fn end_progress() {
    logging::set_progress(None);
}

/// The bar as the terminal has it, of the thread that writes to it.
#[derive(Default)]
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    /// Writes log lines above the bar, and then shows how far it is. Blocks while standard error
    /// does.
    pub(crate) fn write(&mut self, progress: Option<Progress>, write: impl FnOnce()) {
        let Some(Progress { done, total }) = progress else {
            if let Some(bar) = self.0.take() {
                bar.finish_and_clear();
            }
            return write();
        };
        let bar = self.0.get_or_insert_with(|| {
            let bar = ProgressBar::new(total);
            let style = ProgressStyle::with_template("[{bar:40}] {pos}/{len} nodes, {elapsed}");
            if let Ok(style) = style {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        bar.suspend(write);
        bar.set_length(total);
        bar.set_position(done);
        bar.tick();
    }
}
