//! The independent view of all files: during the run, and at its end.

mod final_check;
mod observer;

pub(crate) use final_check::run as final_check;
pub(crate) use observer::run;
