//! Where images and containers are, below target/.

use std::path::Path;

use ld_workspace::Failure;

use crate::tool;

/// A store of buildah and Podman. Works without mounting anything.
pub(crate) struct Store([String; 3]);

impl Store {
    pub(crate) fn new(directory: &Path) -> Self {
        Self([
            format!("--root={}", directory.join("store").display()),
            format!("--runroot={}", directory.join("run").display()),
            "--storage-driver=vfs".to_owned(),
        ])
    }

    /// What names the store to both programs.
    pub(crate) fn options(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }

    pub(crate) fn buildah(&self, arguments: &[&str]) -> Result<String, Failure> {
        tool::run("buildah", &[&self.options()[..], arguments].concat())
    }
}
