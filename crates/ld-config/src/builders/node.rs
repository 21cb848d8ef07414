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
mod tests;
