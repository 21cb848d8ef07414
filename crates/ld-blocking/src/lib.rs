//! Part of live data: blocking calls that may never return, on a bounded number of threads.
//!
//! [`BoundedCalls`] runs calls of one kind, for example reading the secrets file. Each call has a
//! limit after which its caller goes on without an answer. The call itself keeps its thread until
//! it returns, and a hung call counts as in flight. So one kind of call can lose at most its own
//! threads. [`Spawner`] makes threads, and reports a refusal of the system as an error.

mod calls;
mod panics;
mod spawner;

pub use calls::{BoundedCalls, CallError};
pub use panics::panic_message;
pub use spawner::Spawner;

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
