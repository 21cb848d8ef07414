//! A publisher that signs: a pair of keys of the program minisign.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{SOON, TempDir, TestCommand, TestOutput, binary};

/// A publisher with a pair of keys, which minisign has made, without a password.
#[derive(Debug)]
pub struct Publisher {
    dir: TempDir,
}

impl Publisher {
    /// Makes the keys.
    ///
    /// # Panics
    ///
    /// Without minisign.
    #[must_use]
    pub fn new() -> Self {
        let publisher = Self { dir: TempDir::new() };
        publisher.minisign(&["-G", "-W", "-f", "-p", "publisher.pub", "-s", "publisher.key"]);
        publisher
    }

    /// The file of the secret key.
    pub fn key(&self) -> PathBuf {
        self.dir.join("publisher.key")
    }

    /// The file of the public key.
    pub fn public(&self) -> PathBuf {
        self.dir.join("publisher.pub")
    }

    /// A file of the publisher with this content.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.join(name);
        fs::write(&path, content).expect("a private directory is writable");
        path
    }

    /// The signature that minisign makes of a content, with this trusted comment.
    ///
    /// # Panics
    ///
    /// When it makes none.
    pub fn sign_with_minisign(&self, content: &str, comment: &str) -> String {
        self.file("content", content);
        self.minisign(&["-S", "-W", "-s", "publisher.key", "-m", "content", "-x", "made", "-t", comment]);
        fs::read_to_string(self.dir.join("made")).expect("minisign has written the signature")
    }

    /// What minisign says of a signature: its trusted comment; `None` if it is not valid.
    pub fn verify_with_minisign(&self, content: &str, signature: &[u8]) -> Option<String> {
        self.file("content", content);
        self.file("signature", signature);
        let arguments = ["-V", "-Q", "-p", "publisher.pub", "-m", "content", "-x", "signature"];
        let output = self.run(&arguments);
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Signs a content of the node at `path` with `live-data-ctl sign`, and returns the signature.
    ///
    /// # Panics
    ///
    /// When that fails.
    #[track_caller]
    pub fn sign(&self, content: &str, path: &str, counter: u64) -> String {
        let file = self.file("content", content);
        let output = self.ctl("sign", &file, path).args(["--counter", &counter.to_string()]).run(SOON);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        output.stdout
    }

    /// Signs what the node at `path` holds already, by the configuration of a host.
    pub fn sign_published(&self, content: &str, path: &str, config: &Path) -> TestOutput {
        let file = self.file("content", content);
        self.ctl("sign", &file, path).arg("--publish").arg(config).run(SOON)
    }

    fn ctl(&self, command: &str, file: &Path, path: &str) -> TestCommand {
        let command = TestCommand::new(binary("live-data-ctl")).arg(command).arg(self.key()).arg(file);
        command.args(["--path", path])
    }

    fn minisign(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        assert!(output.status.success(), "minisign: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn run(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new("minisign");
        command.args(arguments).current_dir(self.dir.path()).stdin(Stdio::null());
        command.output().expect("minisign is missing; install it with: apt-get install minisign")
    }
}

impl Default for Publisher {
    fn default() -> Self {
        Self::new()
    }
}
