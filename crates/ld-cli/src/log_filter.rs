//! Which events become log lines.

use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};

/// Crates of the ZooKeeper client. Their lower levels are noise at best: the client prints the
/// password of its session at `DEBUG`.
const QUIET: [&str; 4] = ["zookeeper_client", "asyncs", "polling", "async_io"];

/// The most that is logged of [`QUIET`], whatever the user asks for.
const QUIET_AT_MOST: LevelFilter = LevelFilter::INFO;

/// The crate that keeps the sessions.
const SESSIONS: &str = "ld_zk";

/// What is logged unless the user says otherwise. Without `session_news` sessions are logged only
/// when something is wrong.
pub(crate) fn defaults(debug: bool, session_news: bool) -> Targets {
    let level = if debug { LevelFilter::DEBUG } else { LevelFilter::INFO };
    let quiet = if debug { QUIET_AT_MOST } else { LevelFilter::OFF };
    let sessions = if session_news || debug { level } else { LevelFilter::WARN };
    Targets::new()
        .with_default(level)
        .with_target(SESSIONS, sessions)
        .with_targets(QUIET.map(|target| (target, quiet)))
}

/// The defaults, changed by the directives of `RUST_LOG`.
///
/// # Errors
///
/// A directive cannot be parsed.
pub(crate) fn changed_by(directives: &str, defaults: Targets) -> Result<Targets, ParseError> {
    let directives: String = directives.split_whitespace().collect();
    let directives = directives.trim_matches(',');
    if directives.is_empty() {
        return Ok(defaults);
    }
    let asked = Targets::from_str(directives)?;
    let mut targets = defaults;
    if let Some(level) = asked.default_level() {
        targets = targets.with_default(level).with_target(SESSIONS, level);
    }
    let asked = asked.into_iter().filter(|(target, _)| !target.is_empty());
    Ok(targets.with_targets(asked.map(|(target, level)| {
        let is_quiet = QUIET.iter().any(|quiet| target.starts_with(quiet));
        let level = if is_quiet { level.min(QUIET_AT_MOST) } else { level };
        (target, level)
    })))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    fn changed(directives: &str) -> Targets {
        changed_by(directives, defaults(false, true)).unwrap()
    }

    #[test]
    fn a_directive_changes_its_target_and_no_other() {
        let targets = changed("ld_zk=debug");
        assert!(targets.would_enable("ld_zk::session", &Level::DEBUG));
        assert!(targets.would_enable("ld_sync::node", &Level::INFO));
        assert!(!targets.would_enable("ld_sync::node", &Level::DEBUG));
    }

    #[test]
    fn a_level_alone_is_that_of_all_other_targets() {
        let targets = changed(" warn , ld_sync=info ");
        assert!(targets.would_enable("ld_sync::node", &Level::INFO));
        assert!(!targets.would_enable("live_data_watcher", &Level::INFO));
        assert!(!targets.would_enable("ld_zk::session", &Level::INFO));
    }

    #[test]
    fn no_directive_lets_secrets_of_the_client_through() {
        for directives in ["trace", "zookeeper_client=trace", "zookeeper_client::session=debug", "z=trace"] {
            let targets = changed(directives);
            assert!(!targets.would_enable("zookeeper_client::session", &Level::DEBUG), "{directives}");
        }
    }

    #[test]
    fn nothing_asked_for_changes_nothing() {
        assert_eq!(changed(" ,"), defaults(false, true));
        assert!(changed_by("ld_zk=loud", Targets::new()).is_err());
    }
}
