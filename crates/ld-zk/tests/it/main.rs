//! The client against real servers and real faults.

mod absence;
mod credentials;
mod ensembles;
mod kit;
mod pool;
mod sessions;
mod tls;
