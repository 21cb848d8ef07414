//! Publications and their history against real servers and real faults.

mod groups;
mod hostile;
mod kit;
mod limits;
mod lost;
mod model;
mod record;
mod rollback;
mod signatures;
