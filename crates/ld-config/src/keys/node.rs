//! `nodes.NAME.*`

use super::key::{Key, set};
use crate::limits::{HOOK_TIMEOUT, JITTER, MAX_HOOK_RETRIES, MAX_NODE_BYTES, OFF, SETTLE};
use crate::quote::Text;
use crate::settings::{Format, Hook, NodeConfig, OnDelete, OnDrift};
use crate::values::{command, mode, number, path, principal, timespan, words, znode};

/// The keys of [`NodeConfig`].
pub(crate) static NODE: &[Key<NodeConfig>] = &[
    Key {
        name: "source",
        required: true,
        read: |node, value| {
            let (source, warning) = znode::parse_with_warning(value)?;
            node.source = source;
            Ok(warning)
        },
        check: |node| znode::check(&node.source),
        show: |node| Some(node.source.clone()),
    },
    Key {
        name: "dest",
        required: true,
        read: |node, value| set(&mut node.dest, path::parse_file(value)),
        check: |node| path::check(&node.dest, path::parse_file),
        show: |node| Some(node.dest.display().to_string()),
    },
    Key {
        name: "owner",
        required: false,
        read: |node, value| set(&mut node.owner, principal::parse(value, "user").map(Some)),
        check: |node| principal::check(node.owner.as_ref(), "user"),
        show: |node| node.owner.as_ref().map(|owner| owner.0.clone()),
    },
    Key {
        name: "group",
        required: false,
        read: |node, value| set(&mut node.group, principal::parse(value, "group").map(Some)),
        check: |node| principal::check(node.group.as_ref(), "group"),
        show: |node| node.group.as_ref().map(|group| group.0.clone()),
    },
    Key {
        name: "mode",
        required: false,
        read: |node, value| {
            node.mode = mode::parse(value)?;
            Ok(mode::warning(node.mode))
        },
        check: |node| mode::check(node.mode),
        show: |node| Some(mode::show(node.mode)),
    },
    Key {
        name: "fsync",
        required: false,
        read: |node, value| set(&mut node.fsync, words::boolean(value)),
        check: |_| Ok(()),
        show: |node| Some(node.fsync.to_string()),
    },
    Key {
        name: "drift",
        required: false,
        read: |node, value| set(&mut node.drift, words::choice(value, &DRIFT)),
        check: |_| Ok(()),
        show: |node| words::show_choice(&DRIFT, node.drift),
    },
    Key {
        name: "on_delete",
        required: false,
        read: |node, value| set(&mut node.on_delete, words::choice(value, &ON_DELETE)),
        check: |_| Ok(()),
        show: |node| words::show_choice(&ON_DELETE, node.on_delete),
    },
    Key {
        name: "format",
        required: false,
        read: |node, value| set(&mut node.guards.format, words::choice(value, &FORMAT).map(Some)),
        check: |_| Ok(()),
        show: |node| node.guards.format.and_then(|format| words::show_choice(&FORMAT, format)),
    },
    Key {
        name: "min_bytes",
        required: false,
        read: |node, value| {
            set(&mut node.guards.min_bytes, number::parse(value, 0..=MAX_NODE_BYTES).map(Some))
        },
        check: |node| node.guards.min_bytes.map_or(Ok(()), |bytes| number::check(bytes, 0..=MAX_NODE_BYTES)),
        show: |node| node.guards.min_bytes.map(|bytes| bytes.to_string()),
    },
    Key {
        name: "max_bytes",
        required: false,
        // After min_bytes, so that the two can be compared.
        read: |node, value| {
            let bytes = number::parse(value, 0..=MAX_NODE_BYTES)?;
            not_below_min_bytes(bytes, node.guards.min_bytes, value)?;
            set(&mut node.guards.max_bytes, Ok(Some(bytes)))
        },
        check: |node| {
            let Some(bytes) = node.guards.max_bytes else { return Ok(()) };
            number::check(bytes, 0..=MAX_NODE_BYTES)?;
            not_below_min_bytes(bytes, node.guards.min_bytes, Text::literal(&bytes.to_string()))
        },
        show: |node| node.guards.max_bytes.map(|bytes| bytes.to_string()),
    },
    Key {
        name: "check",
        required: false,
        read: |node, value| set(&mut node.guards.check, path::parse_program(value).map(Some)),
        check: |node| {
            node.guards.check.as_ref().map_or(Ok(()), |check| path::check(check, path::parse_program))
        },
        show: |node| node.guards.check.as_ref().map(|check| check.display().to_string()),
    },
    Key {
        name: "verify",
        required: false,
        read: |node, value| set(&mut node.verify, path::parse_file(value).map(Some)),
        check: |node| node.verify.as_ref().map_or(Ok(()), |keys| path::check(keys, path::parse_file)),
        show: |node| node.verify.as_ref().map(|keys| keys.display().to_string()),
    },
    Key {
        name: "apply_jitter",
        required: false,
        read: |node, value| set(&mut node.apply_jitter, timespan::parse(value, JITTER)),
        check: |node| timespan::check(node.apply_jitter, JITTER),
        show: |node| Some(timespan::show(node.apply_jitter)),
    },
    Key {
        name: "rollout",
        required: false,
        read: |node, value| set(&mut node.rollout, words::boolean(value)),
        check: |_| Ok(()),
        show: |node| Some(node.rollout.to_string()),
    },
    Key {
        name: "on_change",
        required: false,
        read: |node, value| set(&mut hook(node).on_change, command::parse_command(value).map(Some)),
        check: |node| {
            node.hook.as_ref().and_then(|hook| hook.on_change.as_ref()).map_or(Ok(()), command::check_command)
        },
        show: |node| node.hook.as_ref().and_then(|hook| hook.on_change.as_ref()).map(ToString::to_string),
    },
    Key {
        name: "signal",
        required: false,
        read: |node, value| set(&mut hook(node).signal, command::parse_signal(value).map(Some)),
        check: |node| {
            node.hook.as_ref().and_then(|hook| hook.signal.as_ref()).map_or(Ok(()), command::check_signal)
        },
        show: |node| node.hook.as_ref().and_then(|hook| hook.signal.as_ref()).map(ToString::to_string),
    },
    Key {
        name: "on_change_timeout",
        required: false,
        read: |node, value| set(&mut hook(node).timeout, timespan::parse(value, HOOK_TIMEOUT)),
        check: |node| checked(node, |hook| timespan::check(hook.timeout, HOOK_TIMEOUT)),
        show: |node| node.hook.as_ref().map(|hook| timespan::show(hook.timeout)),
    },
    Key {
        name: "on_change_retries",
        required: false,
        read: |node, value| set(&mut hook(node).retries, number::parse(value, 0..=MAX_HOOK_RETRIES)),
        check: |node| checked(node, |hook| number::check(hook.retries, 0..=MAX_HOOK_RETRIES)),
        show: |node| node.hook.as_ref().map(|hook| hook.retries.to_string()),
    },
    Key {
        name: "settle",
        required: false,
        read: |node, value| {
            let settle = timespan::parse(value, OFF).or_else(|_| timespan::parse(value, SETTLE));
            set(&mut hook(node).settle, settle)
        },
        check: |node| {
            checked(node, |hook| {
                timespan::check(hook.settle, OFF).or_else(|_| timespan::check(hook.settle, SETTLE))
            })
        },
        show: |node| node.hook.as_ref().map(|hook| timespan::show(hook.settle)),
    },
    Key {
        name: "hook_group",
        required: false,
        read: |node, value| set(&mut hook(node).group, command::parse_group(value).map(Some)),
        check: |node| {
            node.hook
                .as_ref()
                .and_then(|hook| hook.group.as_ref())
                .map_or(Ok(()), |name| command::parse_group(Text::literal(name)).map(drop))
        },
        show: |node| node.hook.as_ref().and_then(|hook| hook.group.clone()),
    },
    Key {
        name: "on_start",
        required: false,
        read: |node, value| set(&mut hook(node).on_start, words::boolean(value)),
        check: |_| Ok(()),
        show: |node| node.hook.as_ref().map(|hook| hook.on_start.to_string()),
    },
];

/// The keys of [`Guards`](crate::Guards) and `verify`, which decide about content.
pub(crate) const GUARD_NAMES: [&str; 5] = ["format", "min_bytes", "max_bytes", "check", "verify"];

/// The keys of [`Hook`], which say nothing unless one of the first two is set.
pub(crate) const HOOK_NAMES: [&str; 7] =
    ["on_change", "signal", "on_change_timeout", "on_change_retries", "settle", "hook_group", "on_start"];

/// Refuses a `max_bytes` that no content with `min_bytes` could satisfy.
fn not_below_min_bytes(bytes: usize, min_bytes: Option<usize>, value: Text<'_>) -> Result<(), String> {
    match min_bytes {
        Some(least) if bytes < least => Err(format!("{value} is less than min_bytes ({least})")),
        _ => Ok(()),
    }
}

/// The hook to be set.
fn hook(node: &mut NodeConfig) -> &mut Hook {
    node.hook.get_or_insert_default()
}

fn checked(node: &NodeConfig, check: impl FnOnce(&Hook) -> Result<(), String>) -> Result<(), String> {
    node.hook.as_deref().map_or(Ok(()), check)
}

/// The values of `nodes.NAME.drift`.
const DRIFT: [(&str, OnDrift); 2] = [("repair", OnDrift::Repair), ("report", OnDrift::Report)];

/// The values of `nodes.NAME.on_delete`.
const ON_DELETE: [(&str, OnDelete); 2] = [("remove", OnDelete::Remove), ("keep", OnDelete::Keep)];

/// The values of `nodes.NAME.format`.
const FORMAT: [(&str, Format); 4] =
    [("json", Format::Json), ("toml", Format::Toml), ("yaml", Format::Yaml), ("utf8", Format::Utf8)];
