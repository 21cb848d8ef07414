//! A part of a file's content as a handle of its own.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::error::Error;
use crate::handle::guard::Guard;
use crate::handle::watcher::FileWatcher;

impl<T: Send + Sync + 'static> FileWatcher<T> {
    /// A view of a part of the content that stays fresh.
    pub fn map<U: ?Sized + 'static>(
        &self,
        part: impl for<'a> Fn(&'a T) -> &'a U + Send + Sync + 'static,
    ) -> View<T, U> {
        View { watcher: self.clone(), part: Arc::new(part) }
    }
}

/// A part of the content that stays fresh, from [`FileWatcher::map`]. Use it to give a component
/// only the part that it needs.
///
/// It is a handle: the file is watched as long as the view lives. Cloning is cheap.
pub struct View<T, U: ?Sized> {
    watcher: FileWatcher<T>,
    part: Arc<Part<T, U>>,
}

type Part<T, U> = dyn for<'a> Fn(&'a T) -> &'a U + Send + Sync;

impl<T: Send + Sync + 'static, U: ?Sized> View<T, U> {
    /// The current part.
    ///
    /// # Errors
    ///
    /// As [`FileWatcher::get`].
    #[inline]
    pub fn get(&self) -> Result<ViewGuard<'_, T, U>, Error> {
        Ok(ViewGuard { guard: self.watcher.get()?, part: &*self.part })
    }

    /// The watcher that this is a view of.
    #[must_use]
    pub fn watcher(&self) -> &FileWatcher<T> {
        &self.watcher
    }
}

impl<T, U: ?Sized> Clone for View<T, U> {
    fn clone(&self) -> Self {
        Self { watcher: self.watcher.clone(), part: Arc::clone(&self.part) }
    }
}

impl<T, U: ?Sized> fmt::Debug for View<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("View").field(&self.watcher).finish()
    }
}

/// A part of the content at the moment of [`View::get`]; dereferences to it.
pub struct ViewGuard<'a, T, U: ?Sized> {
    guard: Guard<T>,
    part: &'a Part<T, U>,
}

impl<T, U: ?Sized> Deref for ViewGuard<'_, T, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        (self.part)(&self.guard)
    }
}

impl<T, U: ?Sized + fmt::Debug> fmt::Debug for ViewGuard<'_, T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
