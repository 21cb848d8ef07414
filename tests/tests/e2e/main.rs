//! The built binaries against a real ZooKeeper: each module is a part of docs/migration.md's promise.

mod absence;
mod attackers;
mod command_lines;
mod configuration;
mod content;
mod credentials;
mod demo;
mod files;
mod follow;
mod footprint;
mod heartbeat;
mod jitter;
mod logging;
mod many_nodes;
mod once;
mod pid_1;
mod privilege;
mod read_only;
mod refused;
mod sessions;
mod tls;
mod writer;
mod writer_connection;
mod writer_cut_off;
mod writer_input;
mod writer_signals;
