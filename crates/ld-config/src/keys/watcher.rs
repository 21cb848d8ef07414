//! `secrets.*` and `watcher.*`

use super::key::{Key, set};
use crate::limits::{BACKOFF, INTERVAL, OFF};
use crate::settings::{SecretsConfig, WatcherConfig};
use crate::values::{path, timespan, words};

/// The keys of [`SecretsConfig`].
pub(crate) static SECRETS: &[Key<SecretsConfig>] = &[
    Key {
        name: "secrets.path",
        required: false,
        read: |secrets, value| set(&mut secrets.path, path::parse(value)),
        check: |secrets| path::check(&secrets.path, path::parse),
        show: |secrets| Some(secrets.path.display().to_string()),
    },
    Key {
        name: "secrets.provider",
        required: false,
        read: |secrets, value| {
            let (provider, warning) = words::provider(value);
            secrets.provider = provider;
            Ok(warning)
        },
        check: |_| Ok(()),
        show: |secrets| Some(words::show_provider(secrets.provider).to_owned()),
    },
    Key {
        name: "secrets.backoff",
        required: false,
        // Checked and dropped: secrets are read afresh for each session, so no poll slows down.
        read: |_, value| timespan::parse(value, BACKOFF).map(|_| None),
        check: |_| Ok(()),
        show: |_| None,
    },
];

/// The keys of [`WatcherConfig`].
pub(crate) static WATCHER: &[Key<WatcherConfig>] = &[
    Key {
        name: "watcher.heartbeat_interval",
        required: false,
        read: |watcher, value| set(&mut watcher.heartbeat_interval, timespan::parse(value, INTERVAL)),
        check: |watcher| timespan::check(watcher.heartbeat_interval, INTERVAL),
        show: |watcher| Some(timespan::show(watcher.heartbeat_interval)),
    },
    Key {
        name: "watcher.drift_interval",
        required: false,
        read: |watcher, value| set(&mut watcher.drift_interval, timespan::parse(value, INTERVAL)),
        check: |watcher| timespan::check(watcher.drift_interval, INTERVAL),
        show: |watcher| Some(timespan::show(watcher.drift_interval)),
    },
    Key {
        name: "watcher.content_interval",
        required: false,
        read: |watcher, value| {
            let interval = timespan::parse(value, OFF).or_else(|_| timespan::parse(value, INTERVAL));
            set(&mut watcher.content_interval, interval)
        },
        check: |watcher| {
            let interval = watcher.content_interval;
            timespan::check(interval, OFF).or_else(|_| timespan::check(interval, INTERVAL))
        },
        show: |watcher| Some(timespan::show(watcher.content_interval)),
    },
    Key {
        name: "watcher.sandbox",
        required: false,
        read: |watcher, value| set(&mut watcher.sandbox, words::boolean(value)),
        check: |_| Ok(()),
        show: |watcher| Some(watcher.sandbox.to_string()),
    },
];
