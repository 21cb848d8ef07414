//! A progress bar below the log lines, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) done: u64,
    pub(crate) total: u64,
    pub(crate) unit: Unit,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Nodes,
    Bytes,
    Hosts,
}

/// The bar as the terminal has it, of the thread that writes to it.
#[derive(Default)]
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    /// Writes log lines above the bar, and then shows how far it is. Blocks while standard error
    /// does.
    pub(crate) fn write(&mut self, progress: Option<Progress>, write: impl FnOnce()) {
        let Some(Progress { done, total, unit }) = progress else {
            if let Some(bar) = self.0.take() {
                bar.finish_and_clear();
            }
            return write();
        };
        let bar = self.0.get_or_insert_with(|| {
            let bar = ProgressBar::new(total);
            let style = ProgressStyle::with_template(match unit {
                Unit::Nodes => "[{bar:40}] {pos}/{len} nodes, {elapsed}",
                Unit::Hosts => "[{bar:40}] {pos}/{len} hosts have it, {elapsed}",
                Unit::Bytes => "[{bar:40}] {bytes}/{total_bytes}, {bytes_per_sec}",
            });
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
