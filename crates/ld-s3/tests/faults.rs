//! Faults of the network and of what is between the loader and S3.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use ld_s3::ld_sync::Again;
use ld_testkit::{Proxy, ProxyMode, S3Fault};
use tokio::time::Instant;

use crate::loads::bytes;
use crate::rig::{Rig, SSE_KEY, pointer};

const SIZE: usize = 1_000_000;

fn rig() -> Rig {
    let rig = Rig::new();
    rig.server.put("bkt/k", bytes(SIZE), Some(SSE_KEY));
    rig
}

/// Loads while the next request meets `fault`, then without it.
async fn fails_with(fault: S3Fault, reason: &str, again: Again) {
    let rig = rig();
    rig.server.script("bkt/k", [fault.clone()]);
    let error = rig.load(&pointer("k", "")).await.expect_err(&format!("{fault:?} is accepted"));
    assert!(error.to_string().contains(reason), "{fault:?}: {error}");
    assert_eq!(error.again, again, "{fault:?}: {error}");
    assert!(rig.load(&pointer("k", "")).await.unwrap() == bytes(SIZE));
}

#[tokio::test]
async fn a_body_cut_anywhere_is_not_accepted() {
    for part in 0..20 {
        fails_with(S3Fault::CutAfter(SIZE * part / 20), "broke", Again::Soon).await;
    }
    fails_with(S3Fault::CutAfter(SIZE - 1), "broke", Again::Soon).await;
}

#[tokio::test]
async fn chunks_are_accepted_only_with_their_end() {
    let rig = rig();
    rig.server.script("bkt/k", [S3Fault::Chunked(None)]);
    assert!(rig.load(&pointer("k", "")).await.unwrap() == bytes(SIZE));
    fails_with(S3Fault::Chunked(Some(SIZE)), "broke", Again::Soon).await;
    fails_with(S3Fault::Chunked(Some(SIZE / 2)), "broke", Again::Soon).await;
}

#[tokio::test]
async fn a_body_that_only_the_connection_ends_is_refused() {
    for bytes in [SIZE, SIZE / 2] {
        fails_with(S3Fault::CloseDelimited(bytes), "does not say where it ends", Again::Slowly).await;
    }
}

#[tokio::test]
async fn a_wrong_length_is_noticed() {
    fails_with(S3Fault::Header("content-length", "1000001"), "", Again::Soon).await;
    // Less than what the checksum is of.
    let rig = rig();
    let wrong = [S3Fault::Header("content-length", "x")];
    rig.server.script("bkt/k", wrong);
    assert!(rig.load(&pointer("k", "")).await.is_err());
}

#[tokio::test]
async fn a_length_that_is_too_short_is_noticed_by_a_checksum() {
    let rig = Rig::new();
    rig.server.put("bkt/k", "123456789", Some(SSE_KEY));
    rig.server.script("bkt/k", [S3Fault::Header("content-length", "8")]);
    let sha256 = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
    let pointer = pointer("k", &format!(", \"sha256\": \"{sha256}\""));
    let error = rig.load(&pointer).await.unwrap_err();
    assert!(error.to_string().contains("does not have the pointer's sha256"), "{error}");
    assert_eq!(rig.load(&pointer).await.unwrap(), b"123456789");
}

#[tokio::test]
async fn a_wrong_checksum_is_noticed() {
    for (name, value) in [
        ("x-amz-checksum-crc32", "AAAAAA=="),
        ("x-amz-checksum-crc32c", "AAAAAA=="),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="),
        ("x-amz-checksum-sha256", "AAAA"),
    ] {
        fails_with(S3Fault::Header(name, value), "what came does not have the server's", Again::Slowly).await;
    }
}

#[tokio::test]
async fn pages_of_others_are_refused() {
    let html = S3Fault::Page("Content-Type: text/html\r\n", "<html>log in</html>");
    fails_with(html, "does not confirm the SSE key", Again::Slowly).await;
    let error = S3Fault::Page("", "<Error><Code>SlowDown</Code></Error>");
    fails_with(error, "does not confirm the SSE key", Again::Slowly).await;
    let md5 = "x-amz-server-side-encryption-customer-key-md5";
    fails_with(S3Fault::Header(md5, "AAAAAAAAAAAAAAAAAAAAAA=="), "does not confirm", Again::Slowly).await;
    fails_with(S3Fault::Without(md5), "does not confirm", Again::Slowly).await;
    fails_with(S3Fault::Status(204, ""), "the answer is 204", Again::Slowly).await;
}

#[tokio::test]
async fn errors_of_the_server_are_tried_again_soon() {
    fails_with(S3Fault::Status(500, "InternalError"), "500 (InternalError)", Again::Soon).await;
    fails_with(S3Fault::Status(503, "SlowDown"), "503 (SlowDown)", Again::Slowly).await;
    fails_with(S3Fault::Status(404, "NoSuchKey"), "404 (NoSuchKey)", Again::Slowly).await;
    fails_with(S3Fault::Status(416, "InvalidRange"), "416 (InvalidRange)", Again::Slowly).await;
}

#[tokio::test]
async fn expired_credentials_are_looked_for_again_once() {
    let rig = rig();
    let expired = || S3Fault::Status(400, "ExpiredToken");
    rig.server.script("bkt/k", [expired()]);
    assert!(rig.load(&pointer("k", "")).await.is_ok());
    rig.server.script("bkt/k", [expired(), expired()]);
    let error = rig.load(&pointer("k", "")).await.unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.again),
        ("s3://bkt/k: the answer is 400 (ExpiredToken)", Again::Soon)
    );
}

#[tokio::test]
async fn a_server_that_refuses_or_resets_is_tried_again_soon() {
    for mode in [ProxyMode::Refuse, ProxyMode::Reset] {
        let server = rig();
        let proxy = Proxy::start(server.server.address());
        let rig = server.var("AWS_ENDPOINT_URL", &format!("http://{}", proxy.address()));
        proxy.set_mode(mode);
        let error = rig.load(&pointer("k", "")).await.unwrap_err();
        assert_eq!(error.again, Again::Soon, "{error}");
        proxy.set_mode(ProxyMode::Pass);
        assert!(rig.load(&pointer("k", "")).await.is_ok());
    }
}

#[tokio::test]
async fn a_stall_ends_after_15_s_wherever_it_is() {
    let cases = [
        (S3Fault::Silence, "did not answer within 15 s"),
        (S3Fault::StallAfter(0), "nothing came for 15 s after 0 bytes"),
        (S3Fault::StallAfter(300_000), "nothing came for 15 s"),
    ];
    let began = Instant::now();
    let stalls = cases.into_iter().map(|(fault, reason)| fails_with(fault, reason, Again::Soon));
    futures_util::future::join_all(stalls).await;
    let took = began.elapsed();
    assert!((Duration::from_secs(14)..Duration::from_secs(25)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_trickle_ends_after_30_s() {
    let began = Instant::now();
    let trickle = S3Fault::Trickle(1, Duration::from_secs(1));
    fails_with(trickle, "it came too slowly: ", Again::Soon).await;
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
}

#[tokio::test]
async fn interim_answers_without_end_are_given_up() {
    for interim in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\na: b\r\n\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let many = interim.repeat(1_000);
                let _ = stream.read(&mut [0; 8192]);
                // Until the client ends the connection.
                while stream.write_all(many.as_bytes()).is_ok() {}
            }
        });
        let rig = Rig::new().var("AWS_ENDPOINT_URL", &url);
        let error = rig.load(&pointer("k", "")).await.unwrap_err();
        assert!(error.to_string().contains("no answer within the first"), "{error}");
        assert_eq!(error.again, Again::Soon);
    }
}

#[tokio::test]
async fn a_default_region_that_is_no_name_is_refused() {
    for wrong in ["eu_west_1", "us east", "-x"] {
        let rig = Rig::new().var("AWS_DEFAULT_REGION", wrong);
        let error = rig.load(&pointer("k", "")).await.unwrap_err();
        assert!(error.to_string().contains("no name of a region"), "{error}");
        let error = rig.upload(b"x", ld_s3::Storage::new()).await.unwrap_err();
        assert!(error.to_string().contains("no name of a region"), "{error}");
    }
}
