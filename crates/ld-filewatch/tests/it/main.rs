//! Every behaviour that a user can see, tested through the public interface.

mod child;
mod kit;
mod payload;
mod reading;
mod scenarios;
mod soak;
