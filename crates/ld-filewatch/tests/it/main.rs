//! Every behaviour that a user can see, tested through the public interface.

mod child;
mod errors;
mod exhausted;
mod kit;
mod lifecycle;
mod payload;
mod reading;
mod scenarios;
mod soak;
mod virtual_files;
