//! The nodes of a run: their content, and the history of their versions.

mod document;
mod history;
mod pointer;
mod rollout;

pub(crate) use document::{Content, EDIT, decode, encode, encode_bad};
pub(crate) use history::History;
pub(crate) use pointer::{POINTERS, SSE_KEY, expected, place, pointer, target};
pub(crate) use rollout::{ROLLOUTS, STREAMS, follows, host_name, includes, stream};
