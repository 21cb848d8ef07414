//! A value computed from other content, once for each version.

use std::path::Path;
use std::sync::{Arc, Mutex};

use arc_swap::{ArcSwapOption, Guard};

use crate::content::published::{Current, Loaded, Published};
use crate::content::signal::Signal;
use crate::error::Error;
use crate::sync::lock;

pub(crate) struct Mapped<T, U, F> {
    source: Arc<dyn Published<T>>,
    compute: F,
    /// The value of the last content that was read.
    last: ArcSwapOption<Loaded<U>>,
    /// Held while a value is computed, so that it is computed once.
    computing: Mutex<()>,
}

impl<T, U, F: Fn(&T) -> U> Mapped<T, U, F> {
    pub(crate) fn new(source: Arc<dyn Published<T>>, compute: F) -> Self {
        Self { source, compute, last: ArcSwapOption::empty(), computing: Mutex::new(()) }
    }

    #[cold]
    fn update(&self, from: &Loaded<T>) -> Arc<Loaded<U>> {
        let _computing = lock(&self.computing);
        let last = self.last.load_full();
        let data = match &last {
            // Another read was here first, maybe with newer content.
            Some(last) if last.version > from.version || is_of(last, from) => return Arc::clone(last),
            Some(last) if last.version == from.version => Arc::clone(&last.data),
            _ => Arc::new((self.compute)(&from.data)),
        };
        let loaded = Arc::new(Loaded { data, mtime: from.mtime, version: from.version });
        self.last.store(Some(Arc::clone(&loaded)));
        loaded
    }
}

fn is_of<T, U>(value: &Loaded<U>, from: &Loaded<T>) -> bool {
    (value.version, value.mtime) == (from.version, from.mtime)
}

impl<T, U, F> Published<U> for Mapped<T, U, F>
where
    T: Send + Sync,
    U: Send + Sync,
    F: Fn(&T) -> U + Send + Sync,
{
    fn path(&self) -> &Path {
        self.source.path()
    }

    fn signal(&self) -> &Arc<Signal> {
        self.source.signal()
    }

    fn version(&self) -> u64 {
        self.source.version()
    }

    fn current(&self) -> Current<U> {
        let source = self.source.current();
        let Some(from) = source.as_ref() else { return Guard::from_inner(None) };
        let last = self.last.load();
        match last.as_ref() {
            Some(value) if is_of(value, from) => last,
            _ => Guard::from_inner(Some(self.update(from))),
        }
    }

    fn first(&self) -> Result<Arc<Loaded<U>>, Error> {
        self.source.first().map(|from| self.update(&from))
    }
}
