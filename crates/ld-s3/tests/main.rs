//! The loader against a server with the rules of S3.

mod credentials;
mod faults;
mod loads;
mod rig;
