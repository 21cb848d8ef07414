//! The way of a change from the writer through ZooKeeper and a file into memory.

use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use ld_filewatch::FileWatcher;
use ld_testkit::{Host, Namespace, SOON, wait_until};

#[test]
fn a_change_travels_from_the_writer_to_a_programs_memory() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/limit"), "0").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("limit", "/limit");
    let watcher = host.watcher().start();
    host.wait_for("limit", "0");
    let limit: FileWatcher<u32> = FileWatcher::builder(host.file("limit"))
        .timeout(SOON)
        .text(Default::default(), |text| Ok(text.trim().parse()?))
        .unwrap();
    assert_eq!(*limit.get().unwrap(), 0);

    for version in 1..=20 {
        let content = format!("{version}\n");
        let path = zookeeper.path("/limit");
        let admin = zookeeper.server().admin();
        let in_zookeeper = || admin.get(&path).unwrap().0 == content.as_bytes();
        let in_file = || host.read("limit").as_deref() == Some(content.as_bytes());
        let in_memory = || *limit.get().unwrap() == version;

        let start = Instant::now();
        let (sender, legs) = mpsc::channel();
        let leg = |name: &'static str, reached: &dyn Fn() -> bool| {
            wait_until(name, SOON, reached);
            (start.elapsed(), name)
        };
        thread::scope(|scope| {
            let senders = [sender.clone(), sender.clone(), sender.clone()];
            let [to_zookeeper, to_file, to_memory] = senders;
            scope.spawn(move || to_zookeeper.send(leg("ZooKeeper", &in_zookeeper)));
            scope.spawn(move || to_file.send(leg("file", &in_file)));
            scope.spawn(move || to_memory.send(leg("memory", &in_memory)));
            let written = host.writer(&content, "/limit").run(SOON);
            assert_eq!(written.code, Some(0), "{}", written.stderr);
            sender.send((start.elapsed(), "writer's end")).unwrap();
        });
        drop(sender);
        let mut legs: Vec<_> = legs.into_iter().collect();
        legs.sort();
        let legs: Vec<_> = legs.iter().map(|(time, name)| format!("{name} {time:.1?}")).collect();
        println!("version {version}: {}", legs.join(", "));
    }
    drop(watcher);
}
