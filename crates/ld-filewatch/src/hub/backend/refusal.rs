//! Why a directory is not watched.

use std::sync::Arc;

#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// It is gone; the caller has to walk the path again.
    Gone,
    /// The file is polled for now.
    Denied(Arc<str>),
}
