//! Resources of the process, and that all of them are released.

use ld_filewatch::testing::FakeFileWatcher;
use ld_filewatch::{Error, FileWatcher};

use crate::child::{As, alone};
use crate::kit::{Dir, descriptors, eventually, replace, threads};

fn number(bytes: &[u8]) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    Ok(std::str::from_utf8(bytes)?.trim().parse()?)
}

#[test]
fn watchers_share_one_instance_and_release_everything() {
    let name = "lifecycle::watchers_share_one_instance_and_release_everything";
    alone(name, As::Itself, || {
        let dir = Dir::new();
        let before = (threads(), descriptors());
        for _ in 0..3 {
            let watchers: Vec<_> = (0..200)
                .map(|file| FileWatcher::builder(dir.write(&format!("{file}"), "1")).build(number).unwrap())
                .collect();
            let instances = std::fs::read_dir("/proc/self/fd").unwrap().flatten().filter(|fd| {
                std::fs::read_link(fd.path()).is_ok_and(|to| to.to_string_lossy().contains("inotify"))
            });
            assert_eq!(instances.count(), 1);
            eventually("no more than 4 threads", || threads() - before.0 <= 4);
            // Every kind of handle keeps the watching alive.
            let mut reader = watchers[0].reader().unwrap();
            let (view, mut subscription) = (watchers[1].map(|n| *n), watchers[2].subscribe());
            drop(watchers);
            for file in 0..3 {
                replace(&dir.path(&format!("{file}")), "2");
            }
            eventually("the reader", || *reader.get() == 2);
            eventually("the view", || *view.get().unwrap() == 2);
            assert_eq!(*subscription.recv().unwrap().data, 2);
            drop((reader, view, subscription));
            eventually("nothing is left", || (threads(), descriptors()) == before);
        }
    });
}

#[test]
fn a_relative_path_is_resolved_when_it_is_built() {
    let name = "lifecycle::a_relative_path_is_resolved_when_it_is_built";
    alone(name, As::Itself, || {
        let dir = Dir::new();
        dir.write("n", "1");
        std::env::set_current_dir(dir.path("")).unwrap();
        let watcher = FileWatcher::builder("n").build(number).unwrap();
        std::env::set_current_dir("/").unwrap();
        replace(&dir.path("n"), "2");
        assert_eq!(*watcher.wait_changed(1, crate::kit::DEADLINE).unwrap().data, 2);
    });
}

#[test]
fn a_fake_runs_the_applications_parser_and_behaves_as_a_file() {
    let fake = FakeFileWatcher::with_parser(number);
    let watcher = fake.watcher();
    let mut subscription = watcher.subscribe();
    assert!(watcher.get().is_err());
    fake.set_bytes("7");
    assert_eq!((*watcher.get().unwrap(), *subscription.recv().unwrap().data), (7, 7));
    let later = watcher.mtime().unwrap() + std::time::Duration::from_secs(1);
    fake.touch(later);
    assert_eq!(watcher.mtime().unwrap(), later);
    assert!(subscription.try_recv().is_none());
    fake.set_bytes("x");
    assert_eq!(*watcher.get().unwrap(), 7);
    assert!(watcher.last_error().is_some());
    fake.set_at(8, later);
    assert!(watcher.last_error().is_none());
    assert_eq!(watcher.snapshot().unwrap().version, 2);
}

#[test]
fn a_fake_takes_the_parsers_of_a_real_watcher() {
    let text = FakeFileWatcher::<Vec<String>>::with_text(Default::default(), |text| {
        Ok(text.lines().map(str::to_owned).collect())
    });
    text.set_bytes("a\r\nb");
    assert_eq!(*text.watcher().get().unwrap(), ["a", "b"]);
    text.set_bytes(b"\xff");
    let error = text.watcher().last_error().unwrap();
    assert!(matches!(*error, Error::NotUtf8 { valid_up_to: 0, .. }), "{error}");

    let panics = FakeFileWatcher::<u64>::with_parser(|_| panic!("asked to"));
    panics.set_bytes("");
    let error = panics.watcher().last_error().unwrap();
    assert_eq!(error.to_string(), "fake: the parser panicked: asked to");

    #[cfg(all(feature = "json", feature = "toml"))]
    {
        let [json, toml] = [FakeFileWatcher::<Vec<u32>>::with_json(), FakeFileWatcher::with_toml()];
        json.set_bytes("[1, 2]");
        toml.set_bytes("[");
        assert_eq!(*json.watcher().get().unwrap(), [1, 2]);
        assert!(toml.watcher().last_error().is_some());
    }
}
