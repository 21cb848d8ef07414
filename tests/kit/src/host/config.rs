//! A host: its configuration file, its secrets, its programs and its destination files.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::{TempDir, TestCommand, binary, wait_until};

/// The limit for an event that is due at once, on a machine that is busy with other tests.
pub const SOON: Duration = Duration::from_secs(20);

/// A host of a fleet in a private directory: a configuration file, a secrets file, destinations.
#[derive(Debug)]
pub struct Host {
    dir: TempDir,
    lines: Vec<String>,
}

impl Host {
    /// A host with the ZooKeeper at `hosts`, which may end with a chroot. It has no nodes yet.
    pub fn new(hosts: impl AsRef<str>) -> Self {
        Self { dir: TempDir::new(), lines: Vec::new() }.setting("zookeeper.hosts", hosts.as_ref())
    }

    /// Adds a line to the configuration.
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

    /// Adds a node that is written to the file of its name.
    #[must_use]
    pub fn node(self, name: &str, source: &str) -> Self {
        let dest = self.file(name);
        self.setting(&format!("nodes.{name}.source"), source).setting(
            &format!("nodes.{name}.dest"),
            dest.to_str().expect("a temporary directory has an ASCII name"),
        )
    }

    /// Adds credentials for the scheme `digest`: one secret for each `user:password`.
    #[must_use]
    pub fn credentials(self, credentials: &[&str]) -> Self {
        self.write_secrets(credentials);
        let names: Vec<_> = (0..credentials.len()).map(|index| format!("secret/zookeeper/{index}")).collect();
        let path = self.secrets_file();
        self.setting("zookeeper.credentials", names.join(", "))
            .setting("secrets.path", path.to_str().expect("a temporary directory has an ASCII name"))
    }

    /// Replaces the secrets, as a rotation does.
    pub fn write_secrets(&self, credentials: &[&str]) {
        let mut secrets = String::new();
        for (index, credential) in credentials.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let value = format!(r#"{{"type": "simple", "value": "{credential}"}}"#);
            write!(secrets, r#"{comma}"secret/zookeeper/{index}": {value}"#)
                .expect("writing to a string cannot fail");
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

    /// The destination of the node `name`. The watcher makes its directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join("live").join(name)
    }

    /// Writes the configuration file and returns its path.
    pub fn config(&self) -> PathBuf {
        let (path, new) = (self.dir.join("config.ini"), self.dir.join("config.ini.new"));
        let text = format!("[live-data]\n{}\n", self.lines.join("\n"));
        // A program that starts at this moment reads the old text or the new one.
        fs::write(&new, text)
            .and_then(|()| fs::rename(&new, &path))
            .expect("a private directory is writable");
        path
    }

    /// The watcher on this host's configuration.
    pub fn watcher(&self) -> TestCommand {
        TestCommand::new(binary("live-data-watcher")).arg(self.config())
    }

    /// The watcher as an unprivileged user with only these capabilities, such as `chown`.
    ///
    /// Needs root.
    pub fn watcher_as(&self, user: u32, capabilities: &[&str]) -> TestCommand {
        self.open();
        let program = self.copy_of_watcher();
        TestCommand::new(program).arg(self.config()).user_with_capabilities(user, user, capabilities)
    }

    /// The watcher's binary in the host's directory: other users may not reach the build directory.
    pub fn copy_of_watcher(&self) -> PathBuf {
        let copy = self.dir.join("live-data-watcher");
        if !copy.exists() {
            // Not by this process: a program that another test starts at that moment would inherit
            // the descriptor, and a file that is open for writing cannot be run.
            let cp = TestCommand::new("cp").arg(binary("live-data-watcher")).arg(&copy).run(SOON);
            assert_eq!(cp.code, Some(0), "{}", cp.stderr);
        }
        copy
    }

    /// Lets every user of the machine traverse the host's directory.
    pub fn open(&self) {
        fs::set_permissions(self.path(""), fs::Permissions::from_mode(0o711))
            .expect("the owner may set the mode");
    }

    /// The watcher with `--once` on this host's configuration.
    pub fn once(&self) -> TestCommand {
        TestCommand::new(binary("live-data-watcher")).arg("--once").arg(self.config())
    }

    /// The writer on this host's configuration, which writes `content` to the node `dest`.
    pub fn writer(&self, content: impl AsRef<[u8]>, dest: &str) -> TestCommand {
        let source = self.dir.join("source");
        fs::write(&source, content).expect("a private directory is writable");
        TestCommand::new(binary("live-data-writer")).arg(self.config()).arg(source).arg(dest)
    }

    /// The control tool on this host's configuration, with a subcommand of one or several words.
    pub fn ctl(&self, command: &str) -> TestCommand {
        TestCommand::new(binary("live-data-ctl")).args(command.split_whitespace()).arg(self.config())
    }

    /// Prepares the ensemble for publications: `live-data-ctl init` with these options.
    ///
    /// # Panics
    ///
    /// When that fails.
    #[track_caller]
    pub fn init(&self, options: &[&str]) {
        let init = self.ctl("init").args(options).run(SOON);
        assert_eq!(init.code, Some(0), "{}", init.stderr);
    }

    /// The content of the destination of the node `name`; `None` without a file.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.file(name)).ok()
    }

    /// The mtime of the destination of the node `name`.
    pub fn mtime(&self, name: &str) -> SystemTime {
        fs::metadata(self.file(name)).and_then(|file| file.modified()).expect("the destination exists")
    }

    /// The inode of the destination of the node `name`.
    pub fn inode(&self, name: &str) -> u64 {
        fs::metadata(self.file(name)).expect("the destination exists").ino()
    }

    /// Waits until the destination of the node `name` contains `content`.
    #[track_caller]
    pub fn wait_for(&self, name: &str, content: impl AsRef<[u8]>) {
        self.wait_for_within(name, content, SOON);
    }

    /// As [`Host::wait_for`], with another limit.
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
