//! A server's data on disk: copy, restore, wipe.

use std::fs;
use std::path::{Path, PathBuf};

use crate::disk::temp_dir::TempDir;
use crate::zookeeper::server::Server;

/// ZooKeeper's directory of snapshots and logs. The server's id lies beside it and stays.
const DATA: &str = "version-2";

/// A copy of a server's data at one moment.
#[derive(Debug)]
pub struct Backup(TempDir);

impl Server {
    /// Copies the data, with everything that the server acknowledged. A running server is frozen
    /// meanwhile.
    ///
    /// # Panics
    ///
    /// When the files cannot be copied.
    #[must_use]
    pub fn backup(&self) -> Backup {
        let backup = Backup(TempDir::new());
        let running = self.is_running();
        if running {
            self.freeze();
        }
        copy(&self.data(), backup.0.path());
        if running {
            self.thaw();
        }
        backup
    }

    /// Kills the server and replaces its data; it stays down until [`Server::restart`].
    ///
    /// In an ensemble restore all members before one of them starts, or the other members send it
    /// the newer data: [`Ensemble::restore`](crate::Ensemble::restore).
    ///
    /// # Panics
    ///
    /// When the files cannot be replaced.
    pub fn restore(&self, backup: &Backup) {
        self.wipe();
        copy(backup.0.path(), &self.data());
    }

    /// Kills the server and removes its data.
    ///
    /// It stays down until [`Server::restart`], and is then empty.
    ///
    /// # Panics
    ///
    /// When the files cannot be removed.
    pub fn wipe(&self) {
        self.kill();
        if self.data().exists() {
            fs::remove_dir_all(self.data()).expect("a server's data can be removed");
        }
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data").join(DATA)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory for data can be made");
    for entry in fs::read_dir(from).expect("a server's data can be listed") {
        let entry = entry.expect("a server's data can be listed");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a server's data can be copied");
    }
}
