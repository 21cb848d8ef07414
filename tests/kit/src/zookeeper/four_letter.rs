//! ZooKeeper's four-letter commands: the client sends a word, the server a text and closes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Each connect, write and read of a command ends after this time.
const COMMAND_LIMIT: Duration = Duration::from_secs(5);

/// A question for a server's mode ends after this time.
///
/// A server that is starting accepts connections and never answers, so asking again beats waiting.
const MODE_LIMIT: Duration = Duration::from_secs(1);

/// Asks the server at `address`: `srvr`, `mntr`, `cons`, `wchs`, `wchp` and so on.
///
/// A server without a quorum answers `This ZooKeeper instance is not currently serving requests`.
///
/// # Errors
///
/// No server listens there, or it does not answer within 5 s (a frozen one).
pub fn four_letter_command(address: SocketAddr, command: &str) -> io::Result<String> {
    ask(address, command, COMMAND_LIMIT)
}

fn ask(address: SocketAddr, command: &str, limit: Duration) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    stream.write_all(command.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A server's role, from its `srvr` answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerMode {
    /// A single server without an ensemble.
    Standalone,
    /// The leader of an ensemble.
    Leader,
    /// A follower of an ensemble.
    Follower,
    /// Without a quorum, but allowed to serve reads.
    ReadOnly,
}

/// The mode of the server at `address`.
///
/// `None` while it serves no client: down, frozen or without a quorum.
pub(crate) fn mode(address: SocketAddr) -> Option<ServerMode> {
    let answer = ask(address, "srvr", MODE_LIMIT).ok()?;
    match field(&answer, "Mode: ")? {
        "standalone" => Some(ServerMode::Standalone),
        "leader" => Some(ServerMode::Leader),
        "follower" => Some(ServerMode::Follower),
        "read-only" => Some(ServerMode::ReadOnly),
        _ => None,
    }
}

/// The rest of the line that starts with `label`.
pub(crate) fn field<'a>(answer: &'a str, label: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| line.strip_prefix(label)).map(str::trim)
}
