//! One host of a fleet, in a private directory.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::{TempDir, TestCommand, binary, wait_until};

/// How long something that happens at once may take on a machine that is busy with other tests.
pub const SOON: Duration = Duration::from_secs(20);

/// A host: a directory with a configuration file, a secrets file and destinations.
#[derive(Debug)]
pub struct Host {
    dir: TempDir,
    lines: Vec<String>,
}

impl Host {
    /// A host whose ZooKeeper is at `hosts` (with a chroot, if there is one). It has no nodes yet.
    pub fn new(hosts: impl AsRef<str>) -> Self {
        Self { dir: TempDir::new(), lines: Vec::new() }.setting("zookeeper.hosts", hosts.as_ref())
    }

    /// One more line of the configuration.
    #[must_use]
    pub fn setting(mut self, key: &str, value: impl AsRef<str>) -> Self {
        self.lines.push(format!("{key} = {}", value.as_ref()));
        self
    }

    /// Takes out all lines of keys that begin with `prefix`, such as `nodes.flags.`.
    #[must_use]
    pub fn without(mut self, prefix: &str) -> Self {
        self.lines.retain(|line| !line.starts_with(prefix));
        self
    }

    /// A node that becomes the file of its name.
    #[must_use]
    pub fn node(self, name: &str, source: &str) -> Self {
        let dest = self.file(name);
        self.setting(&format!("nodes.{name}.source"), source).setting(
            &format!("nodes.{name}.dest"),
            dest.to_str().expect("a temporary directory has an ASCII name"),
        )
    }

    /// Credentials for the scheme `digest`: one secret for each `user:password`.
    #[must_use]
    pub fn credentials(self, credentials: &[&str]) -> Self {
        self.write_secrets(credentials);
        let names: Vec<_> = (0..credentials.len()).map(|index| format!("secret/zookeeper/{index}")).collect();
        let path = self.secrets_file();
        self.setting("zookeeper.credentials", names.join(", "))
            .setting("secrets.path", path.to_str().expect("a temporary directory has an ASCII name"))
    }

    /// Replaces the secrets, as their rotation does.
    pub fn write_secrets(&self, credentials: &[&str]) {
        let mut secrets = String::new();
        for (index, credential) in credentials.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let value = format!(r#"{{"type": "simple", "value": "{credential}"}}"#);
            write!(secrets, r#"{comma}"secret/zookeeper/{index}": {value}"#).expect("a string grows");
        }
        let new = self.dir.join("secrets.new");
        fs::write(&new, format!(r#"{{"secrets": {{{secrets}}}}}"#)).expect("a private directory is writable");
        fs::rename(new, self.secrets_file()).expect("a private directory is writable");
    }

    fn secrets_file(&self) -> PathBuf {
        self.dir.join("secrets.json")
    }

    /// A path in the host's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The destination of the node `name`. Its directory does not exist before the watcher makes it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join("live").join(name)
    }

    /// Writes the configuration file and gives its path.
    pub fn config(&self) -> PathBuf {
        let path = self.dir.join("config.ini");
        fs::write(&path, format!("[live-data]\n{}\n", self.lines.join("\n")))
            .expect("a private directory is writable");
        path
    }

    /// The watcher on this host's configuration.
    pub fn watcher(&self) -> TestCommand {
        TestCommand::new(binary("live-data-watcher")).arg(self.config())
    }

    /// The watcher on this host's configuration as an unprivileged user with only these capabilities, such as `chown`.
    /// Needs root.
    pub fn watcher_as(&self, user: u32, capabilities: &[&str]) -> TestCommand {
        // The directory of the build may be closed to others.
        let copy = self.dir.join("live-data-watcher");
        if !copy.exists() {
            fs::copy(binary("live-data-watcher"), &copy).expect("a binary can be copied");
        }
        self.open();
        TestCommand::new(copy).arg(self.config()).user_with_capabilities(user, user, capabilities)
    }

    /// Lets every user of the machine through to what is below the host's directory and open to them.
    pub fn open(&self) {
        fs::set_permissions(self.path(""), fs::Permissions::from_mode(0o711))
            .expect("a private directory is ours");
    }

    /// The watcher with `--once` on this host's configuration.
    pub fn once(&self) -> TestCommand {
        TestCommand::new(binary("live-data-watcher")).arg("--once").arg(self.config())
    }

    /// The writer on this host's configuration, of `content` to the node `dest`.
    pub fn writer(&self, content: impl AsRef<[u8]>, dest: &str) -> TestCommand {
        let source = self.dir.join("source");
        fs::write(&source, content).expect("a private directory is writable");
        TestCommand::new(binary("live-data-writer")).arg(self.config()).arg(source).arg(dest)
    }

    /// What the destination of the node `name` holds; `None` without a file.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.file(name)).ok()
    }

    /// The mtime of that file.
    pub fn mtime(&self, name: &str) -> SystemTime {
        fs::metadata(self.file(name)).and_then(|file| file.modified()).expect("the destination exists")
    }

    /// The inode of that file.
    pub fn inode(&self, name: &str) -> u64 {
        fs::metadata(self.file(name)).expect("the destination exists").ino()
    }

    /// Waits until the destination of the node `name` holds `content`.
    #[track_caller]
    pub fn wait_for(&self, name: &str, content: impl AsRef<[u8]>) {
        self.wait_for_within(name, content, SOON);
    }

    /// The same with another limit.
    #[track_caller]
    pub fn wait_for_within(&self, name: &str, content: impl AsRef<[u8]>, limit: Duration) {
        let content = content.as_ref();
        wait_until(&format!("the file of {name}"), limit, || self.read(name).as_deref() == Some(content));
    }

    /// Waits until the destination of the node `name` does not exist.
    #[track_caller]
    pub fn wait_until_gone(&self, name: &str) {
        wait_until(&format!("the file of {name} to be gone"), SOON, || {
            self.file(name).symlink_metadata().is_err()
        });
    }
}
