//! The cases of baseplate.py's own tests of S3 in `tests/unit/sidecars`, with the built watcher.
//!
//! - `test_parse_loader_type`, `S3`: all of the others here.
//! - `test_parse_loader_type`, the rest, and `test_loader_type_calls`:
//!   [`content_of_other_load_types_is_written_without_s3`].
//! - `test_load_from_s3_missing_config`, bucket, key and region:
//!   [`a_pointer_without_a_field_names_it_and_writes_nothing`].
//! - The same, `sse_key`: [`a_pointer_without_a_key_loads_a_plain_object`], since ours allows it.
//! - `test_successful_load_from_s3`, `anon` true and false:
//!   [`only_anonymous_pointers_are_not_signed`].
//! - `test_unsuccessful_load_from_s3_client_error`: [`a_refused_load_keeps_the_file`].
//! - `test_s3_load_type_on_change`: [`a_loaded_file_has_the_content_and_the_owner`].
//! - `test_s3_load_type_sharded_on_change`: [`twenty_loads_of_five_shards_all_succeed`].
//!
//! Their SSE keys have other lengths than 32 bytes, which S3 itself refuses.

use std::fs;
use std::os::unix::fs::MetadataExt;

use ld_testkit::{Host, Namespace, S3Fault, S3Server, SOON, TestOutput};

use super::{SSE_KEY, pointer, pointing, with_s3};

const CONTENT: &str = r#"{"foo_encrypted": "bar_encrypted"}"#;

/// One run of a watcher of nodes with these contents, named `n0` and so on.
fn run(s3: &S3Server, contents: &[&str]) -> (Host, TestOutput) {
    let zookeeper = Namespace::new();
    let mut host = Host::new(zookeeper.connect_string());
    for (index, content) in contents.iter().enumerate() {
        let path = format!("/n{index}");
        zookeeper.admin().create(&zookeeper.path(&path), content).unwrap();
        host = host.node(&format!("n{index}"), &path);
    }
    let output = with_s3(host.once(), s3).run(SOON);
    (host, output)
}

#[test]
fn content_of_other_load_types_is_written_without_s3() {
    let s3 = S3Server::start();
    let contents = [
        r#"{"live_data_watcher_load_type": "NOTS3"}"#,
        r#"{"live_data_watcher_load_type": "PASSTHROUGH"}"#,
        "",
        r#"{"key": "value"}"#,
        "[]",
        "1234",
        "null",
        "hey{look}at--this//ugly**string@of(ugly^^chars",
    ];
    let (host, output) = run(&s3, &contents);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    for (index, content) in contents.iter().enumerate() {
        assert_eq!(host.read(&format!("n{index}")).as_deref(), Some(content.as_bytes()), "{content}");
    }
    assert_eq!(s3.requests().len(), 0);
}

#[test]
fn a_pointer_without_a_field_names_it_and_writes_nothing() {
    let s3 = S3Server::start();
    for field in ["region_name", "bucket_name", "file_key"] {
        let pointer = pointer("k").replace(field, "other");
        let (host, output) = run(&s3, &[&pointer, "plain"]);
        assert!(output.stderr.contains(&format!("'{field}' is missing")), "{}", output.stderr);
        assert_eq!((host.read("n0"), host.read("n1")), (None, Some(b"plain".to_vec())), "{field}");
    }
    assert_eq!(s3.requests().len(), 0);
}

#[test]
fn a_pointer_without_a_key_loads_a_plain_object() {
    let s3 = S3Server::start();
    s3.put("bkt/k", CONTENT, None);
    let (host, output) = run(&s3, &[&pointer("k").replace("sse_key", "other")]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(host.read("n0").unwrap(), CONTENT.as_bytes());
}

#[test]
fn only_anonymous_pointers_are_not_signed() {
    for (anon, is_signed) in [("true", false), ("false", true)] {
        let s3 = S3Server::start();
        s3.put("bkt/k", CONTENT, Some(SSE_KEY));
        let pointer = pointer("k").replace('}', &format!(r#", "anon": {anon}}}"#));
        let (host, output) = run(&s3, &[&pointer]);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert_eq!(host.read("n0").unwrap(), CONTENT.as_bytes());
        assert_eq!(s3.requests()[0].header("authorization").is_some(), is_signed, "anon: {anon}");
    }
}

#[test]
fn a_refused_load_keeps_the_file() {
    let (zookeeper, s3, host) = pointing(&["flags"]);
    s3.put("bkt/flags", CONTENT, Some(SSE_KEY));
    let watcher = with_s3(host.watcher(), &s3).start();
    host.wait_for("flags", CONTENT);
    s3.put("bkt/refused", "other", Some(SSE_KEY));
    s3.script("bkt/refused", [S3Fault::Status(403, "AccessDenied")]);
    zookeeper.admin().set(&zookeeper.path("/flags"), pointer("refused")).unwrap();
    watcher.wait_for_stderr("the answer is 403 (AccessDenied); the last file stays", SOON);
    assert_eq!(host.read("flags").unwrap(), CONTENT.as_bytes());
}

#[test]
fn a_loaded_file_has_the_content_and_the_owner() {
    let s3 = S3Server::start();
    s3.put("bkt/k", CONTENT, Some(SSE_KEY));
    let (host, output) = run(&s3, &[&pointer("k")]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(host.read("n0").unwrap(), CONTENT.as_bytes());
    let (file, own) = (fs::metadata(host.file("n0")).unwrap(), fs::metadata(host.path("")).unwrap());
    assert_eq!((file.uid(), file.gid()), (own.uid(), own.gid()));
}

#[test]
fn twenty_loads_of_five_shards_all_succeed() {
    let s3 = S3Server::start();
    for place in ["bkt/k", "bkt/1/k", "bkt/2/k", "bkt/3/k", "bkt/4/k"] {
        s3.put(place, CONTENT, Some(SSE_KEY));
    }
    let pointer = pointer("k").replace('}', r#", "num_file_shards": 5}"#);
    let (host, output) = run(&s3, &[pointer.as_str(); 20]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    for index in 0..20 {
        assert_eq!(host.read(&format!("n{index}")).unwrap(), CONTENT.as_bytes());
    }
    let requests = s3.requests();
    assert_eq!(requests.len(), 20);
    let shards = ["/bkt/1/k", "/bkt/2/k", "/bkt/3/k", "/bkt/4/k"];
    assert!(requests.iter().all(|request| shards.contains(&request.path())), "{requests:?}");
}
