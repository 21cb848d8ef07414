//! A scripted ZooKeeper server that is honest until a [`Rule`] says otherwise.
//!
//! [`Server`] speaks as much of the protocol as live data uses, over a small tree in memory. A rule
//! changes any field of any reply at any moment: the reply is a plain value ([`Reply`]) that a
//! closure may edit before it is sent.
//!
//! ```
//! use ld_testkit::hostile::{Rule, Server};
//! use ld_testkit::operation;
//!
//! let server = Server::start();
//! server.set("/flags", b"on");
//! // The first read of /flags gets a body of 10 bytes, all others an honest one.
//! let cut = Rule::on(operation::GET_DATA, |_, reply| reply.body.truncate(10));
//! server.add(cut.path("/flags").times(1));
//! assert!(server.connect_string().starts_with("127.0.0.1:"));
//! ```
//!
//! It is no substitute for a real server: a test that does not attack uses [`crate::Server`].
//!
//! Limits: at most 128 connections and 64 MiB of request at once; a write to a client that does not
//! read ends after 10 s; a flood ends when its client is gone.

mod answer;
mod attack;
mod connection;
mod record;
mod reply;
mod request;
mod rule;
mod server;
mod state;
mod tree;
mod watches;

pub use reply::{Delivery, Flood, Reply, Then};
pub use request::{CONNECT, GET_CHILDREN2, ISRO, REMOVE_WATCHES, Request, SET_WATCHES};
pub use rule::Rule;
pub use server::Server;

pub use attack::{another_session, data_length, flood, huge_count, session_timeout};

#[cfg(test)]
mod tests;
