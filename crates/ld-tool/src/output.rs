//! What goes to standard output.

use std::io::{IsTerminal, Write};

use ld_cli::Exit;
use ld_config::{ZooKeeperConfig, counted};
use ld_publish::{Diff, Published};
use tracing::info;

use crate::{UNLIMITED, on_a_thread};

/// Shows a change; content that is no text is only mentioned.
///
/// # Errors
///
/// [`Exit::Failed`], logged: the system refuses a thread.
pub async fn show(diff: impl FnOnce() -> Diff + Send + 'static) -> Result<(), Exit> {
    // The reader of the diff may take its time: a pager does.
    on_a_thread("showing the change", UNLIMITED, || print(&diff())).await
}

fn print(diff: &Diff) {
    match diff {
        Diff::Unified(text) | Diff::Summary(text) => {
            // A closed pipe must not keep the write from happening.
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
        _ => info!("Skipping diff, data appears to be binary."),
    }
}

/// Colour goes to a terminal, unless the user asks for none (<https://no-color.org>).
pub fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Logs what a node is after a write.
pub fn report_published(path: &str, published: &Published, zookeeper: &ZooKeeperConfig) {
    let ensemble = ld_cli::ensemble(zookeeper);
    let Published { version, mzxid, bytes, .. } = *published;
    info!(
        source = path,
        version,
        mzxid,
        bytes,
        "{path} in {ensemble} is now version {version}, mzxid {mzxid:#x}, {}",
        counted(bytes as u64, "byte")
    );
}
