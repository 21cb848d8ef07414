//! The built binaries against a real ZooKeeper: each module is a part of docs/migration.md's promise.

mod absence;
mod command_lines;
mod configuration;
mod content;
mod credentials;
mod files;
mod follow;
mod once;
mod writer;
mod writer_connection;
