//! [`NodeConfig`] step by step.

use std::path::PathBuf;
use std::time::Duration;

use crate::settings::{CommandLine, Format, Hook, HookSignal, NodeConfig, OnDelete, OnDrift, Principal};
use crate::validate::InvalidSetting;

/// Makes a [`NodeConfig`]. What is not set keeps the default of [`NodeConfig::new`].
#[derive(Debug, Clone)]
#[must_use = "nothing is made before `build`"]
pub struct NodeBuilder {
    config: NodeConfig,
}

impl NodeConfig {
    /// Makes the node `name` with its znode and its file step by step.
    ///
    /// The name is one that a file can say: in lower case, without a dot, `=`, `:` or line break. A
    /// file with `nodes.Flags.source` names the node `flags`; here `Flags` is an error.
    ///
    /// ```
    /// use ld_config::{Format, NodeConfig};
    ///
    /// let node = NodeConfig::builder("flags", "/features/flags", "/run/app/flags.json")
    ///     .mode(0o440)
    ///     .group("app")
    ///     .format(Format::Json)
    ///     .build()?;
    /// assert_eq!(node.mode, 0o440);
    ///
    /// let relative = NodeConfig::builder("flags", "features", "flags.json").build();
    /// assert!(relative.unwrap_err().to_string().starts_with("nodes.flags.source: "));
    /// # Ok::<(), ld_config::InvalidSetting>(())
    /// ```
    pub fn builder(
        name: impl Into<String>,
        source: impl Into<String>,
        dest: impl Into<PathBuf>,
    ) -> NodeBuilder {
        NodeBuilder { config: Self::new(name, source, dest) }
    }
}

impl NodeBuilder {
    /// The file's owner: the name of a user, or a decimal id.
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        self.config.owner = Some(Principal(owner.into()));
        self
    }

    /// The file's group: the name of a group, or a decimal id.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.config.group = Some(Principal(group.into()));
        self
    }

    /// The file's permission bits, 0 to 0o7777.
    pub fn mode(mut self, mode: u32) -> Self {
        self.config.mode = mode;
        self
    }

    /// Whether the file and its directory are flushed to disk at each change.
    pub fn fsync(mut self, fsync: bool) -> Self {
        self.config.fsync = fsync;
        self
    }

    /// What happens to the file when another program changed it.
    pub fn drift(mut self, drift: OnDrift) -> Self {
        self.config.drift = drift;
        self
    }

    /// What happens to the file when the node is deleted.
    pub fn on_delete(mut self, on_delete: OnDelete) -> Self {
        self.config.on_delete = on_delete;
        self
    }

    /// The window over which the hosts of a fleet apply a change.
    pub fn apply_jitter(mut self, window: Duration) -> Self {
        self.config.apply_jitter = window;
        self
    }

    /// Whether this host takes part in staged rollouts of the node.
    pub fn rollout(mut self, rollout: bool) -> Self {
        self.config.rollout = rollout;
        self
    }

    /// Guard: the content has this syntax.
    pub fn format(mut self, format: Format) -> Self {
        self.config.guards.format = Some(format);
        self
    }

    /// Guard: the content has at least this many bytes.
    pub fn min_bytes(mut self, bytes: usize) -> Self {
        self.config.guards.min_bytes = Some(bytes);
        self
    }

    /// Guard: the content has at most this many bytes.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.config.guards.max_bytes = Some(bytes);
        self
    }

    /// Guard: this program accepts the content.
    pub fn check(mut self, program: impl Into<PathBuf>) -> Self {
        self.config.guards.check = Some(program.into());
        self
    }

    /// Only content with a signature by a key in this file is applied.
    pub fn verify(mut self, keys: impl Into<PathBuf>) -> Self {
        self.config.verify = Some(keys.into());
        self
    }

    /// Hook: this program runs after each change of the file.
    pub fn on_change(mut self, command: CommandLine) -> Self {
        self.hook().on_change = Some(command);
        self
    }

    /// Hook: this signal is sent after each change of the file, and after the program of
    /// [`on_change`](Self::on_change) has succeeded.
    pub fn signal(mut self, signal: HookSignal) -> Self {
        self.hook().signal = Some(signal);
        self
    }

    /// Hook: a program that has not ended by then is killed.
    pub fn on_change_timeout(mut self, limit: Duration) -> Self {
        self.hook().timeout = limit;
        self
    }

    /// Hook: as many attempts follow one that failed.
    pub fn on_change_retries(mut self, retries: usize) -> Self {
        self.hook().retries = retries;
        self
    }

    /// Hook: nodes with the same name here share one.
    pub fn hook_group(mut self, name: impl Into<String>) -> Self {
        self.hook().group = Some(name.into());
        self
    }

    /// Hook: it waits for as long without a change.
    pub fn settle(mut self, quiet: Duration) -> Self {
        self.hook().settle = quiet;
        self
    }

    /// Hook: it also runs once after the start of the watcher.
    pub fn on_start(mut self, on_start: bool) -> Self {
        self.hook().on_start = on_start;
        self
    }

    fn hook(&mut self) -> &mut Hook {
        self.config.hook.get_or_insert_default()
    }

    /// The node's configuration.
    ///
    /// # Errors
    ///
    /// The first setting that is wrong, as [`NodeConfig::validate`] says it.
    pub fn build(self) -> Result<NodeConfig, InvalidSetting> {
        self.config.validate()?;
        Ok(self.config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SignalTarget;

    fn builder() -> NodeBuilder {
        NodeConfig::builder("n", "/n", "/n")
    }

    #[test]
    fn what_is_not_set_keeps_its_default() {
        assert_eq!(builder().build().unwrap(), NodeConfig::new("n", "/n", "/n"));
    }

    #[test]
    fn all_that_is_set_arrives() {
        let mut expected = NodeConfig::new("n", "/n", "/n");
        (expected.owner, expected.group) = (Some(Principal("u".into())), Some(Principal("g".into())));
        (expected.mode, expected.fsync) = (0o640, false);
        (expected.drift, expected.on_delete) = (OnDrift::Report, OnDelete::Keep);
        expected.apply_jitter = Duration::from_secs(1);
        expected.guards.format = Some(Format::Toml);
        (expected.guards.min_bytes, expected.guards.max_bytes) = (Some(1), Some(2));
        expected.guards.check = Some("/check".into());
        expected.verify = Some("/publishers.pub".into());
        let command = CommandLine::new("/reload", ["now"]);
        let signal = HookSignal::new("SIGHUP", SignalTarget::PidFile("/run/a.pid".into()));
        expected.hook = Some(Box::new(Hook {
            on_change: Some(command.clone()),
            signal: Some(signal.clone()),
            timeout: Duration::from_secs(1),
            retries: 7,
            settle: Duration::from_secs(2),
            group: Some("web".into()),
            on_start: true,
        }));
        let node = builder()
            .owner("u")
            .group("g")
            .mode(0o640)
            .fsync(false)
            .drift(OnDrift::Report)
            .on_delete(OnDelete::Keep)
            .apply_jitter(Duration::from_secs(1))
            .format(Format::Toml)
            .min_bytes(1)
            .max_bytes(2)
            .check("/check")
            .verify("/publishers.pub")
            .on_change(command)
            .signal(signal)
            .on_change_timeout(Duration::from_secs(1))
            .on_change_retries(7)
            .settle(Duration::from_secs(2))
            .hook_group("web")
            .on_start(true);
        assert_eq!(node.build().unwrap(), expected);
    }

    #[test]
    fn a_wrong_value_is_an_error_that_names_its_key() {
        for (node, key) in [
            (builder().mode(0o17777), "nodes.n.mode: "),
            (builder().apply_jitter(Duration::MAX), "nodes.n.apply_jitter: "),
            (NodeConfig::builder("a.b", "/n", "/n"), "nodes.a.b: "),
            (NodeConfig::builder("a=b", "/n", "/n"), "nodes.a=b: "),
            (
                NodeConfig::builder("A", "/n", "/n"),
                "nodes.A: 'A' is not the name of a node: write it in lower",
            ),
            (builder().min_bytes(5).max_bytes(4), "nodes.n.max_bytes: '4' is less than min_bytes (5)"),
            (NodeConfig::builder("n", "/../n", "/n"), "nodes.n.source: "),
            (NodeConfig::builder("n", "/n", ""), "nodes.n.dest: "),
        ] {
            let error = node.build().unwrap_err().to_string();
            assert!(error.starts_with(key), "{key}: {error}");
        }
    }
}
