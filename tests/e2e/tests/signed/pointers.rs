//! Signed content in S3: the pointer in the node is what the signature covers.

use ld_testkit::{Daemon, S3Server, SOON, TestOutput};

use super::Fixture;
use crate::pointers::with_s3;

fn publish(fixture: &Fixture, s3: &S3Server, content: &str, arguments: &[&str]) -> TestOutput {
    let writer = with_s3(fixture.host.writer(content, "/app/flags"), s3);
    writer.args(["--via-s3", "s3://bkt/live"]).args(arguments).run(SOON)
}

#[track_caller]
fn publish_signed(fixture: &Fixture, s3: &S3Server, content: &str) -> TestOutput {
    let key = fixture.publisher.key();
    let written = publish(fixture, s3, content, &["--sign", key.to_str().unwrap()]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    written
}

fn watcher(fixture: &Fixture, s3: &S3Server) -> Daemon {
    with_s3(fixture.host.watcher(), s3).start()
}

fn pointer(fixture: &Fixture) -> String {
    String::from_utf8(fixture.content()).unwrap()
}

#[test]
fn a_signed_pointer_is_followed_to_its_object() {
    let (fixture, s3) = (Fixture::new(), S3Server::start());
    let watcher = watcher(&fixture, &s3);
    // It has read its configuration, which the writer below writes anew.
    watcher.wait_for_stderr("the content is rejected: it has no signature in ", SOON);
    for (content, signatures) in [("one", 1), ("two", 2)] {
        let written = publish_signed(&fixture, &s3, content);
        assert!(written.stderr.contains("Signed it with the counter "), "{}", written.stderr);
        fixture.host.wait_for("flags", content);
        assert_eq!(fixture.signatures().len(), signatures);
    }
    // The signature is one of minisign over the pointer, and not over the object.
    let valid = |content: &str| {
        let verify = |signature: &Vec<u8>| fixture.publisher.verify_with_minisign(content, signature);
        fixture.signatures().iter().find_map(verify)
    };
    let comment = valid(&pointer(&fixture)).unwrap();
    assert!(comment.starts_with("live-data path:/app/flags counter:1"), "{comment}");
    assert_eq!(valid("two"), None);
}

#[test]
fn an_unsigned_or_changed_pointer_is_not_followed() {
    let (fixture, s3) = (Fixture::new(), S3Server::start());
    let unsigned = publish(&fixture, &s3, "new", &[]);
    unsigned.assert_ends(1, "nodes.flags.verify asks for signatures");
    assert_eq!((pointer(&fixture).as_str(), s3.places().len()), ("old", 0));
    publish_signed(&fixture, &s3, "good");
    let watcher = watcher(&fixture, &s3);
    fixture.host.wait_for("flags", "good");
    // The same object by another pointer, which has no signature.
    let other = format!("{} ", pointer(&fixture));
    let asked = s3.requests().len();
    fixture.zookeeper.admin().set(&fixture.zookeeper.path("/app/flags"), &other).unwrap();
    watcher.wait_for_stderr("the content is rejected: it has no signature in ", SOON);
    assert_eq!((fixture.host.read("flags").unwrap(), s3.requests().len()), (b"good".to_vec(), asked));
}

#[test]
fn a_pointer_that_is_there_gets_the_signature_that_it_lacks() {
    let (fixture, s3) = (Fixture::new(), S3Server::start());
    publish_signed(&fixture, &s3, "new");
    let (pointer_before, objects) = (pointer(&fixture), s3.places().len());
    fixture.zookeeper.admin().delete_all(&fixture.signatures_directory()).unwrap();
    let signed = publish_signed(&fixture, &s3, "new");
    assert!(signed.stderr.contains("Signed what /app/flags holds"), "{}", signed.stderr);
    let again = publish_signed(&fixture, &s3, "new");
    assert!(again.stderr.contains("No changes detected. Not writing."), "{}", again.stderr);
    assert_eq!((pointer(&fixture), s3.places().len()), (pointer_before, objects));
    let [signature] = &fixture.signatures()[..] else { panic!("{:?}", fixture.signatures()) };
    assert!(fixture.publisher.verify_with_minisign(&pointer(&fixture), signature).is_some());
}

#[test]
fn a_pointer_without_the_hash_is_replaced_and_not_signed() {
    let (fixture, s3) = (Fixture::new(), S3Server::start());
    publish_signed(&fixture, &s3, "new");
    let written = pointer(&fixture);
    let mut pointer_alone: serde_json::Value = serde_json::from_str(&written).unwrap();
    pointer_alone.as_object_mut().unwrap().remove("sha256").unwrap();
    let path = fixture.zookeeper.path("/app/flags");
    fixture.zookeeper.admin().set(&path, pointer_alone.to_string()).unwrap();
    publish_signed(&fixture, &s3, "new");
    assert_eq!(pointer(&fixture), written);
    assert_eq!(fixture.signatures().len(), 1);
}
