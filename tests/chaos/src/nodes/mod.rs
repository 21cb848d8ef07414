//! The nodes of a run: their content, and the history of their versions.

mod document;
mod history;
mod pointer;

pub(crate) use document::{Content, EDIT, decode, encode};
pub(crate) use history::History;
pub(crate) use pointer::{POINTERS, SSE_KEY, expected, place, pointer, target};
