//! What a loader asks for, and what it takes for an answer.

use std::time::Duration;

use ld_s3::ld_sync::{Again, Loader};
use ld_testkit::S3Fault;
use tokio::time::sleep;

use crate::rig::{Memory, Rig, SSE_KEY, pointer};

/// Bytes that hardly repeat.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    (0_u32..).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).take(count).collect()
}

#[tokio::test]
async fn content_of_any_size_comes_unchanged() {
    let rig = Rig::new();
    for size in [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000] {
        rig.server.put("bkt/k", bytes(size), Some(SSE_KEY));
        assert!(rig.load(&pointer("k", "")).await.unwrap() == bytes(size), "{size}");
    }
}

#[tokio::test]
async fn the_headers_are_those_of_the_original() {
    let rig = Rig::new().var("AWS_SESSION_TOKEN", "TOK");
    rig.server.put("bkt/exp/config.json", "x", Some(SSE_KEY));
    rig.load(&pointer("exp/config.json", "")).await.unwrap();
    let requests = rig.server.requests();
    let request = &requests[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/bkt/exp/config.json"));
    for (name, value) in [
        ("host", rig.server.address().to_string().as_str()),
        ("x-amz-checksum-mode", "ENABLED"),
        ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("x-amz-security-token", "TOK"),
        ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
        ("x-amz-server-side-encryption-customer-key", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        ("x-amz-server-side-encryption-customer-key-md5", "hRasmdxgYDKV3nvbahU1MA=="),
    ] {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    let authorization = request.header("authorization").unwrap();
    let signed = "SignedHeaders=host;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date;x-amz-security-token;\
                  x-amz-server-side-encryption-customer-algorithm;x-amz-server-side-encryption-customer-key;\
                  x-amz-server-side-encryption-customer-key-md5,";
    assert!(authorization.contains(signed), "{authorization}");
    assert!(authorization.contains("/us-east-1/s3/aws4_request"), "{authorization}");
}

#[tokio::test]
async fn strange_keys_are_signed_as_they_are_sent() {
    let rig = Rig::new();
    for key in ["a b+c&d=e?f#g", "a%2Fb", "~x*()'!", "/lead", "a//b", "../x", "a/./b", "\u{fc}"] {
        rig.server.put(&format!("bkt/{key}"), key, Some(SSE_KEY));
        assert_eq!(rig.load(&pointer(key, "")).await.unwrap(), key.as_bytes(), "{key}");
    }
}

#[tokio::test]
async fn a_plain_object_needs_no_key() {
    let rig = Rig::new();
    rig.server.put("bkt/k", "plain", None);
    let plain = pointer("k", "").replace(&format!("\"{SSE_KEY}\""), "null");
    assert_eq!(rig.load(&plain).await.unwrap(), b"plain");
    assert_eq!(rig.load(&plain.replace("\"sse_key\": null,", "")).await.unwrap(), b"plain");
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_shown_nowhere() {
    let rig = Rig::new();
    rig.server.put("bkt/k", "x", Some("another key of 32 bytes, exactly"));
    let error = rig.load(&pointer("k", "")).await.unwrap_err();
    assert_eq!(error.to_string(), "s3://bkt/k: the answer is 403 (AccessDenied)");
    assert_eq!(error.again, Again::Slowly);
}

#[tokio::test]
async fn an_anonymous_request_is_not_signed() {
    let rig = Rig::new().without("AWS_ACCESS_KEY_ID");
    rig.server.put("bkt/k", "x", Some(SSE_KEY));
    rig.load(&pointer("k", ", \"anon\": true")).await.unwrap();
    assert_eq!(rig.server.requests()[0].header("authorization"), None);
    let error = rig.load(&pointer("k", "")).await.unwrap_err();
    assert!(error.to_string().contains("no usable AWS credentials"), "{error}");
}

#[tokio::test]
async fn a_version_is_asked_for_by_its_id() {
    let rig = Rig::new();
    rig.server.put("bkt/k", "x", Some(SSE_KEY));
    rig.load(&pointer("k", ", \"version_id\": \"v/1\"")).await.unwrap();
    assert_eq!(rig.server.requests()[0].target, "/bkt/k?versionId=v%2F1");
}

#[tokio::test]
async fn a_missing_shard_is_made_up_for_by_another() {
    let rig = Rig::new();
    rig.server.put("bkt/2/k", "second", Some(SSE_KEY));
    for _ in 0..10 {
        assert_eq!(rig.load(&pointer("k", ", \"num_file_shards\": 4")).await.unwrap(), b"second");
    }
    rig.server.remove("bkt/2/k");
    let error = rig.load(&pointer("k", ", \"num_file_shards\": 4")).await.unwrap_err().to_string();
    assert!(error.contains("/k: the answer is 404 (NoSuchKey) (and 2 other shards failed)"), "{error}");
}

#[tokio::test]
async fn half_a_shard_leaves_nothing_to_the_next() {
    let rig = Rig::new();
    for (shard, fault) in [("1", S3Fault::CutAfter(900_000)), ("2", S3Fault::CutAfter(10))] {
        rig.server.put(&format!("bkt/{shard}/k"), bytes(1_000_000), Some(SSE_KEY));
        rig.server.script(&format!("bkt/{shard}/k"), [fault]);
    }
    rig.server.put("bkt/3/k", bytes(1_000_000), Some(SSE_KEY));
    assert!(rig.load(&pointer("k", ", \"num_file_shards\": 4")).await.unwrap() == bytes(1_000_000));
}

#[tokio::test]
async fn a_bucket_of_another_region_is_asked_there() {
    let rig = Rig::new();
    rig.server.set_region("eu-west-1");
    rig.server.put("bkt/k", "x", Some(SSE_KEY));
    assert_eq!(rig.load(&pointer("k", "")).await.unwrap(), b"x");
    assert_eq!(rig.server.requests().len(), 2);
    // An answer without the region: the bucket is asked for it.
    rig.server.script("bkt/k", [S3Fault::Status(307, "TemporaryRedirect")]);
    rig.server.set_region("eu-west-2");
    let error = rig.load(&pointer("k", "")).await;
    assert!(error.is_ok(), "{error:?}");
}

#[tokio::test]
async fn the_region_of_the_environment_is_the_default() {
    let rig = Rig::new().var("AWS_DEFAULT_REGION", "eu-west-3");
    rig.server.set_region("eu-west-3");
    rig.server.put("bkt/k", "x", Some(SSE_KEY));
    rig.load(&pointer("k", "").replace("\"us-east-1\"", "null")).await.unwrap();
    assert_eq!(rig.server.requests().len(), 1);
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_whole_url() {
    let rig = Rig::new().var("AWS_ENDPOINT_URL", "http://s3.test");
    rig.server.put("bkt/k", "x", Some(SSE_KEY));
    let url = rig.server.url();
    let rig = rig.var("HTTP_PROXY", &url);
    assert_eq!(rig.load(&pointer("k", "")).await.unwrap(), b"x");
    let requests = rig.server.requests();
    assert_eq!(
        (requests[0].target.as_str(), requests[0].header("host")),
        ("http://s3.test/bkt/k", Some("s3.test"))
    );
}

#[tokio::test]
async fn a_proxy_is_sent_its_credentials_unsigned() {
    let rig = Rig::new().var("AWS_ENDPOINT_URL", "http://s3.test");
    rig.server.put("bkt/k", "x", Some(SSE_KEY));
    let url = format!("http://user:p%40ss@{}", rig.server.address());
    let rig = rig.var("HTTP_PROXY", &url);
    assert_eq!(rig.load(&pointer("k", "")).await.unwrap(), b"x");
    let request = &rig.server.requests()[0];
    assert_eq!(request.header("proxy-authorization"), Some("Basic dXNlcjpwQHNz"));
    let signed = request.header("authorization").unwrap();
    assert!(!signed.contains("proxy-authorization"), "{signed}");
}

#[tokio::test]
async fn an_object_above_the_limit_ends_the_load_early() {
    let rig = Rig::new().max_bytes(1_000_000);
    rig.server.put("bkt/k", bytes(1_000_001), Some(SSE_KEY));
    for fault in [S3Fault::None, S3Fault::Chunked(None)] {
        rig.server.script("bkt/k", [fault]);
        let error = rig.load(&pointer("k", "")).await.unwrap_err();
        assert_eq!(error.again, Again::Never);
        assert!(error.to_string().contains("s3.max_bytes is 1000000"), "{error}");
    }
    rig.server.put("bkt/k", bytes(1_000_000), Some(SSE_KEY));
    assert!(rig.load(&pointer("k", "")).await.is_ok());
    let small = rig.loader().parse(&pointer("k", "")).unwrap();
    let error = small.load(Some(10), &mut Memory::default()).await.unwrap_err();
    assert!(error.to_string().ends_with("and max_bytes is 10"), "{error}");
}

#[tokio::test]
async fn a_sha256_of_the_pointer_is_checked() {
    let rig = Rig::new();
    rig.server.put("bkt/k", "123456789", Some(SSE_KEY));
    let right = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
    rig.load(&pointer("k", &format!(", \"sha256\": \"{right}\""))).await.unwrap();
    rig.server.put("bkt/k", "123456780", Some(SSE_KEY));
    let error = rig.load(&pointer("k", &format!(", \"sha256\": \"{right}\""))).await.unwrap_err();
    assert_eq!(error.to_string(), "s3://bkt/k: what came does not have the pointer's sha256");
}

#[tokio::test]
async fn at_most_eight_loads_run_at_a_time() {
    let rig = Rig::new();
    let loader = rig.loader();
    let keys: Vec<_> = (0..20).map(|index| format!("k{index}")).collect();
    for key in &keys {
        rig.server.put(&format!("bkt/{key}"), bytes(1_000), Some(SSE_KEY));
        rig.server.script(&format!("bkt/{key}"), [S3Fault::StallAfter(10)]);
    }
    let pointers: Vec<_> = keys.iter().map(|key| loader.parse(&pointer(key, "")).unwrap()).collect();
    let loads = pointers.iter().map(|pointer| async move {
        let _ = pointer.load(None, &mut Memory::default()).await;
    });
    let eight = async {
        while rig.server.most_active() < 8 {
            sleep(Duration::from_millis(10)).await;
        }
        // A ninth one would be counted by now.
        sleep(Duration::from_millis(300)).await;
    };
    tokio::select! {
        _ = futures_util::future::join_all(loads) => panic!("the loads stall"),
        () = eight => {}
    }
    assert_eq!(rig.server.most_active(), 8);
}
