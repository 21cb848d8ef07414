//! What goes to standard output.

use std::io::{IsTerminal, Write};

use ld_publish::Diff;
use tracing::info;

/// Prints the change; content that is no text is only mentioned. Blocks while standard output does.
pub(crate) fn show(diff: &Diff) {
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
pub(crate) fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
