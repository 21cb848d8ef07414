//! What a running server says of itself.

use std::fs;

use crate::zookeeper::four_letter::{self, ServerMode, four_letter_command};
use crate::zookeeper::server::Server;

/// Lines of a dead server's log that a panic shows.
const LOG_TAIL_LINES: usize = 20;

impl Server {
    /// The server's role.
    ///
    /// `None` while it serves no client: down, frozen (known after 1 s), starting or without a
    /// quorum.
    #[must_use]
    pub fn mode(&self) -> Option<ServerMode> {
        four_letter::mode(self.address())
    }

    /// The answer to a four-letter command, as [`four_letter_command`].
    ///
    /// # Panics
    ///
    /// When the server does not answer.
    #[must_use]
    pub fn ask(&self, command: &str) -> String {
        four_letter_command(self.address(), command)
            .unwrap_or_else(|error| panic!("the server did not answer {command}: {error}"))
    }

    /// A number of the server's `mntr` answer, by its name: `zk_packets_received`,
    /// `zk_watch_count`, `zk_num_alive_connections`, `zk_znode_count` and so on.
    ///
    /// # Panics
    ///
    /// When the server does not answer, or has no number of that name.
    #[must_use]
    pub fn metric(&self, name: &str) -> f64 {
        let answer = self.ask("mntr");
        four_letter::field(&answer, &format!("{name}\t"))
            .and_then(|value| value.parse().ok())
            .unwrap_or_else(|| panic!("mntr has no number named {name}:\n{answer}"))
    }

    /// The last 20 lines of the server's log (warnings and errors only).
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = fs::read(self.log_path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}
