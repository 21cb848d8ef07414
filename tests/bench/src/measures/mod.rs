//! What the comparison measures: each measure, its rows and its goals.

mod idle;
mod list;
mod measure;
mod objects;
mod outage;
mod start;
mod status;
mod update;

pub(crate) use list::{FLOOR_FACTOR, FLOOR_MEASURE, LATENCY_MEASURE, MEASURES, names};
pub(crate) use measure::{Effort, Measure, Round};
