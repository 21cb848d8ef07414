//! An address to listen at: `127.0.0.1:9102`, `[::1]:9102` or `unix:/run/live-data.sock`.

use std::path::Path;

use crate::quote::Text;
use crate::settings::Listen;

/// What marks a Unix socket.
const UNIX: &str = "unix:";

/// The longest path of a Unix socket on Linux, in bytes.
const MAX_SOCKET_PATH_BYTES: usize = 107;

pub(crate) fn parse(value: Text<'_>) -> Result<Listen, String> {
    let listen = match value.as_str().strip_prefix(UNIX) {
        Some(path) => Listen::Unix(path.into()),
        None => {
            let address = value.as_str().parse();
            Listen::Tcp(address.map_err(|_| {
                format!(
                    "{value} is no address to listen at (allowed: 127.0.0.1:9102, [::1]:9102, unix:/path)"
                )
            })?)
        }
    };
    check(&listen)?;
    Ok(listen)
}

pub(crate) fn check(listen: &Listen) -> Result<(), String> {
    match listen {
        Listen::Unix(path) => check_path(path),
        Listen::Tcp(_) => Ok(()),
    }
}

fn check_path(path: &Path) -> Result<(), String> {
    if !path.is_absolute() || path.as_os_str().len() > MAX_SOCKET_PATH_BYTES {
        return Err(format!(
            "'{UNIX}' needs the absolute path of a socket (at most {MAX_SOCKET_PATH_BYTES} bytes)"
        ));
    }
    Ok(())
}

/// A warning for an address that other hosts reach.
pub(crate) fn warning(listen: &Listen) -> Option<String> {
    match listen {
        Listen::Tcp(address) if !address.ip().to_canonical().is_loopback() => Some(format!(
            "{address} can be reached by other hosts: the status names nodes and paths, to anyone who asks"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Listen, String> {
        parse(Text::literal(text))
    }

    #[test]
    fn addresses_and_sockets_read_back() {
        for text in ["127.0.0.1:9102", "[::1]:9102", "0.0.0.0:0", "unix:/run/live-data.sock"] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_is_allowed() {
        let long = format!("unix:/{}", "x".repeat(MAX_SOCKET_PATH_BYTES));
        for text in ["9102", ":9102", "localhost:9102", "127.0.0.1", "unix:", "unix:run/sock", &long] {
            let error = read(text).unwrap_err();
            assert!(error.contains("allowed") || error.contains("absolute path"), "{text}: {error}");
        }
    }

    #[test]
    fn an_address_beyond_loopback_warns() {
        assert!(warning(&read("0.0.0.0:9102").unwrap()).unwrap().contains("other hosts"));
        assert_eq!(warning(&read("127.0.0.2:9102").unwrap()), None);
        assert_eq!(warning(&read("unix:/run/s").unwrap()), None);
    }
}
