//! A reload that is kept from its end.

use std::time::Duration;

use ld_testkit::{SOON, replace_by_fifo};

use crate::target::Target;

/// Less than the 10 s that a reload may wait for the configuration.
const END: Duration = Duration::from_secs(6);

#[test]
fn a_configuration_that_became_a_fifo_delays_nothing() {
    let mut target = Target::start();
    let config = target.host.path("config.ini");
    replace_by_fifo(&config);
    target.watcher.hang_up();
    target.watcher.wait_for_stderr("SIGHUP: reading", SOON);
    target.watcher.wait_for_stderr("not reloaded: the configuration is not a regular file", SOON);
    target.assert_followed("a reload of a FIFO");
    target.watcher.terminate();
    assert_eq!(target.watcher.wait(END).code(), Some(0), "{}", target.watcher.stderr());
}
