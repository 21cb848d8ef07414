//! Panics of all threads: those of the ZooKeeper crate are known, and ours are findings.

use std::panic;
use std::sync::{Mutex, Once, PoisonError};

/// Where the ZooKeeper crate and what it decodes with panic on malformed replies. ld-zk turns that
/// into the end of a session.
const KNOWN: [&str; 2] = ["/zookeeper-client-", "/bytes-"];

static FIRST: Mutex<Option<String>> = Mutex::new(None);

/// From now on a known panic is silent, and every other one is kept for [`assert_none`].
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let former = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let file = panic.location().map(panic::Location::file).unwrap_or_default();
            if !KNOWN.iter().any(|known| file.contains(known)) {
                first().get_or_insert_with(|| panic.to_string());
                // With the fuzzer this ends the process.
                former(panic);
            }
        }));
    });
}

/// Panics if any thread did.
pub(crate) fn assert_none() {
    if let Some(panic) = first().clone() {
        panic!("a thread panicked: {panic}");
    }
}

fn first() -> std::sync::MutexGuard<'static, Option<String>> {
    FIRST.lock().unwrap_or_else(PoisonError::into_inner)
}
