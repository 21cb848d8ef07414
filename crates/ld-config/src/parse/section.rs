//! The section `[live-data]`: its keys to settings.

use std::collections::HashMap;

use super::apply::apply;
use super::scope::Scope;
use super::{guarded, nodes, suggest};
use crate::hooks;
use crate::ini::{Entry, Section};
use crate::keys::{self, FLEET, Key, NODE_PREFIX, PUBLISH, S3, SECRETS, STATUS, WATCHER, ZOOKEEPER};
use crate::problem::{NodeProblems, Position};
use crate::problems::Problems;
use crate::quote::Text;
use crate::settings::{Config, ZooKeeperConfig};
use crate::values::tls;

/// Below these prefixes an unknown key is warned about. Other keys of the section belong to others.
const OUR_PREFIXES: [&str; 7] =
    ["zookeeper.", "secrets.", "watcher.", "s3.", "publish.", "fleet.", "status."];

/// The keys of a section outside of nodes.
type Global<'a> = HashMap<&'a str, Entry<'a>>;

/// Reads all settings that the scope covers.
pub(super) fn read(section: &Section, scope: Scope, problems: &mut Problems) -> (Config, Vec<NodeProblems>) {
    let mut config = Config::default();
    let global = section.entries.iter().filter(|entry| !entry.key.starts_with(NODE_PREFIX));
    let global: Global<'_> = global.map(|entry| (entry.key, entry)).collect();
    let at = Position::from(section.line);
    read_keys(ZOOKEEPER, &mut config.zookeeper, &global, at, problems);
    read_keys(SECRETS, &mut config.secrets, &global, at, problems);
    read_keys(S3, &mut config.s3, &global, at, problems);
    read_keys(PUBLISH, &mut config.publish, &global, at, problems);
    if scope == Scope::Watcher {
        read_keys(WATCHER, &mut config.watcher, &global, at, problems);
        read_keys(FLEET, &mut config.fleet, &global, at, problems);
        read_keys(STATUS, &mut config.status, &global, at, problems);
    }
    check_tls(&config.zookeeper, &global, at, problems);
    for entry in section.entries.iter().filter(|entry| scope.covers(entry.key)) {
        let is_ours = OUR_PREFIXES.iter().any(|prefix| entry.key.starts_with(prefix));
        if is_ours && !keys::global_names().any(|name| name == entry.key) {
            problems.warn_with(entry.at, entry.key, || {
                let nearest = suggest::nearest(entry.key, keys::global_names());
                format!("unknown key, ignored (the nearest known key is '{nearest}')")
            });
        } else if let Some(ours) = misspelt_prefix(entry.key) {
            problems.warn_with(entry.at, entry.key, || {
                format!("unknown key, ignored (keys of live data begin with '{ours}')")
            });
        }
    }
    let mut node_problems = Vec::new();
    config.nodes = match scope {
        Scope::Watcher => nodes::read(&section.entries, problems),
        Scope::Writer => guarded::read(&section.entries, problems, &mut node_problems),
    };
    if scope == Scope::Watcher {
        check_sandbox(&config, &global, at, problems);
    }
    (config, node_problems)
}

/// The prefix that is meant by one with a single mistake. Prefixes that are further away belong to
/// others.
fn misspelt_prefix(key: &str) -> Option<&'static str> {
    let end = key.find('.')? + 1;
    let prefix = &key[..end];
    // Most keys are those of nodes: there may be many thousands.
    if prefix == NODE_PREFIX {
        return None;
    }
    let mut ours = OUR_PREFIXES.into_iter().chain([NODE_PREFIX]).filter(|ours| ours.len() > "s3.".len());
    ours.find(|ours| strsim::osa_distance(prefix, ours) == 1)
}

fn read_keys<T>(
    keys: &[Key<T>],
    settings: &mut T,
    global: &Global<'_>,
    at: Position,
    problems: &mut Problems,
) {
    for key in keys {
        apply(key, settings, key.name, global.get(key.name).copied(), at, problems);
    }
}

/// What is wrong with the TLS settings together.
fn check_tls(zookeeper: &ZooKeeperConfig, global: &Global<'_>, at: Position, problems: &mut Problems) {
    let place_of = |key: &str| global.get(key).map_or(at, |entry| entry.at);
    if zookeeper.tls.is_none() && global.contains_key(tls::CA) {
        // An empty variable must not turn encryption off.
        let problem = "no value specified; without TLS leave the key out";
        problems.error(place_of(tls::CA), Some(tls::CA), problem);
    }
    if let Some((key, problem)) = tls::missing(zookeeper) {
        problems.error(place_of(key), Some(key), problem);
    }
    const HOSTS: &str = "zookeeper.hosts";
    if let Some(hosts) = global.get(HOSTS) {
        let value = Text::expanded(hosts.value, hosts.written);
        for name in tls::unnameable(zookeeper) {
            problems.error(hosts.at, Some(HOSTS), tls::not_a_name(value.piece(name)));
        }
    }
}

/// A sandbox would bind what hooks run.
fn check_sandbox(config: &Config, global: &Global<'_>, at: Position, problems: &mut Problems) {
    const SANDBOX: &str = "watcher.sandbox";
    if let Some(problem) = hooks::in_sandbox(config) {
        problems.error(global.get(SANDBOX).map_or(at, |entry| entry.at), Some(SANDBOX), problem);
    }
}

#[cfg(test)]
mod tests {
    use super::misspelt_prefix;

    #[test]
    fn one_mistake_in_a_prefix_is_noticed() {
        for (key, ours) in
            [("zookeper.timeout", "zookeeper."), ("node.a.source", "nodes."), ("Watcher.sandbox", "watcher.")]
        {
            assert_eq!(misspelt_prefix(key), Some(ours), "{key}");
        }
        for key in ["zookeeper.timeout", "nodes.a.source", "s4.x", "app.zookeeper.hosts", "timeout", "x."] {
            assert_eq!(misspelt_prefix(key), None, "{key}");
        }
    }
}
