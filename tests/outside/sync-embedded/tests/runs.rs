//! The service with a real server.

use std::fs;

use ld_sync::{Changes, State};
use ld_testkit::{Namespace, SOON, TempDir};
use sync_embedded::{Tenants, describe};
use tokio::time::timeout;

/// Waits until the tenant is in the state, and returns its line for the log.
async fn until(changes: &mut Changes, tenant: &str, state: State) -> String {
    let wait = async {
        loop {
            let changed = changes.next().await.expect("the engine runs");
            if let Some(status) = changed.iter().find(|status| status.name == tenant && status.state == state)
            {
                break describe(status);
            }
        }
    };
    timeout(SOON, wait).await.unwrap_or_else(|_| panic!("{tenant} is not {state:?}"))
}

#[tokio::test]
async fn files_follow_the_tenants_and_their_nodes() {
    let (test, dir) = (Namespace::new(), TempDir::new());
    test.admin().create_all(&test.path("/tenants/a"), "1").unwrap();
    let tenants = Tenants::start(&test.connect_string(), dir.path(), &["a"]).unwrap();
    let mut changes = tenants.changes();
    assert_eq!(until(&mut changes, "a", State::Current).await, "a: current");
    assert_eq!(fs::read(dir.join("a.json")).unwrap(), b"1");

    test.admin().set(&test.path("/tenants/a"), "{").unwrap();
    let line = until(&mut changes, "a", State::Rejected).await;
    assert!(line.contains("it is not JSON"), "{line}");
    assert_eq!(fs::read(dir.join("a.json")).unwrap(), b"1");

    test.admin().create(&test.path("/tenants/b"), "2").unwrap();
    assert_eq!(tenants.replace(&["b"]).await.unwrap(), ["a"]);
    until(&mut changes, "b", State::Current).await;
    assert_eq!(fs::read(dir.join("b.json")).unwrap(), b"2");
    assert!(dir.join("a.json").exists());
    assert!(tenants.replace(&["b", "b"]).await.is_err());
    assert!(tenants.stop().await);
}
