//! Settings made step by step in a program, and checked at the end.

mod node;
mod zookeeper;

pub use node::NodeBuilder;
pub use zookeeper::ZooKeeperBuilder;
