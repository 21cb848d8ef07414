//! Faults of the destination's file system, each healed later.

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
    a_destination_that_turns_read_only_is_written_once_it_is_writable: 15,
    a_heartbeat_that_fails_is_complained_of_once_and_goes_on_by_itself: 15,
    a_destination_directory_that_is_removed_is_made_again: 10,
    a_full_disk_keeps_the_old_file_whole_until_there_is_room: 15,
    exhausted_inodes_keep_the_old_file_until_there_are_some: 15,
    a_directory_in_the_destinations_place_is_left_alone_and_waited_out: 15,
    an_exhausted_quota_of_open_files_is_survived: 20,
    an_exhausted_quota_of_open_files_while_the_session_is_lost_is_survived: 30,
}

/// How long each fault lasts: retries reach their longest pause.
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

/// The fault is there: a new version comes, and nothing happens for a while but that it is reported.
fn endure(rig: &Rig, report: &str) {
    let start = Instant::now();
    rig.write();
    rig.watcher.wait_for_stderr(report, AT_ONCE + LOADED_MACHINE);
    rig.falls_silent(STANDSTILL);
    rig.stays_silent(start, LENGTH);
    assert!(!rig.is_current());
    let complaints = rig.watcher.stderr().matches(report).count();
    assert!(complaints <= 3, "{complaints} lines of the same in {LENGTH:?}:\n{}", rig.watcher.stderr());
}

fn a_destination_that_turns_read_only_is_written_once_it_is_writable() {
    let (_namespace, _proxy, rig) = rig_as(on_bind_mount);
    let live = directory(&rig.host);
    remount(rig.watcher.id(), &live, "remount,bind,ro");
    endure(&rig, "Read-only file system");
    remount(rig.watcher.id(), &live, "remount,bind,rw");
    rig.converges("destination read-only, then writable", AT_ONCE);
    rig.finish();
}

fn a_heartbeat_that_fails_is_complained_of_once_and_goes_on_by_itself() {
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
    rig.observer.let_it_be_missing();
    fs::remove_dir_all(directory(&rig.host)).expect("it can be removed");
    rig.converges("destination's directory removed", DRIFT);
    fs::remove_dir_all(directory(&rig.host)).expect("it can be removed");
    rig.write();
    rig.converges("destination's directory removed, then a write", AT_ONCE);
    rig.finish();
}

fn a_full_disk_keeps_the_old_file_whole_until_there_is_room() {
    let (_namespace, _proxy, rig) = rig_as(|host| on_tmpfs(host, "size=256k"));
    let live = seen_by(rig.watcher.id(), &directory(&rig.host));
    let filler = fill_with_bytes(&live).expect("a file can be made");
    endure(&rig, "No space left on device");
    fs::remove_file(filler).expect("it can be removed");
    rig.converges("disk full, then room", AT_ONCE);
    assert_eq!(fs::read_dir(&live).expect("it can be listed").count(), 1, "no temporary file stays");
    rig.finish();
}

fn exhausted_inodes_keep_the_old_file_until_there_are_some() {
    let (_namespace, _proxy, rig) = rig_as(|host| on_tmpfs(host, "nr_inodes=64"));
    let live = seen_by(rig.watcher.id(), &directory(&rig.host));
    let fillers = fill_with_files(&live);
    assert!(!fillers.is_empty());
    endure(&rig, "No space left on device");
    fillers.iter().for_each(|filler| fs::remove_file(filler).expect("it can be removed"));
    rig.converges("inodes exhausted, then some", AT_ONCE);
    rig.finish();
}

fn a_directory_in_the_destinations_place_is_left_alone_and_waited_out() {
    let (_namespace, _proxy, rig) = rig_as(Host::watcher);
    rig.observer.let_it_be_missing();
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

/// Lets the watcher open no more files, or as many as it likes.
fn quota(rig: &Rig, files: u32) {
    let mut command = Command::new("prlimit");
    command.args([format!("--pid={}", rig.watcher.id()), format!("--nofile={files}:")]);
    assert!(
        command.status().is_ok_and(|status| status.success()),
        "prlimit works (apt-get install util-linux)"
    );
}

/// Fewer than a watcher has open all the time.
const NONE: u32 = 3;
const MANY: u32 = 1024;

fn an_exhausted_quota_of_open_files_is_survived() {
    let (_namespace, _proxy, rig) = rig_as(Host::watcher);
    quota(&rig, NONE);
    endure(&rig, "Too many open files");
    quota(&rig, MANY);
    rig.converges("quota of open files reached, then raised", AT_ONCE);
    rig.finish();
}

fn an_exhausted_quota_of_open_files_while_the_session_is_lost_is_survived() {
    let (_namespace, proxy, rig) = rig_as(Host::watcher);
    quota(&rig, NONE);
    proxy.reset_connections();
    let start = Instant::now();
    rig.write();
    rig.falls_silent(AT_ONCE);
    rig.stays_silent(start, 3 * SESSION);
    quota(&rig, MANY);
    rig.converges("quota of open files reached and the connection lost, then raised", OUTAGE);
    rig.finish();
}
