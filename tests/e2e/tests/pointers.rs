//! Nodes that point to objects in S3, with the built watcher.

mod upstream;

use std::fs;
use std::time::{Duration, Instant};

use ld_testkit::{
    Host, Namespace, S3_ACCESS_KEY, S3_SECRET_KEY, S3Fault, S3Server, SOON, TestCommand, s3_variables,
    wait_until,
};

/// A key of SSE-C, 32 bytes; the kit looks for it in the output of all programs.
const SSE_KEY: &str = "planted-0123456789abcdef01234567";

/// The same as it goes over the wire, and its MD5.
const SSE_KEY_SENT: [&str; 2] = ["cGxhbnRlZC0wMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc=", "HRzuFxiJGDd6zwg8iDoNgA=="];

/// Longer than the pause before what hardly changes is loaded again.
const SLOW: Duration = Duration::from_secs(40);

fn pointer(key: &str) -> String {
    format!(
        r#"{{"live_data_watcher_load_type": "S3", "bucket_name": "bkt", "file_key": "{key}",
            "sse_key": "{SSE_KEY}", "region_name": null}}"#
    )
}

/// A server with S3's rules, a host, and a node `/NAME` for each of `names`, which points to an
/// object of that name.
fn pointing(names: &[&str]) -> (Namespace, S3Server, Host) {
    let (zookeeper, s3) = (Namespace::new(), S3Server::start());
    let mut host = Host::new(zookeeper.connect_string());
    for name in names {
        let path = format!("/{name}");
        zookeeper.admin().create(&zookeeper.path(&path), pointer(name)).unwrap();
        host = host.node(name, &path);
    }
    (zookeeper, s3, host)
}

pub(crate) fn with_s3(command: TestCommand, s3: &S3Server) -> TestCommand {
    s3_variables(s3.address()).into_iter().fold(command, |command, (name, value)| command.env(name, value))
}

/// Bytes that hardly repeat.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    (0_u32..).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).take(count).collect()
}

#[test]
fn an_object_is_loaded_and_its_key_is_shown_nowhere() {
    let (zookeeper, s3, host) = pointing(&["flags"]);
    s3.put("bkt/flags", "the object", Some(SSE_KEY));
    let socket = format!("unix:{}", host.path("status").display());
    let host = host.setting("status.listen", socket);
    let watcher = with_s3(host.watcher(), &s3).arg("--debug").start();
    host.wait_for("flags", "the object");
    zookeeper.admin().set(&zookeeper.path("/flags"), pointer("missing")).unwrap();
    watcher.wait_for_stderr("s3://bkt/missing: the answer is 404 (NoSuchKey)", SOON);
    let status = TestCommand::new(ld_testkit::binary("live-data-watcher")).arg("status").arg("--json");
    let status = status.arg(host.config()).run(SOON).stdout;
    assert!(status.contains("s3://bkt/missing"), "{status}");
    for shown in [status, watcher.stderr(), watcher.stdout()] {
        for secret in SSE_KEY_SENT.into_iter().chain([SSE_KEY, S3_SECRET_KEY]) {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
    assert_eq!(s3.requests()[0].header("x-amz-server-side-encryption-customer-key"), Some(SSE_KEY_SENT[0]));
}

#[test]
fn a_missing_object_keeps_the_file_until_it_is_there() {
    let (zookeeper, s3, host) = pointing(&["flags"]);
    s3.put("bkt/flags", "one", Some(SSE_KEY));
    let host = host.setting("watcher.heartbeat_interval", "50 milliseconds");
    let watcher = with_s3(host.watcher(), &s3).start();
    host.wait_for("flags", "one");
    zookeeper.admin().set(&zookeeper.path("/flags"), pointer("two")).unwrap();
    watcher.wait_for_stderr("s3://bkt/two: the answer is 404 (NoSuchKey); the last file stays", SOON);
    let mtime = host.mtime("flags");
    s3.put("bkt/two", "two", Some(SSE_KEY));
    assert_eq!((host.mtime("flags"), host.read("flags").unwrap()), (mtime, b"one".to_vec()));
    host.wait_for_within("flags", "two", SLOW);
    let mtime = host.mtime("flags");
    wait_until("a heartbeat", SOON, || host.mtime("flags") > mtime);
}

#[test]
fn errors_of_the_server_pass_by_themselves() {
    let (_zookeeper, s3, host) = pointing(&["flags"]);
    s3.put("bkt/flags", "the object", Some(SSE_KEY));
    let error = || S3Fault::Status(500, "InternalError");
    s3.script("bkt/flags", [error(), error(), error(), S3Fault::CutAfter(5)]);
    let watcher = with_s3(host.watcher(), &s3).start();
    host.wait_for("flags", "the object");
    assert!(watcher.stderr().contains("s3://bkt/flags: the answer is 500 (InternalError)"));
    assert_eq!(s3.requests().len(), 5);
}

#[test]
fn a_stalled_load_holds_up_no_other_node() {
    let (zookeeper, s3, host) = pointing(&["stalled", "other"]);
    s3.put("bkt/stalled", bytes(1_000_000), Some(SSE_KEY));
    s3.script("bkt/stalled", [S3Fault::StallAfter(300_000)]);
    s3.put("bkt/other", "one", Some(SSE_KEY));
    let watcher = with_s3(host.watcher(), &s3).start();
    host.wait_for("other", "one");
    let began = Instant::now();
    for version in 0..20 {
        let key = format!("other{version}");
        s3.put(&format!("bkt/{key}"), key.as_str(), Some(SSE_KEY));
        zookeeper.admin().set(&zookeeper.path("/other"), pointer(&key)).unwrap();
        host.wait_for("other", &key);
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    watcher.wait_for_stderr("is being loaded for more than 10 s", SLOW);
    assert_eq!(host.read("stalled"), None);
    // The stall ends after 15 s, and the next attempt succeeds.
    host.wait_for_within("stalled", bytes(1_000_000), SLOW);
}

#[test]
fn a_watcher_killed_in_a_load_leaves_no_half_a_file() {
    let (_zookeeper, s3, host) = pointing(&["flags"]);
    s3.put("bkt/flags", bytes(1_000_000), Some(SSE_KEY));
    s3.script("bkt/flags", [S3Fault::StallAfter(900_000)]);
    let live = host.path("live");
    let names = || fs::read_dir(&live).map_or(0, Iterator::count);
    let watcher = with_s3(host.watcher(), &s3).start();
    wait_until("a temporary file", SOON, || names() == 1);
    assert_eq!(host.read("flags"), None);
    watcher.kill();
    let _watcher = with_s3(host.watcher(), &s3).start();
    host.wait_for("flags", bytes(1_000_000));
    wait_until("the temporary file to be gone", SOON, || names() == 1);
}

#[test]
fn sigterm_in_a_load_ends_the_watcher_at_once() {
    let (_zookeeper, s3, host) = pointing(&["flags"]);
    s3.put("bkt/flags", bytes(1_000_000), Some(SSE_KEY));
    s3.script("bkt/flags", [S3Fault::StallAfter(900_000)]);
    let watcher = with_s3(host.watcher(), &s3).start();
    let live = host.path("live");
    wait_until("a temporary file", SOON, || fs::read_dir(&live).map_or(0, Iterator::count) == 1);
    let began = Instant::now();
    watcher.terminate();
    assert!(watcher.wait(SOON).success());
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn a_large_object_takes_no_more_than_8_mib_of_memory() {
    const SIZE: usize = 100 << 20;
    let (zookeeper, s3, host) = pointing(&["large"]);
    s3.put("bkt/large", "small", Some(SSE_KEY));
    let watcher = with_s3(host.watcher(), &s3).start();
    host.wait_for("large", "small");
    let before = watcher.memory("VmHWM");
    s3.put("bkt/larger", vec![7; SIZE], Some(SSE_KEY));
    zookeeper.admin().set(&zookeeper.path("/large"), pointer("larger")).unwrap();
    let size = || fs::metadata(host.file("large")).map_or(0, |metadata| metadata.len());
    wait_until("the large file", Duration::from_secs(120), || size() == SIZE as u64);
    let grown = watcher.memory("VmHWM") - before;
    assert!(grown <= 8 * 1024, "{grown} KiB");
}

#[test]
fn fifty_pointers_are_loaded_side_by_side_at_a_start() {
    let names: Vec<_> = (0..50).map(|index| format!("n{index}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let (_zookeeper, s3, host) = pointing(&names);
    for name in &names {
        s3.put(&format!("bkt/{name}"), *name, Some(SSE_KEY));
        s3.script(&format!("bkt/{name}"), [S3Fault::Trickle(1, Duration::from_millis(50))]);
    }
    let once = with_s3(host.once(), &s3).run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    for name in &names {
        assert_eq!(host.read(name).unwrap(), name.as_bytes());
    }
    assert_eq!(s3.requests().len(), 50);
    assert!(s3.most_active() > 1, "one after the other");
}

#[test]
fn credentials_of_a_profile_are_read_in_the_sandbox_too() {
    let (_zookeeper, s3, host) = pointing(&["flags"]);
    s3.put("bkt/flags", "the object", Some(SSE_KEY));
    let credentials = host.path("aws");
    fs::create_dir(&credentials).unwrap();
    let credentials = credentials.join("credentials");
    let text =
        format!("[team]\naws_access_key_id = {S3_ACCESS_KEY}\naws_secret_access_key = {S3_SECRET_KEY}\n");
    fs::write(&credentials, text).unwrap();
    let host = host.setting("watcher.sandbox", "true");
    let command =
        with_s3(host.watcher(), &s3).env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let command = command.env("AWS_SHARED_CREDENTIALS_FILE", &credentials).env("AWS_PROFILE", "team");
    let _watcher = command.start();
    host.wait_for("flags", "the object");
    assert!(s3.requests()[0].header("authorization").unwrap().contains(S3_ACCESS_KEY));
}

#[test]
fn an_object_that_holds_a_pointer_is_written_as_it_stands() {
    let (_zookeeper, s3, host) = pointing(&["flags"]);
    let inner = r#"{"live_data_watcher_load_type": "S3"}"#;
    s3.put("bkt/flags", inner, Some(SSE_KEY));
    let once = with_s3(host.once(), &s3).run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert_eq!(host.read("flags").unwrap(), inner.as_bytes());
}
