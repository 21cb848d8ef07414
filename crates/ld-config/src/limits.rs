//! The bounds of all settings.

use std::ops::RangeInclusive;
use std::time::Duration;

/// ZooKeeper's client port, used where a host names none: 2181.
pub const DEFAULT_PORT: u16 = 2181;
/// The longest session timeout: 24 days. ZooKeeper counts milliseconds in 32 bits, which is 24.8
/// days.
pub const MAX_SESSION_TIMEOUT: Duration = Duration::from_secs(24 * 24 * 3600);
/// The shortest heartbeat, drift or content interval: 10 ms. Below it the watcher would do little
/// else.
pub const MIN_INTERVAL: Duration = Duration::from_millis(10);
/// The longest heartbeat, drift or content interval: 365 days.
pub const MAX_INTERVAL: Duration = Duration::from_secs(365 * 24 * 3600);
/// The longest window of `nodes.NAME.apply_jitter`: 1 hour. The file is stale for at most as long.
pub const MAX_JITTER: Duration = Duration::from_secs(3600);
/// The shortest `nodes.NAME.on_change_timeout`: 100 ms.
pub const MIN_HOOK_TIMEOUT: Duration = Duration::from_millis(100);
/// The longest `nodes.NAME.on_change_timeout`: 1 hour.
pub const MAX_HOOK_TIMEOUT: Duration = Duration::from_secs(3600);
/// The most attempts after a failed hook (`nodes.NAME.on_change_retries`): 1,000.
pub const MAX_HOOK_RETRIES: usize = 1_000;
/// The shortest `nodes.NAME.settle` besides zero: 100 ms.
pub const MIN_SETTLE: Duration = Duration::from_millis(100);
/// The longest `nodes.NAME.settle`: 60 s.
pub const MAX_SETTLE: Duration = Duration::from_secs(60);
/// The highest value of `zookeeper.max_node_bytes`, `zookeeper.max_read_bytes`,
/// `nodes.NAME.min_bytes` and `nodes.NAME.max_bytes`: 2,147,483,647, that of ZooKeeper's
/// `jute.maxbuffer`, a Java integer.
pub const MAX_NODE_BYTES: usize = i32::MAX as usize;
/// The highest value of `s3.max_bytes`: 1 TiB.
pub const MAX_OBJECT_BYTES: usize = 1 << 40;
/// The highest value of `s3.concurrency`: 64. Each load takes about 1 MiB of memory.
pub const MAX_LOADS: usize = 64;
/// The highest file mode: 7777 (octal), permission bits with set-uid, set-gid and sticky.
pub const MAX_MODE: u32 = 0o7777;
/// The highest user or group id: 4,294,967,294. The next one, -1 in 32 bits, means "leave it" to
/// chown.
pub const MAX_ID: u32 = u32::MAX - 1;
/// The longest znode path: 16 KiB, far above real ones, far below what one session can watch.
pub const MAX_ZNODE_PATH_BYTES: usize = 16 * 1024;
/// The highest value of `publish.history`: 1,000.
pub const MAX_HISTORY: usize = 1_000;
/// The longest name of a host in a fleet: 253 bytes, as in the DNS.
pub const MAX_HOST_NAME_BYTES: usize = 253;
/// The largest configuration file: 64 MiB. 100,000 nodes need about a third of it.
pub const MAX_CONFIG_BYTES: usize = 64 * 1024 * 1024;
/// The largest file of secrets: 16 MiB.
pub const MAX_SECRETS_BYTES: usize = 16 * 1024 * 1024;

/// The allowed values of `zookeeper.timeout`.
pub(crate) const SESSION_TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(1)..=MAX_SESSION_TIMEOUT;
/// The allowed values of `watcher.heartbeat_interval` and `watcher.drift_interval`.
pub(crate) const INTERVAL: RangeInclusive<Duration> = MIN_INTERVAL..=MAX_INTERVAL;
/// Another allowed value of `watcher.content_interval` and of `nodes.NAME.settle`.
pub(crate) const OFF: RangeInclusive<Duration> = Duration::ZERO..=Duration::ZERO;
/// The allowed values of `secrets.backoff`.
pub(crate) const BACKOFF: RangeInclusive<Duration> = Duration::ZERO..=MAX_INTERVAL;
/// The allowed values of `nodes.NAME.apply_jitter`.
pub(crate) const JITTER: RangeInclusive<Duration> = Duration::ZERO..=MAX_JITTER;
/// The allowed values of `nodes.NAME.on_change_timeout`.
pub(crate) const HOOK_TIMEOUT: RangeInclusive<Duration> = MIN_HOOK_TIMEOUT..=MAX_HOOK_TIMEOUT;
/// The allowed values of `nodes.NAME.settle`, besides zero.
pub(crate) const SETTLE: RangeInclusive<Duration> = MIN_SETTLE..=MAX_SETTLE;
