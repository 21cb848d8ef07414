//! Random operations, after which the value must be what is on the disk.

use std::fs;
use std::path::Path;

use super::{Contents, builder, contents};
use crate::kit::{Dir, eventually, replace};
use crate::scenarios::{case::How, scenarios};

const ROUNDS: usize = 20;
const OPERATIONS: u64 = 40;

scenarios! {
    the_value_converges_after_random_operations
}

fn the_value_converges_after_random_operations(how: How) {
    let dir = Dir::in_memory();
    let (root, spare) = (dir.path("root"), dir.path("spare"));
    fs::create_dir_all(&root).unwrap();
    let watcher = builder(how, &root).build(contents).unwrap();
    let mut random = Random(7);
    for round in 0..ROUNDS {
        for number in 0..OPERATIONS {
            operate(&mut random, &root, &spare, number);
        }
        let mut expected = Contents::new();
        collect(&root, "", &mut expected);
        let shown = || watcher.get().is_ok_and(|shown| *shown == expected);
        eventually(&format!("{expected:?} after round {round} in {watcher:?}"), shown);
    }
}

fn operate(random: &mut Random, root: &Path, spare: &Path, number: u64) {
    let below = |random: &mut Random| {
        let depth = random.below(3);
        (0..depth).fold(root.to_path_buf(), |path, _| path.join(format!("d{}", random.below(2))))
    };
    let directory = below(random);
    let file = directory.join(format!("f{}", random.below(3)));
    // Something else may be in the way, or nothing there.
    let _ = match random.below(10) {
        0..3 => fs::create_dir_all(&directory).map(|()| replace(&file, number.to_string())),
        3..5 => fs::write(&file, number.to_string()),
        5 => fs::remove_file(&file),
        6 => fs::create_dir_all(&directory),
        7 if directory != root => fs::remove_dir_all(&directory),
        8 if directory != root => fs::rename(&directory, spare).and_then(|()| {
            let to = below(random).join("d1");
            fs::rename(spare, to).or_else(|_| fs::remove_dir_all(spare))
        }),
        _ => fs::rename(&file, below(random).join("f0")),
    };
}

/// What is on the disk, read in the plainest way.
fn collect(directory: &Path, prefix: &str, contents: &mut Contents) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().display());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), contents);
        } else {
            contents.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// xorshift64: the same operations in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
