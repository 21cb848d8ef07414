//! The client against real servers and real faults.

mod absence;
mod children;
mod closing;
mod counters;
mod credentials;
mod ensembles;
mod hostile;
mod kit;
mod pool;
mod scripted;
mod sessions;
mod tls;
