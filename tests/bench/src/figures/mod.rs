//! What a measure yields: figures with units, goals for them, and how tables show them.

mod goal;
mod statistics;
mod table;
mod unit;

pub(crate) use goal::{Figures, Goal, Verdict, judge, ratio};
pub(crate) use statistics::{median, percentile};
pub(crate) use table::{publish, table};
pub(crate) use unit::Unit;
