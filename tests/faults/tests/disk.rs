//! Faults of the destination's file system, which heal later.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Admin, Host, Namespace, Proxy, TestCommand};

use crate::bounds::{AT_ONCE, DRIFT, LOADED_MACHINE, OUTAGE, SESSION, STANDSTILL};
use crate::harness::tests;
use crate::private_mount::{
    directory, fill_with_bytes, fill_with_files, on_bind_mount, on_tmpfs, remount, seen_by,
};
use crate::rig::{NAME, NODE, Rig, host};

tests! {
    a_read_only_destination_is_written_when_it_is_writable: 15,
    a_failed_heartbeat_is_logged_once_and_heals: 15,
    a_destination_directory_that_is_removed_is_made_again: 10,
    a_full_disk_keeps_the_old_file_until_there_is_space: 15,
    a_disk_without_inodes_keeps_the_old_file: 15,
    a_directory_at_the_destination_is_left_alone: 15,
    a_lack_of_free_descriptors_is_survived: 20,
    a_lost_session_without_free_descriptors_is_survived: 30,
}

/// How long each fault lasts: long enough for retries to reach their longest delay.
const LENGTH: Duration = Duration::from_secs(5);

fn rig_as(command: impl FnOnce(&Host) -> TestCommand) -> (Namespace, Proxy, Rig) {
    let namespace = Namespace::new();
    let proxy = Proxy::start(namespace.server().address());
    let host = host(format!("{}{}", proxy.connect_string(), namespace.chroot()));
    let (command, file) = (command(&host), host.file(NAME));
    let admin = Admin::new(namespace.server().address());
    let rig = Rig::launch(host, &command, |id| seen_by(id, &file), admin, namespace.path(NODE));
    (namespace, proxy, rig.settled())
}

/// How long a shortage of the whole process goes unreported: it mostly passes at once.
const SHORTAGE: Duration = Duration::from_secs(5);

/// Publishes a version during the fault, and asserts that the watcher reports the fault and waits.
fn endure(rig: &Rig, report: &str) {
    endure_unreported(rig, report, Duration::ZERO);
}

/// The same with a fault that is not reported at first.
fn endure_unreported(rig: &Rig, report: &str, unreported: Duration) {
    let start = Instant::now();
    rig.write();
    rig.watcher.wait_for_stderr(report, unreported + AT_ONCE + LOADED_MACHINE);
    rig.falls_silent(STANDSTILL);
    rig.stays_silent(start, LENGTH);
    assert!(!rig.is_current());
    let complaints = rig.watcher.stderr().matches(report).count();
    assert!(complaints <= 3, "{complaints} lines of the same in {LENGTH:?}:\n{}", rig.watcher.stderr());
}

fn a_read_only_destination_is_written_when_it_is_writable() {
    let (_namespace, _proxy, rig) = rig_as(on_bind_mount);
    let live = directory(&rig.host);
    remount(rig.watcher.id(), &live, "remount,bind,ro");
    endure(&rig, "Read-only file system");
    remount(rig.watcher.id(), &live, "remount,bind,rw");
    rig.converges("destination read-only, then writable", AT_ONCE);
    rig.finish();
}

fn a_failed_heartbeat_is_logged_once_and_heals() {
    let (_namespace, _proxy, rig) = rig_as(on_bind_mount);
    let live = directory(&rig.host);
    remount(rig.watcher.id(), &live, "remount,bind,ro");
    let complaint = "no heartbeat: cannot touch";
    rig.watcher.wait_for_stderr(complaint, AT_ONCE + LOADED_MACHINE);
    rig.stays_silent(Instant::now(), LENGTH);
    let complaints = rig.watcher.stderr().matches(complaint).count();
    assert_eq!(complaints, 1, "in {LENGTH:?}:\n{}", rig.watcher.stderr());
    remount(rig.watcher.id(), &live, "remount,bind,rw");
    rig.beats();
    rig.watcher.wait_for_stderr("has its heartbeat again", AT_ONCE + LOADED_MACHINE);
    rig.finish();
}

fn a_destination_directory_that_is_removed_is_made_again() {
    let (_namespace, _proxy, rig) = rig_as(Host::watcher);
    rig.observer.allow_missing();
    fs::remove_dir_all(directory(&rig.host)).expect("it can be removed");
    rig.converges("destination's directory removed", DRIFT);
    fs::remove_dir_all(directory(&rig.host)).expect("it can be removed");
    rig.write();
    rig.converges("destination's directory removed, then a write", AT_ONCE);
    rig.finish();
}

fn a_full_disk_keeps_the_old_file_until_there_is_space() {
    let (_namespace, _proxy, rig) = rig_as(|host| on_tmpfs(host, "size=256k"));
    let live = seen_by(rig.watcher.id(), &directory(&rig.host));
    let filler = fill_with_bytes(&live).expect("a file can be made");
    endure(&rig, "No space left on device");
    fs::remove_file(filler).expect("it can be removed");
    rig.converges("disk full, then room", AT_ONCE);
    assert_eq!(fs::read_dir(&live).expect("it can be listed").count(), 1, "no temporary file stays");
    rig.finish();
}

fn a_disk_without_inodes_keeps_the_old_file() {
    let (_namespace, _proxy, rig) = rig_as(|host| on_tmpfs(host, "nr_inodes=64"));
    let live = seen_by(rig.watcher.id(), &directory(&rig.host));
    let fillers = fill_with_files(&live);
    assert!(!fillers.is_empty());
    endure(&rig, "No space left on device");
    fillers.iter().for_each(|filler| fs::remove_file(filler).expect("it can be removed"));
    rig.converges("inodes exhausted, then some", AT_ONCE);
    rig.finish();
}

fn a_directory_at_the_destination_is_left_alone() {
    let (_namespace, _proxy, rig) = rig_as(Host::watcher);
    rig.observer.allow_missing();
    let dest = rig.host.file(NAME);
    let foreign = rig.host.path("foreign");
    fs::create_dir(&foreign).expect("a private directory is writable");
    fs::write(foreign.join("keep"), "somebody's").expect("a private directory is writable");
    fs::remove_file(&dest).expect("the file is there");
    // The watcher may be faster.
    while fs::rename(&foreign, &dest).is_err() {
        let _ = fs::remove_file(&dest);
    }
    rig.write();
    rig.watcher.wait_for_stderr("is a directory: move it away", DRIFT + LOADED_MACHINE);
    thread::sleep(LENGTH);
    assert_eq!(fs::read(dest.join("keep")).expect("it is left alone"), b"somebody's");
    fs::rename(&dest, rig.host.path("moved")).expect("it can be moved away");
    rig.converges("destination replaced by a directory, then moved away", AT_ONCE);
    rig.finish();
}

/// Sets the watcher's limit of open files.
fn limit_files(rig: &Rig, files: u32) {
    let mut command = Command::new("prlimit");
    command.args([format!("--pid={}", rig.watcher.id()), format!("--nofile={files}:")]);
    assert!(
        command.status().is_ok_and(|status| status.success()),
        "prlimit works (apt-get install util-linux)"
    );
}

/// Fewer descriptors than a watcher always has open.
const NONE: u32 = 3;
const MANY: u32 = 1024;

fn a_lack_of_free_descriptors_is_survived() {
    let (_namespace, _proxy, rig) = rig_as(Host::watcher);
    limit_files(&rig, NONE);
    endure_unreported(&rig, "Too many open files", SHORTAGE);
    limit_files(&rig, MANY);
    rig.converges("quota of open files reached, then raised", AT_ONCE);
    rig.finish();
}

fn a_lost_session_without_free_descriptors_is_survived() {
    let (_namespace, proxy, rig) = rig_as(Host::watcher);
    limit_files(&rig, NONE);
    proxy.reset_connections();
    let start = Instant::now();
    rig.write();
    rig.falls_silent(AT_ONCE);
    rig.stays_silent(start, 3 * SESSION);
    limit_files(&rig, MANY);
    rig.converges("quota of open files reached and the connection lost, then raised", OUTAGE);
    rig.finish();
}
