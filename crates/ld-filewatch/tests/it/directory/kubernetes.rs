//! Volumes of Kubernetes: each file is a link through `..data`, which is switched.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ld_filewatch::DirectoryWatcher;

use super::builder;
use crate::kit::{Dir, eventually};
use crate::scenarios::{case::How, scenarios};

const FILES: usize = 20;

scenarios! {
    a_switch_of_the_data_link_is_one_change
    quick_switches_never_mix_two_states
}

/// Writes a new state beside the old one and switches to it, as the kubelet does.
fn switch(root: &Path, number: u64) {
    let data = root.join(format!("..{number}"));
    fs::create_dir(&data).unwrap();
    for file in 0..FILES {
        fs::write(data.join(format!("f{file}")), number.to_string()).unwrap();
    }
    symlink(data.file_name().unwrap(), root.join("..data_tmp")).unwrap();
    fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    if number > 0 {
        fs::remove_dir_all(root.join(format!("..{}", number - 1))).unwrap();
    }
}

/// A volume in state 0, and a watcher that counts mixed states.
fn volume(how: How) -> (Dir, DirectoryWatcher<u64>, Arc<AtomicUsize>) {
    let dir = Dir::in_memory();
    let root = dir.path("");
    switch(&root, 0);
    for file in 0..FILES {
        symlink(format!("..data/f{file}"), root.join(format!("f{file}"))).unwrap();
    }
    let mixed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&mixed);
    let watcher = builder(how, &root).build(move |files| {
        assert_eq!(files.len(), FILES);
        let number: u64 = files.get("f0").ok_or("no f0")?.text()?.parse()?;
        if files.iter().any(|file| file.bytes() != number.to_string().as_bytes()) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        Ok(number)
    });
    let watcher = watcher.unwrap();
    assert_eq!(*watcher.get().unwrap(), 0);
    (dir, watcher, mixed)
}

fn a_switch_of_the_data_link_is_one_change(how: How) {
    let (dir, watcher, mixed) = volume(how);
    let mut changes = watcher.subscribe();
    for number in 1..=10 {
        switch(&dir.path(""), number);
        let change = changes.recv_timeout(crate::kit::DEADLINE).expect("a change");
        assert_eq!((*change.data, change.version), (number, number + 1));
    }
    assert_eq!(mixed.load(Ordering::Relaxed), 0);
}

fn quick_switches_never_mix_two_states(how: How) {
    let (dir, watcher, mixed) = volume(how);
    for number in 1..=200 {
        switch(&dir.path(""), number);
    }
    eventually("the last state", || *watcher.get().unwrap() == 200);
    eventually("no error", || watcher.last_error().is_none());
    assert_eq!(mixed.load(Ordering::Relaxed), 0);
}
