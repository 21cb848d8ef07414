//! Publications and their history against real servers and real faults.

mod groups;
mod hostile;
mod kit;
mod limits;
mod lost;
mod made_again;
mod model;
mod record;
mod rollback;
mod signatures;
