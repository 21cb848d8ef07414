//! A watcher, or a thief of its credential, against the reports of other hosts.

use ld_testkit::{Acl, Error, Host, Namespace, SOON, wait_for};

const REPORTERS: &str = "fleet:planted-password";
const PUBLISHER: &str = "ops:other-password";

/// An ensemble in which `fleet` may report and `ops` may publish, with a watcher that reports.
fn fleet() -> (Namespace, Host) {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "one").unwrap();
    let admin = Host::new(zookeeper.connect_string()).credentials(&[PUBLISHER, REPORTERS]);
    let [publishers, reporters] = ["digest-secret:secret/zookeeper/0", "digest-secret:secret/zookeeper/1"];
    admin.init(&["--publishers", publishers, "--reporters", reporters]);
    let host = Host::new(zookeeper.connect_string())
        .credentials(&[REPORTERS])
        .node("flags", "/flags")
        .setting("fleet.report", "true")
        .setting("fleet.host", "web-1");
    (zookeeper, host)
}

#[test]
fn a_shared_credential_writes_no_report_of_another_host() {
    let (zookeeper, host) = fleet();
    let _watcher = host.watcher().start();
    let path = zookeeper.path("/live-data/hosts/web-1");
    let thief = || zookeeper.server().admin().with_digest(REPORTERS);
    wait_for("the report", 2 * SOON, || {
        let (report, _) = thief().get(&path).ok()?;
        String::from_utf8(report).unwrap().contains("\"current\"").then_some(())
    });
    let before = thief().get(&path).unwrap();
    for refused in [
        thief().set(&path, "forged").map(drop),
        thief().delete(&path),
        thief().set_acl(&path, &[Acl::anyone(Acl::ALL)]),
    ] {
        assert!(matches!(refused, Err(Error::NoAuth { .. })), "{refused:?}");
    }
    assert!(thief().create(&path, "forged").is_err());
    assert!(thief().create(&format!("{path}/child"), "forged").is_err());
    assert_eq!(thief().get(&path).unwrap(), before);
    // Others may not even read it.
    assert!(matches!(zookeeper.admin().get(&path), Err(Error::NoAuth { .. })));
    let listed = zookeeper.admin().children(&zookeeper.path("/live-data/hosts"));
    assert!(matches!(listed, Err(Error::NoAuth { .. })), "{listed:?}");
}
