//! The nodes of a run: their content, and the history of their versions.

mod document;
mod history;

pub(crate) use document::{Content, EDIT, decode, encode};
pub(crate) use history::History;
