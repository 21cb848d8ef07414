//! What a publisher writes, and what it leaves after a failure.

use std::future::pending;
use std::time::Duration;

use ld_s3::{Storage, UploadError};
use ld_testkit::S3Fault;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::loads::bytes;
use crate::rig::{Rig, file, version};

/// So many bytes come in five parts.
const IN_PARTS: usize = 450_000;

/// How objects may be stored.
fn storages() -> [Storage; 3] {
    [Storage::new(), Storage::new().sse_c(true), Storage::new().sse_c(true).shards(3)]
}

#[tokio::test]
async fn what_was_uploaded_is_what_the_pointer_points_to() {
    for storage in storages() {
        for size in [0, 1, 300_000] {
            let rig = Rig::new();
            let content = bytes(size);
            let uploaded = rig.upload(&content, storage).await.unwrap();
            assert!(rig.load(&uploaded.pointer).await.unwrap() == content, "{size}");
            let copies = if storage.shards == 3 { 2 } else { 1 };
            assert_eq!((uploaded.written.len(), rig.server.places().len()), (copies, copies));
        }
    }
}

#[tokio::test]
async fn content_of_more_than_four_parts_comes_in_parts() {
    for storage in [Storage::new(), Storage::new().sse_c(true)] {
        let rig = Rig::new();
        let content = bytes(400_001);
        let uploaded = rig.upload(&content, storage).await.unwrap();
        let parts =
            rig.server.requests().iter().filter(|request| request.query().contains("partNumber=")).count();
        assert_eq!((parts, rig.server.open_uploads().len()), (5, 0));
        assert!(rig.load(&uploaded.pointer).await.unwrap() == content);
    }
}

#[tokio::test]
async fn content_that_is_there_is_not_sent_again() {
    let rig = Rig::new();
    let first = rig.upload(b"content", Storage::new()).await.unwrap();
    let second = rig.upload(b"content", Storage::new()).await.unwrap();
    assert_eq!((&second.present, second.written.len()), (&first.written, 0));
    assert_eq!(first.pointer, second.pointer);
    let puts = rig.server.requests().iter().filter(|request| request.method == "PUT").count();
    assert_eq!(puts, 1);
}

#[tokio::test]
async fn no_object_is_ever_overwritten() {
    let rig = Rig::new();
    rig.upload(b"content", Storage::new()).await.unwrap();
    let place = rig.server.places().remove(0);
    rig.server.put(&place, "7 other", None);
    // The answer to the first request says that there is none.
    rig.server.script(&place, [S3Fault::Status(404, "NoSuchKey")]);
    let uploaded = rig.upload(b"content", Storage::new()).await.unwrap();
    assert_eq!(uploaded.written, [] as [String; 0]);
    assert_eq!(rig.server.content(&place).unwrap(), b"7 other");
    // What has the name of the content and another size is not taken for it.
    rig.server.put(&place, "other", None);
    let error = rig.upload(b"content", Storage::new()).await.unwrap_err();
    assert!(error.to_string().contains("another object has this name"), "{error}");
    assert_eq!(rig.server.content(&place).unwrap(), b"other");
}

#[tokio::test]
async fn a_name_that_is_taken_by_what_cannot_be_seen_is_an_error() {
    let rig = Rig::new();
    let place = version(b"content", Storage::new());
    let place = format!("bkt/{}", place.keys().remove(0));
    // There is none, the name is taken, and then again there is none.
    let taken = [
        S3Fault::Status(404, "NoSuchKey"),
        S3Fault::Status(412, "PreconditionFailed"),
        S3Fault::Status(404, "NoSuchKey"),
    ];
    rig.server.script(&place, taken);
    let error = rig.upload(b"content", Storage::new()).await.unwrap_err();
    assert!(error.to_string().contains("its name is taken"), "{error}");
}

#[tokio::test]
async fn what_may_be_left_does_not_depend_on_the_last_answer() {
    let rig = Rig::new();
    let place = format!("bkt/{}", version(b"content", Storage::new()).keys().remove(0));
    let busy = || S3Fault::Status(503, "SlowDown");
    rig.server.script(&place, [S3Fault::None, S3Fault::LostAnswer, busy(), busy(), busy(), busy()]);
    let error = rig.upload(b"content", Storage::new()).await.unwrap_err();
    assert!(error.to_string().contains("503"), "{error}");
    assert_eq!(error.left(), [format!("perhaps s3://{place}")]);
    assert_eq!(rig.server.content(&place).unwrap(), b"content");
}

#[tokio::test]
async fn a_server_that_is_not_reached_has_nothing_left() {
    let rig = Rig::new().var("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let error = rig.upload(b"content", Storage::new()).await.unwrap_err();
    assert_eq!(error.left(), [] as [String; 0], "{error}");
}

#[tokio::test]
async fn each_request_has_a_checksum_that_s3_verifies() {
    let rig = Rig::new();
    rig.upload(&bytes(IN_PARTS), Storage::new()).await.unwrap();
    rig.upload(b"small", Storage::new()).await.unwrap();
    let requests = rig.server.requests();
    for request in requests.iter().filter(|request| request.method == "PUT") {
        let hash = request.header("x-amz-content-sha256").unwrap();
        assert!(hash.len() == 64 && request.header("x-amz-checksum-sha256").is_some(), "{request:?}");
    }
    // The file has other content than its hash says.
    let (publisher, version) = (rig.publisher(), version(b"content", Storage::new()));
    let error = publisher.upload(&version, &file(b"changed"), &Default::default(), pending()).await;
    let error = error.unwrap_err().to_string();
    assert!(error.ends_with("the answer is 400 (XAmzContentSHA256Mismatch)"), "{error}");
}

#[tokio::test]
async fn a_source_that_changes_meanwhile_is_not_published() {
    let rig = Rig::new();
    let content = bytes(IN_PARTS);
    let version = version(&content, Storage::new());
    let mut changed = content.clone();
    changed[220_000] ^= 1;
    let error = rig.publisher().upload(&version, &file(&changed), &Default::default(), pending()).await;
    let error = error.unwrap_err();
    assert!(error.to_string().ends_with("the source changed while it was read"), "{error}");
    assert_eq!((error.left().len(), rig.server.places().len(), rig.server.open_uploads().len()), (0, 0, 0));
}

#[tokio::test]
async fn failures_that_pass_are_tried_again() {
    let busy = || S3Fault::Status(503, "SlowDown");
    let broken = || S3Fault::Status(500, "InternalError");
    for fault in [busy(), broken(), S3Fault::LostAnswer, S3Fault::Status(409, "ConditionalRequestConflict")] {
        let rig = Rig::new();
        let place = format!("bkt/live/{}", hash_of(b"content"));
        rig.server.script(&place, [S3Fault::None, fault.clone(), S3Fault::None]);
        let uploaded = rig.upload(b"content", Storage::new()).await.unwrap();
        assert_eq!(uploaded.written.len(), 1, "{fault:?}");
        assert_eq!(rig.server.content(&place).unwrap(), b"content");
    }
}

#[tokio::test]
async fn every_request_of_an_upload_in_parts_may_fail_once() {
    let content = bytes(IN_PARTS);
    let place = format!("bkt/live/{}", hash_of(&content));
    // HEAD, create, five parts, complete.
    for failing in 1..8 {
        for fault in [S3Fault::Status(500, "InternalError"), S3Fault::LostAnswer] {
            let rig = Rig::new();
            let before = (0..failing).map(|_| S3Fault::None);
            rig.server.script(&place, before.chain([fault.clone()]));
            let uploaded = rig.upload(&content, Storage::new()).await.unwrap();
            assert_eq!(uploaded.written.len(), 1, "{failing} {fault:?}");
            assert!(rig.server.content(&place).unwrap() == content, "{failing} {fault:?}");
        }
    }
}

#[tokio::test]
async fn an_error_behind_a_good_status_is_an_error() {
    let content = bytes(IN_PARTS);
    let place = format!("bkt/live/{}", hash_of(&content));
    let page = || S3Fault::Page("", "<Error><Code>InternalError</Code></Error>");
    for (failures, succeeds) in [(1, true), (3, false)] {
        let rig = Rig::new();
        let before = (0..7).map(|_| S3Fault::None);
        // After each failure the object is looked for.
        let failures = (0..failures).flat_map(|_| [page(), S3Fault::None]);
        rig.server.script(&place, before.chain(failures));
        let uploaded = rig.upload(&content, Storage::new()).await;
        assert_eq!(uploaded.is_ok(), succeeds, "{uploaded:?}");
        assert_eq!((rig.server.places().len(), rig.server.open_uploads().len()), (usize::from(succeeds), 0));
    }
}

#[tokio::test]
async fn a_failure_aborts_the_parts_or_names_them() {
    let content = bytes(IN_PARTS);
    let place = format!("bkt/live/{}", hash_of(&content));
    let refused = || S3Fault::Status(403, "AccessDenied");
    for (abort, left) in [(S3Fault::None, 0), (refused(), 1)] {
        let rig = Rig::new();
        let before = (0..3).map(|_| S3Fault::None);
        rig.server.script(&place, before.chain([refused(), abort]));
        let error = rig.upload(&content, Storage::new()).await.unwrap_err();
        assert!(error.to_string().ends_with("the answer is 403 (AccessDenied)"), "{error}");
        assert_eq!((error.left().len(), rig.server.open_uploads().len()), (left, left));
        if left == 1 {
            assert_eq!(error.left()[0], format!("parts of s3://{place} (upload id upload-1)"));
        }
    }
}

#[tokio::test]
async fn an_interrupt_aborts_the_parts_and_names_what_is_left() {
    let rig = Rig::new();
    let content = bytes(IN_PARTS);
    let version = version(&content, Storage::new().shards(3));
    let place = format!("bkt/2/live/{}", hash_of(&content));
    // The second copy stalls at its second part.
    let before = (0..3).map(|_| S3Fault::None);
    rig.server.script(&place, before.chain([S3Fault::Silence]));
    let (interrupt, interrupted) = oneshot::channel::<()>();
    let publisher = rig.publisher();
    let (file, sent) = (file(&content), Default::default());
    let upload = publisher.upload(&version, &file, &sent, async { drop(interrupted.await) });
    let stalled = async {
        let is_stalled =
            || rig.server.requests().iter().filter(|one| one.target.contains("partNumber=2")).count() == 2;
        let stalled = async {
            while !is_stalled() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(60), stalled).await.expect("the second copy stalls");
        interrupt.send(()).unwrap();
    };
    let (uploaded, ()) = tokio::join!(upload, stalled);
    let error = uploaded.unwrap_err();
    let first = format!("s3://bkt/1/live/{}", hash_of(&content));
    assert_eq!(error, UploadError::Interrupted { left: vec![first] });
    assert_eq!((rig.server.places().len(), rig.server.open_uploads().len()), (1, 0));
}

#[tokio::test]
async fn a_refusal_names_the_object_and_never_the_key() {
    let rig = Rig::new();
    rig.server.refuse_sse_c();
    let error = rig.upload(b"content", Storage::new().sse_c(true)).await.unwrap_err().to_string();
    let expected = "the answer is 403 (AccessDenied); buckets made since April 2026 refuse SSE-C";
    assert!(error.starts_with("s3://bkt/live/") && error.contains(expected), "{error}");
}

#[tokio::test]
async fn the_region_of_the_bucket_is_found_before_content_is_sent() {
    let rig = Rig::new();
    rig.server.set_region("eu-west-1");
    let uploaded = rig.upload(b"content", Storage::new().sse_c(true)).await.unwrap();
    assert!(uploaded.pointer.contains(r#""region_name":"eu-west-1""#), "{}", uploaded.pointer);
    let puts = rig.server.requests().iter().filter(|request| request.method == "PUT").count();
    assert_eq!((puts, rig.load(&uploaded.pointer).await.unwrap()), (1, b"content".to_vec()));
}

fn hash_of(content: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
