//! Every behaviour that a user can see, tested through the public interface.

#![cfg(target_os = "linux")]

mod child;
mod closing;
mod directory;
#[cfg(feature = "encoding")]
mod encoding;
mod errors;
mod exhausted;
mod kit;
mod lifecycle;
#[cfg(feature = "tracing")]
mod logging;
mod payload;
mod publishing;
mod reading;
mod scenarios;
mod soak;
mod tasks;
mod views;
mod virtual_files;
