//! An axum service with feature flags in a JSON file.

use std::path::Path;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use futures_util::StreamExt;
use ld_filewatch::{Error, FileWatcher};
use serde::Deserialize;

/// The content of the file.
#[derive(Debug, Deserialize)]
pub struct Flags {
    new_checkout: bool,
}

/// Watches the file. There need not be one yet.
pub fn flags(path: &Path) -> Result<FileWatcher<Flags>, Error> {
    FileWatcher::<Flags>::builder(path).on_error(|error| eprintln!("{error}")).json()
}

/// The service. Reading a flag takes no lock and does no I/O, so handlers do it directly.
pub fn service(flags: FileWatcher<Flags>) -> Router {
    Router::new().route("/", get(page)).route("/health", get(health)).with_state(flags)
}

async fn page(State(flags): State<FileWatcher<Flags>>) -> Result<&'static str, (StatusCode, String)> {
    let flags = flags.get().map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    Ok(if flags.new_checkout { "the new checkout" } else { "the old checkout" })
}

async fn health(State(flags): State<FileWatcher<Flags>>) -> (StatusCode, String) {
    let status = flags.status();
    let code = if status.version > 0 { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, status.last_error.unwrap_or_else(|| format!("version {}", status.version)))
}

/// Calls `tell` for each new content, until the watcher is closed.
pub async fn follow(flags: FileWatcher<Flags>, mut tell: impl FnMut(u64, &Flags)) {
    let mut changes = flags.subscribe().from_start();
    while let Some(change) = changes.next().await {
        tell(change.version, &change.data);
    }
}
