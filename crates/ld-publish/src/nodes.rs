//! What is done with nodes as a whole: they are looked at, made, removed, and get another ACL.

mod access;
mod access_below;
mod content;
mod create;
mod delete;
mod info;
mod init;
mod list;
mod parents;

pub use access::PresentAcl;
pub use access_below::{AclsSet, MAX_NODES_BELOW, set_acl_below};
pub use content::NodeContent;
pub use create::{Created, NewNode};
pub use delete::Deletion;
pub use info::NodeInfo;
pub use init::{Access, InitDirectory, init, init_directories};
pub use list::{Child, Listing};
