//! The loader and the publisher against a server with the rules of S3.

mod credentials;
mod faults;
mod https;
mod loads;
mod rig;
mod tls_server;
mod tunnel;
mod uploads;
