//! A host with nodes that hold "0", and hooks that write to one log file.

use std::fs;
use std::path::PathBuf;

use ld_testkit::{Daemon, Host, Namespace, SOON, Stat, install_script, wait_until};

pub(super) struct Rig {
    zookeeper: Namespace,
    pub(super) host: Host,
    names: Vec<String>,
}

impl Rig {
    pub(super) fn new(names: &[&str]) -> Self {
        let zookeeper = Namespace::new();
        let mut host = Host::new(zookeeper.connect_string()).setting("watcher.drift_interval", "200ms");
        for name in names {
            let source = format!("/{name}");
            zookeeper.admin().create(&zookeeper.path(&source), "0").unwrap();
            host = host.node(name, &source);
        }
        Self { zookeeper, host, names: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    pub(super) fn setting(self, key: &str, value: impl AsRef<str>) -> Self {
        let host = self.host.without(&format!("{key} =")).setting(key, value);
        Self { host, ..self }
    }

    pub(super) fn without(self, prefix: &str) -> Self {
        Self { host: self.host.without(prefix), ..self }
    }

    /// Configures the node `name` again.
    pub(super) fn node(self, name: &str) -> Self {
        Self { host: self.host.node(name, &format!("/{name}")), ..self }
    }

    /// Gives the node `name` a shell script as its hook. LOG and GATE stand for files.
    pub(super) fn hook(self, name: &str, script: &str) -> Self {
        let command = self.install(name, script);
        self.setting(&format!("nodes.{name}.on_change"), command)
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.host.path(&format!("{name}.hook"))
    }

    /// Writes a shell script and returns its path.
    pub(super) fn install(&self, name: &str, script: &str) -> String {
        let program = self.program(name);
        let log = self.log_file().display().to_string();
        let gate = self.host.path("gate").display().to_string();
        let text = format!("#!/bin/sh\n{}\n", script.replace("LOG", &log).replace("GATE", &gate));
        install_script(&program, 0o700, &text);
        program.display().to_string()
    }

    pub(super) fn start(&self) -> Daemon {
        self.host.watcher().start()
    }

    pub(super) fn stop(&self, watcher: &Daemon) {
        watcher.terminate();
        assert_eq!(watcher.wait(SOON).code(), Some(0), "{}", watcher.stderr());
    }

    /// Lets the watcher read its configuration again.
    pub(super) fn reload(&self, watcher: &Daemon) {
        let done = || watcher.stderr().matches("reloaded: ").count();
        let before = done();
        self.host.config();
        watcher.hang_up();
        watcher.wait_until("the reload", SOON, |_| done() > before);
    }

    pub(super) fn create(&self, name: &str, content: &str) {
        self.zookeeper.admin().create(&self.zookeeper.path(&format!("/{name}")), content).unwrap();
    }

    pub(super) fn set(&self, name: &str, content: &str) {
        self.zookeeper.admin().set(&self.zookeeper.path(&format!("/{name}")), content).unwrap();
    }

    pub(super) fn delete(&self, name: &str) {
        self.zookeeper.admin().delete(&self.zookeeper.path(&format!("/{name}"))).unwrap();
    }

    pub(super) fn stat(&self, name: &str) -> Stat {
        self.zookeeper.admin().get(&self.zookeeper.path(&format!("/{name}"))).unwrap().1
    }

    pub(super) fn wait_for_files(&self, content: &str) {
        self.names.iter().for_each(|name| self.host.wait_for(name, content));
    }

    pub(super) fn open_gate(&self) {
        fs::write(self.host.path("gate"), "").unwrap();
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.host.path("log")
    }

    /// The lines that hooks wrote.
    pub(super) fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.log_file()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    pub(super) fn wait_for_log(&self, expected: &[&str]) {
        wait_until(&format!("the log {expected:?}"), SOON, || self.log() == expected);
    }

    #[track_caller]
    pub(super) fn wait_for_sorted_log(&self, expected: &[&str]) {
        wait_until(&format!("the log {expected:?}"), SOON, || {
            let mut log = self.log();
            log.sort();
            log == expected
        });
    }
}
