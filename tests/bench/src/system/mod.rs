//! The machine and its processes, as Linux describes them.

mod machine;
mod usage;

pub(crate) use machine::describe;
pub(crate) use usage::{Threads, Usage, forget_peak, thread_count};
