//! Changes of a watcher's configuration while it runs.

use std::time::{Duration, Instant};

use ld_testkit::Daemon;

use crate::schedule::Event;
use crate::testbed::{Configuration, RETRY_LIMIT, Scope, Testbed};

/// Limit for a watcher to tell what became of a reload. It may have to wait for what hangs.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// A file stays as it is while its node is not configured. No other file may wait.
pub(crate) fn scope(event: &Event) -> Scope {
    Scope::File(event.watcher, event.node)
}

/// Has the watcher read a broken configuration, one without a node, and one that needs new
/// sessions. Then it gets its former one back.
pub(crate) fn inject(testbed: &Testbed, event: &Event) -> Result<(), String> {
    let steps = [
        (Configuration::Broken, "not reloaded: the configuration is broken"),
        (Configuration::Without(event.node), "reloaded: 0 nodes added, 1 removed, 0 changed"),
        (Configuration::OtherOrder, "reloaded: new sessions"),
    ];
    wait_until_configured(testbed, event)?;
    let outcome = steps.into_iter().try_for_each(|(configuration, answer)| {
        reload(testbed, event, configuration, answer)?;
        testbed.pause(event.duration / 3);
        Ok(())
    });
    outcome.and(reload(testbed, event, Configuration::Original, "reloaded: new sessions"))
}

/// A watcher that was just started reads its configuration now, and could not start with a broken
/// one. Whatever it says of a session comes after that.
fn wait_until_configured(testbed: &Testbed, event: &Event) -> Result<(), String> {
    let host = &testbed.hosts[event.watcher];
    let start = Instant::now();
    while !host.watcher().as_ref().is_some_and(|watcher| watcher.stderr().contains("ZooKeeper session")) {
        if start.elapsed() > RETRY_LIMIT || testbed.recorder.should_stop() {
            return Err(format!("the watcher has not read its configuration; {}", host.log_tail(None)));
        }
        testbed.pause(Duration::from_millis(20));
    }
    Ok(())
}

fn reload(
    testbed: &Testbed,
    event: &Event,
    configuration: Configuration,
    answer: &str,
) -> Result<(), String> {
    let host = &testbed.hosts[event.watcher];
    host.configure(configuration).map_err(|error| format!("cannot write a configuration: {error}"))?;
    let answers = || {
        let log = host.watcher().as_ref().map(Daemon::stderr).unwrap_or_default();
        log.matches(answer).count()
    };
    let before = answers();
    if let Some(watcher) = host.watcher().as_ref() {
        watcher.hang_up();
    }
    let start = Instant::now();
    while answers() == before {
        if start.elapsed() > ANSWER_LIMIT || testbed.recorder.should_stop() {
            return Err(format!("no '{answer}' in the log; {}", host.log_tail(None)));
        }
        testbed.pause(Duration::from_millis(20));
    }
    Ok(())
}
