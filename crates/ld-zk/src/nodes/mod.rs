//! What sessions and watches both know of nodes.

mod node;
mod node_list;
mod polls;
mod set_watch;

pub(crate) use node::{Node, Seen, Version};
pub(crate) use node_list::NodeList;
pub(crate) use polls::{PollPlace, Polls};
pub(crate) use set_watch::{SetWatch, fired};
