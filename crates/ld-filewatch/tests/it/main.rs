//! Every behaviour that a user can see, tested through the public interface.

mod kit;
mod reading;
