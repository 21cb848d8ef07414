//! What an application's log shows, with the feature `tracing`.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ld_filewatch::FileWatcher;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::kit::{Dir, replace};

/// Keeps each event of this thread as a line.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("ld_filewatch")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).expect("a string");
    }
}

#[test]
fn failures_recoveries_and_loads_are_logged_once() {
    let lines = Lines::default();
    let dir = Dir::new();
    let path = dir.write("n", "x");
    tracing::subscriber::with_default(lines.clone(), || {
        // Neither events nor polls, so that every load is made by a read in this thread.
        let builder = FileWatcher::builder(&path)
            .events(false)
            .poll_interval(Duration::from_secs(3600))
            .load_on_read(true);
        let watcher = builder.text(Default::default(), |text| Ok(text.parse::<u64>()?)).unwrap();
        for _ in 0..10 {
            assert!(watcher.get().is_err());
        }
        replace(&path, "1");
        assert_eq!(*watcher.get().unwrap(), 1);
        let other = FileWatcher::builder(&path).text(Default::default(), |text| Ok(text.parse::<u64>()?));
        assert_eq!(*other.unwrap().get().unwrap(), 1);
    });
    let path = path.display();
    let expected = [
        format!("WARN message={path}: cannot be parsed: invalid digit found in string"),
        format!("INFO message=file loaded again after an error path={path} version=1"),
        format!("DEBUG message=file loaded path={path} version=1"),
    ];
    assert_eq!(*lines.0.lock().unwrap(), expected);
}
