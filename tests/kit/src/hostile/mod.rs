//! A scripted ZooKeeper server that is honest until a [`Rule`] says otherwise.
//!
//! [`HostileServer`] speaks the part of the protocol that live data uses, over nodes in memory. A
//! rule changes any field of any reply at any moment: a [`Reply`] is a plain value that a closure
//! may edit before it is sent.
//!
//! ```
//! use ld_testkit::hostile::{HostileServer, Rule};
//! use ld_testkit::operation;
//!
//! let server = HostileServer::start();
//! server.set("/flags", b"on");
//! // The first read of /flags gets a body of 10 bytes, all other reads get an honest one.
//! let cut = Rule::on(operation::GET_DATA, |_, reply| reply.body.truncate(10));
//! server.add(cut.path("/flags").times(1));
//! assert!(server.connect_string().starts_with("127.0.0.1:"));
//! ```
//!
//! It does not replace a real server: a test that does not attack uses [`crate::Server`].
//!
//! Limits: 128 connections and 64 MiB for each request. A write to a client that does not read ends
//! after 10 s. A flood ends when its client is gone.

mod attacks;
mod honest;
mod hostile_server;
mod reply;
mod request;
mod rule;
mod serve;
mod state;
mod tree;
mod watches;

pub use hostile_server::HostileServer;
pub use reply::{Delivery, Flood, Reply, Then};
pub use request::{CONNECT, ISRO, Request};
pub use rule::Rule;

pub use attacks::{another_session, data_length, flood, huge_count, session_timeout};

#[cfg(test)]
mod tests;
