//! The loader against a server with the rules of S3.

mod faults;
mod loads;
mod rig;
