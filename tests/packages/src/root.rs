//! A private root that packages are installed into. Nothing of the machine changes.

use std::fs;
use std::path::{Path, PathBuf};

use ld_workspace::Failure;

use crate::tool;

/// A directory with dpkg's database and users of its own.
pub(crate) struct Root(PathBuf);

impl Root {
    pub(crate) fn new(path: PathBuf) -> Result<Self, Failure> {
        let root = Self(path);
        for directory in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log", "etc"] {
            let directory = root.0.join(directory);
            fs::create_dir_all(&directory)
                .map_err(Failure::doing(format!("cannot make {}", directory.display())))?;
        }
        root.write("var/lib/dpkg/status", "")?;
        Ok(root)
    }

    /// Runs dpkg on this root. Scripts run outside of it and are told where it is; what packages
    /// depend on is not there.
    pub(crate) fn dpkg(&self, arguments: &[&str]) -> Result<(), Failure> {
        let root = format!("--root={}", self.0.display());
        let log = format!("--log={}", self.0.join("var/log/dpkg.log").display());
        let options = ["--force-script-chrootless", "--force-depends"];
        tool::run("dpkg", &[&[root.as_str(), &log], &options[..], arguments].concat()).map(drop)
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    pub(crate) fn read(&self, path: &str) -> Result<String, Failure> {
        let path = self.path(path);
        fs::read_to_string(&path).map_err(Failure::doing(format!("cannot read {}", path.display())))
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> Result<(), Failure> {
        let path = self.path(path);
        fs::write(&path, text).map_err(Failure::doing(format!("cannot write {}", path.display())))
    }

    /// Fails unless `path` exists as `wanted`.
    pub(crate) fn expect(&self, path: &str, wanted: bool, when: &str) -> Result<(), Failure> {
        match (self.path(path).exists(), wanted) {
            (true, false) => Err(Failure::new(format!("/{path} is left {when}"))),
            (false, true) => Err(Failure::new(format!("/{path} is missing {when}"))),
            _ => Ok(()),
        }
    }
}

/// A new directory below target/, without what an earlier run left.
pub(crate) fn fresh_directory(parent: &Path, name: &str) -> Result<PathBuf, Failure> {
    let directory = parent.join(name);
    if directory.exists() {
        fs::remove_dir_all(&directory)
            .map_err(Failure::doing(format!("cannot remove {}", directory.display())))?;
    }
    fs::create_dir_all(&directory).map_err(Failure::doing(format!("cannot make {}", directory.display())))?;
    Ok(directory)
}
