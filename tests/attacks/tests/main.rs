//! Attacks on the built programs, over the network and by other users of the machine.
//!
//! docs/security.md names these tests.

mod bounds;
mod child;
mod documents;
mod fleet;
mod local;
mod process;
mod reloads;
mod replies;
mod sandbox;
mod sessions;
mod stolen;
mod target;
mod text;
mod upstream;
mod writable;
mod writer;
