//! Which directories a configuration needs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ld_config::{Config, Listen, SecretsProvider};

/// What a process needs while it runs: the user database, name look-ups and the libraries for both,
/// its mounts and locks. Those that a machine lacks are left out.
pub(crate) const SYSTEM: [&str; 14] = [
    "/etc",
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/proc",
    "/run/nscd",
    "/run/systemd",
    "/var/lib/extrausers",
    "/var/lib/sss",
    "/var/run/nscd",
    "/dev/random",
    "/dev/urandom",
];

/// Where output is thrown away, by check programs for example.
pub(crate) const NOWHERE: &str = "/dev/null";

/// What a configuration needs of the file system. All else can be given up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Files that are read again and again. They are replaced by a rename, so that each stands for
    /// its directory.
    pub(crate) files: BTreeSet<PathBuf>,
    /// Directories to be read with all that is below them.
    pub(crate) directories: BTreeSet<PathBuf>,
    /// Directories of destinations: below them everything may be written.
    pub(crate) destinations: BTreeSet<PathBuf>,
    /// Directories of sockets that are made anew, and removed, while the process runs.
    pub(crate) sockets: BTreeSet<PathBuf>,
    /// There are check programs, which may read and execute everything.
    pub(crate) has_checks: bool,
}

impl Rules {
    /// The rules for `config`, which was read from `file` (`-` for standard input). Looks at no
    /// file.
    pub fn new(file: &Path, config: &Config) -> Self {
        let mut rules = Self::default();
        if file != Path::new("-") {
            rules.files.insert(file.to_owned());
        }
        if !config.zookeeper.credentials.is_empty() {
            let path = config.secrets.path.clone();
            match config.secrets.provider {
                SecretsProvider::VaultCsi => rules.directories.insert(path),
                _ => rules.files.insert(path),
            };
        }
        if let Some(tls) = &config.zookeeper.tls {
            rules.files.insert(tls.ca.clone());
            let identity = tls.identity.iter().flat_map(|identity| [&identity.cert, &identity.key]);
            rules.files.extend(identity.cloned());
        }
        rules.files.extend(config.nodes.iter().filter_map(|node| node.verify.clone()));
        rules.destinations = config.nodes.iter().map(|node| parent_of(&node.dest).to_owned()).collect();
        if let Some(Listen::Unix(socket)) = &config.status.listen {
            rules.sockets.insert(parent_of(socket).to_owned());
        }
        rules.has_checks = config.nodes.iter().any(|node| node.guards.check.is_some());
        rules
    }

    /// The same, and these files may be read.
    #[must_use]
    pub fn and_files(mut self, files: impl IntoIterator<Item = PathBuf>) -> Self {
        self.files.extend(files);
        self
    }

    /// Whether a process that has enforced these rules may do all that `other` needs. If not, it
    /// must be restarted.
    pub fn allow(&self, other: &Self) -> bool {
        (self.has_checks || !other.has_checks)
            && other.files.is_subset(&self.files)
            && other.directories.is_subset(&self.directories)
            && other.destinations.is_subset(&self.destinations)
            && other.sockets.is_subset(&self.sockets)
    }
}

/// The directory that a file is in; the working directory for a bare name.
pub(crate) fn parent_of(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use ld_config::{Environment, Scope};

    use super::*;

    const BASE: &str = "[live-data]\nzookeeper.hosts = zk\nnodes.a.source = /a\nnodes.a.dest = /live/a\n";

    fn rules(more: &str) -> Rules {
        let parsed =
            Config::parse(format!("{BASE}{more}"), "test.ini", &Environment::empty(), Scope::Watcher);
        Rules::new(Path::new("/conf/live.ini"), &parsed.unwrap().config)
    }

    fn paths(set: &BTreeSet<PathBuf>) -> Vec<&str> {
        set.iter().filter_map(|path| path.to_str()).collect()
    }

    #[test]
    fn a_plain_configuration_needs_itself_and_its_destinations() {
        let rules = rules("nodes.b.source = /b\nnodes.b.dest = b\n");
        assert_eq!(paths(&rules.files), ["/conf/live.ini"]);
        assert_eq!(paths(&rules.destinations), ["/live", "."]);
        assert!(rules.directories.is_empty() && !rules.has_checks);
    }

    #[test]
    fn secrets_and_certificates_are_read() {
        let tls = "zookeeper.tls.ca = /ca.pem\nzookeeper.tls.cert = /c.pem\nzookeeper.tls.key = /k.pem\n";
        let secrets = "zookeeper.credentials = x\nsecrets.path = /secrets/all.json\n";
        let both = rules(&format!("{tls}{secrets}"));
        assert_eq!(
            paths(&both.files),
            ["/c.pem", "/ca.pem", "/conf/live.ini", "/k.pem", "/secrets/all.json"]
        );
        let keys = rules("nodes.a.verify = /keys/publishers.pub\n");
        assert_eq!(paths(&keys.files), ["/conf/live.ini", "/keys/publishers.pub"]);
        let csi = rules(&format!("{secrets}secrets.provider = vault_csi\n"));
        assert_eq!(paths(&csi.directories), ["/secrets/all.json"]);
    }

    #[test]
    fn more_files_can_be_read() {
        let more = rules("").and_files(["/home/app/.aws/config".into()]);
        assert_eq!(paths(&more.files), ["/conf/live.ini", "/home/app/.aws/config"]);
        assert!(more.allow(&rules("")) && !rules("").allow(&more));
    }

    #[test]
    fn standard_input_is_no_file() {
        assert!(Rules::new(Path::new("-"), &Config::default()).files.is_empty());
    }

    #[test]
    fn rules_allow_what_needs_no_more() {
        let (plain, check) = (rules(""), rules("nodes.a.check = /bin/true\n"));
        assert!(plain.allow(&plain) && check.allow(&plain) && !plain.allow(&check));
        let elsewhere = rules("nodes.b.source = /b\nnodes.b.dest = /other/b\n");
        assert!(elsewhere.allow(&plain) && !plain.allow(&elsewhere));
        let beside = rules("nodes.b.source = /b\nnodes.b.dest = /live/b\n");
        assert!(plain.allow(&beside));
        assert!(!plain.allow(&rules("zookeeper.credentials = x\n")));
        assert!(!plain.allow(&rules("status.listen = unix:/run/live/status\n")));
        assert!(plain.allow(&rules("status.listen = 127.0.0.1:9102\n")));
        assert!(!plain.allow(&rules("zookeeper.tls.ca = /ca.pem\n")));
    }
}
