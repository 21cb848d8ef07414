//! One node: what is known of it, and the task that keeps its file equal to it.

mod checks;
mod decide;
mod delay;
mod last_load;
mod load;
mod outcome;
mod outcomes;
mod pointed;
mod record;
mod retry;
mod shared;
mod signed;
mod sink;
mod task;
mod work;

pub(crate) use decide::too_large;
pub(crate) use outcome::DRIFT_STAYS;
pub(crate) use outcomes::Outcomes;
pub(crate) use record::{LOOK_FOR_OVERDUE, Node};
pub(crate) use retry::HeldContent;
pub(crate) use shared::{Shared, owner_of};
pub(crate) use signed::{Unsigned, judge, signature};
pub(crate) use task::Task;
