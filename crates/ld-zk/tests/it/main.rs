//! The client against real servers and real faults.

mod absence;
mod bulk;
mod credentials;
mod ensembles;
mod kit;
mod lanes;
mod sessions;
mod tls;
