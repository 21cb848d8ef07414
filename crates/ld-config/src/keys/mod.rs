//! The key tables: each key once.

mod fleet;
mod key;
mod node;
mod publish;
mod s3;
mod status;
mod watcher;
mod zookeeper;

pub(crate) use fleet::FLEET;
pub(crate) use key::Key;
pub(crate) use node::{GUARD_NAMES, HOOK_NAMES, NODE};
pub(crate) use publish::PUBLISH;
pub(crate) use s3::S3;
pub(crate) use status::STATUS;
pub(crate) use watcher::{SECRETS, WATCHER};
pub(crate) use zookeeper::ZOOKEEPER;

/// What all keys of nodes start with.
pub(crate) const NODE_PREFIX: &str = "nodes.";

/// The names of the keys that a file has once.
pub(crate) fn global_names() -> impl Iterator<Item = &'static str> {
    let zookeeper = ZOOKEEPER.iter().map(|key| key.name);
    zookeeper
        .chain(SECRETS.iter().map(|key| key.name))
        .chain(WATCHER.iter().map(|key| key.name))
        .chain(S3.iter().map(|key| key.name))
        .chain(PUBLISH.iter().map(|key| key.name))
        .chain(FLEET.iter().map(|key| key.name))
        .chain(STATUS.iter().map(|key| key.name))
}

/// Every key that is known, as docs/config.md writes it: `zookeeper.hosts`, `nodes.NAME.source`.
pub fn keys() -> impl Iterator<Item = String> {
    let nodes = NODE.iter().map(|key| format!("{NODE_PREFIX}NAME.{}", key.name));
    global_names().map(str::to_owned).chain(nodes)
}
