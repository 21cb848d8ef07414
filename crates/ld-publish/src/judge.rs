//! The guards of a node, asked before its content is published.

use std::io::{self, Write};

use ld_config::NodeConfig;
use ld_guard::Checks;

use crate::Error;

/// Judges `content` by the guards of `node`, as a watcher with that configuration will. A check
/// sees the content in a private file below the system's directory for temporary files. Blocks, for
/// the 10 s of a check at most, or until `checks` are ended.
///
/// # Errors
///
/// - [`Error::Rejected`] if a guard rejects it or cannot judge it.
/// - [`Error::Interrupted`] if [`Checks::end`] came before the check accepted it.
pub fn judge(node: &NodeConfig, content: &[u8], checks: &Checks) -> Result<(), Error> {
    ld_guard::judge(&node.guards, content, checks, private_file).map_err(|error| match error {
        ld_guard::Error::Interrupted => Error::Interrupted,
        error => Error::Rejected { node: node.name.clone(), reason: error.to_string() },
    })
}

/// A file that only this user may read, removed when it is dropped.
fn private_file(content: &[u8]) -> io::Result<tempfile::TempPath> {
    let mut file = tempfile::Builder::new().prefix("live-data-check.").tempfile()?;
    file.write_all(content)?;
    Ok(file.into_temp_path())
}
