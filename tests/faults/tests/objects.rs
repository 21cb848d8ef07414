//! Faults of S3 and of the network before it: the object's file keeps its last version whole, and
//! the other nodes go on.

use std::time::Duration;

use ld_testkit::{ProxyMode, S3Fault, wait_until};

use crate::bounds::{AT_ONCE, PATIENCE};
use crate::harness::tests;
use crate::pointing::{Pointing, SILENT, SLOW, SLOWLY, SOON};

tests! {
    s3_that_refuses_and_resets_is_asked_again_soon: 10,
    a_network_silent_before_the_headers_holds_up_no_other_node: 30,
    a_network_silent_in_the_body_holds_up_no_other_node: 30,
    one_byte_a_second_ends_and_holds_up_no_other_node: 45,
    an_object_cut_at_each_of_20_places_is_never_half_a_file: 30,
    an_object_of_a_wrong_length_is_not_written: 10,
    an_object_with_a_wrong_crc_is_not_written: 25,
    a_page_of_a_captive_portal_is_not_written: 25,
    a_bucket_in_another_region_is_asked_there: 10,
    three_errors_of_the_server_delay_one_node_alone: 10,
    a_server_that_asks_for_less_is_asked_slowly: 25,
}

fn s3_that_refuses_and_resets_is_asked_again_soon() {
    let pointing = Pointing::start();
    for (mode, fault) in [(ProxyMode::Refuse, "S3 refuses"), (ProxyMode::Reset, "S3 resets")] {
        pointing.proxy.set_mode(mode);
        pointing.publish([]);
        pointing.others_go_on(fault);
        pointing.logs(&format!("s3://bkt/v{}: ", if mode == ProxyMode::Refuse { 2 } else { 3 }));
        pointing.proxy.set_mode(ProxyMode::Pass);
        pointing.converges(fault, SOON);
    }
    pointing.finish();
}

fn a_network_silent_before_the_headers_holds_up_no_other_node() {
    let pointing = Pointing::start();
    pointing.proxy.set_mode(ProxyMode::OnlyToServer);
    pointing.publish([]);
    pointing.is_asked_for(1);
    pointing.others_go_on("S3 silent before the headers");
    pointing.logs("did not answer within 15 s");
    pointing.proxy.set_mode(ProxyMode::Pass);
    // The second attempt may have begun.
    pointing.converges("S3 silent before the headers", SILENT);
    pointing.finish();
}

fn a_network_silent_in_the_body_holds_up_no_other_node() {
    let pointing = Pointing::start();
    // The server waits in the middle, so that the network falls silent there.
    let passed = pointing.proxy.counts().bytes_from_server;
    pointing.publish([S3Fault::StallAfter(150_000)]);
    wait_until("half of the object", PATIENCE, || {
        pointing.proxy.counts().bytes_from_server >= passed + 150_000
    });
    pointing.proxy.set_mode(ProxyMode::Blackhole);
    pointing.others_go_on("S3 silent in the body");
    pointing.logs("nothing came for 15 s after 150000 bytes");
    pointing.proxy.set_mode(ProxyMode::Pass);
    pointing.converges("S3 silent in the body", SILENT);
    pointing.finish();
}

fn one_byte_a_second_ends_and_holds_up_no_other_node() {
    let pointing = Pointing::start();
    pointing.publish([S3Fault::Trickle(1, Duration::from_secs(1))]);
    pointing.is_asked_for(1);
    pointing.others_go_on("one byte a second");
    pointing.converges("one byte a second", SLOW);
    pointing.logs("it came too slowly");
    pointing.finish();
}

fn an_object_cut_at_each_of_20_places_is_never_half_a_file() {
    let pointing = Pointing::start();
    for bytes in (0..20).map(|part| 300_000 * part / 20) {
        let passed = pointing.proxy.counts().bytes_from_server;
        pointing.publish([S3Fault::StallAfter(bytes), S3Fault::CutAfter(bytes)]);
        pointing.is_asked_for(1);
        // More than the head.
        wait_until("a part of the object", PATIENCE, || {
            pointing.proxy.counts().bytes_from_server > passed + bytes as u64
        });
        pointing.others_go_on("a cut object");
        pointing.proxy.reset_connections();
        pointing.converges(&format!("reset and cut after {bytes} bytes"), 2 * SOON);
        assert_eq!(pointing.requests(), 3);
    }
    pointing.finish();
}

fn an_object_of_a_wrong_length_is_not_written() {
    let pointing = Pointing::start();
    for length in ["99999999", "x"] {
        let wrong = || S3Fault::Header("content-length", length);
        pointing.publish([wrong(), wrong()]);
        pointing.is_asked_for(1);
        pointing.converges("a wrong length", 2 * SOON);
        assert_eq!(pointing.requests(), 3);
    }
    pointing.finish();
}

fn an_object_with_a_wrong_crc_is_not_written() {
    let wrong = S3Fault::Header("x-amz-checksum-crc32", "AAAAAA==");
    is_asked_again_slowly(wrong, "a wrong CRC", "what came does not have the server's crc32").finish();
}

fn a_page_of_a_captive_portal_is_not_written() {
    let page = S3Fault::Page("Content-Type: text/html\r\n", "<html>log in</html>");
    is_asked_again_slowly(page, "a page of a captive portal", "does not confirm the SSE key").finish();
}

/// One load meets `fault`, and `reason` is in the log. The other file goes on meanwhile.
fn is_asked_again_slowly(fault: S3Fault, name: &str, reason: &str) -> Pointing {
    let pointing = Pointing::start();
    pointing.publish([fault]);
    pointing.is_asked_for(1);
    pointing.others_go_on(name);
    pointing.logs(reason);
    pointing.converges(name, SLOWLY);
    pointing
}

fn a_bucket_in_another_region_is_asked_there() {
    let pointing = Pointing::start();
    pointing.s3.set_region("eu-west-1");
    pointing.publish([]);
    pointing.converges("a bucket in another region", AT_ONCE);
    assert_eq!(pointing.requests(), 2);
    // An answer that names no region: the bucket is asked for it.
    pointing.s3.set_region("eu-west-2");
    pointing.publish([S3Fault::Status(307, "TemporaryRedirect")]);
    pointing.converges("a bucket in a region that must be asked for", AT_ONCE);
    assert_eq!(pointing.requests(), 2);
    pointing.finish();
}

fn three_errors_of_the_server_delay_one_node_alone() {
    let pointing = Pointing::start();
    let error = || S3Fault::Status(500, "InternalError");
    pointing.publish((0..50).map(|_| error()));
    pointing.is_asked_for(1);
    pointing.others_go_on("S3 answers 500");
    pointing.publish([error(), error(), error()]);
    pointing.converges("S3 answers 500 three times", 3 * SOON);
    assert_eq!(pointing.requests(), 4);
    pointing.finish();
}

fn a_server_that_asks_for_less_is_asked_slowly() {
    let busy = S3Fault::Status(503, "SlowDown");
    let pointing = is_asked_again_slowly(busy, "S3 asks for fewer requests", "the answer is 503 (SlowDown)");
    assert_eq!(pointing.requests(), 2);
    pointing.finish();
}
