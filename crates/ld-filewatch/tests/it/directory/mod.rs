//! The files of a directory as one value.

mod changes;
mod kubernetes;
mod limits;
mod random;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ld_filewatch::{BoxError, DirectoryBuilder, DirectoryWatcher, Files};

use crate::scenarios::case::How;

/// The content of each file by its path.
type Contents = BTreeMap<String, String>;

fn contents(files: Files<'_>) -> Result<Contents, BoxError> {
    let mut contents = Contents::new();
    for file in files.iter() {
        contents.insert(file.path().display().to_string(), file.text()?.to_owned());
    }
    Ok(contents)
}

fn builder<T: Send + Sync + 'static>(how: How, root: &Path) -> DirectoryBuilder<T> {
    let builder = DirectoryWatcher::builder(root);
    match how {
        How::EventsOnly => builder.poll_interval(Duration::MAX),
        How::PollAlone => builder.events(false).poll_interval(Duration::from_millis(20)),
        How::Both => builder.poll_interval(Duration::from_millis(20)),
    }
}

/// Whether the value is exactly these files.
fn holds(watcher: &DirectoryWatcher<Contents>, expected: &[(&str, &str)]) -> bool {
    let pairs = expected.iter().map(|(path, content)| (path.to_string(), content.to_string()));
    watcher.get().is_ok_and(|contents| *contents == pairs.collect())
}
