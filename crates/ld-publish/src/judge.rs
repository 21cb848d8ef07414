//! The guards of a node, asked before its content is published.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

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
    let judged = ld_guard::judge(&node.guards, content, checks, |content| private_file(&mut &*content));
    judged.map_err(|error| rejected(node, error))
}

/// The same for content in a file. It is read from its start, whatever its offset. Only a `format`
/// needs it in memory, up to 32 MiB, and only a check a copy.
///
/// # Errors
///
/// As [`judge`], and [`Error::Rejected`] if the file cannot be read or copied.
pub fn judge_file(node: &NodeConfig, file: &File, bytes: u64, checks: &Checks) -> Result<(), Error> {
    let copy = || private_file(&mut FromStart { file, offset: 0 });
    let read = || {
        let mut content = Vec::new();
        FromStart { file, offset: 0 }.read_to_end(&mut content).map(|_| content)
    };
    ld_guard::judge_file(&node.guards, copy, bytes, checks, read).map_err(|error| rejected(node, error))
}

fn rejected(node: &NodeConfig, error: ld_guard::Error) -> Error {
    match error {
        ld_guard::Error::Interrupted => Error::Interrupted,
        error => Error::Rejected { node: node.name.clone(), reason: error.to_string() },
    }
}

/// A file that only this user may read, removed when it is dropped.
fn private_file(content: &mut dyn Read) -> io::Result<tempfile::TempPath> {
    let mut file = tempfile::Builder::new().prefix("live-data-check.").tempfile()?;
    io::copy(content, &mut file)?;
    Ok(file.into_temp_path())
}

/// Reads a file without its offset, which others may use.
struct FromStart<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use ld_config::Format;

    use super::*;

    fn judged(node: &NodeConfig, content: &[u8]) -> Result<(), String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        let bytes = content.len() as u64;
        judge_file(node, &file, bytes, &Checks::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_is_judged_as_its_content_would_be() {
        let mut node = NodeConfig::new("flags", "/flags", "/flags");
        node.guards.max_bytes = Some(9);
        node.guards.format = Some(Format::Json);
        let programs = tempfile::tempdir().unwrap();
        let check = programs.path().join("has-7");
        fs::write(&check, "#!/bin/sh\nexec grep -q 7 \"$1\"\n").unwrap();
        fs::set_permissions(&check, fs::Permissions::from_mode(0o700)).unwrap();
        node.guards.check = Some(check);
        for (content, reason) in [
            ("[1, 2, 3, 4]", "max_bytes is 9"),
            ("[1,", "it is not JSON"),
            ("[1]", "rejects it with exit code 1"),
        ] {
            for error in [
                judged(&node, content.as_bytes()).unwrap_err(),
                judge(&node, content.as_bytes(), &Checks::default()).unwrap_err().to_string(),
            ] {
                assert!(error.contains(reason) && error.contains("nodes.flags"), "{error}");
            }
        }
        assert_eq!(judged(&node, b"[7]"), Ok(()));
    }
}
