//! `zookeeper.hosts`: a comma list of servers with an optional chroot at its end.

use std::fmt;
use std::net::Ipv6Addr;

use crate::problem::quoted;
use crate::settings::Host;
use crate::znode;

/// ZooKeeper's client port, used where a host names none.
pub const DEFAULT_PORT: u16 = 2181;

const EXPECTED: &str = "expected host, host:port or [ipv6]:port";

/// The servers and the chroot, which is empty or an absolute znode path.
pub(crate) fn parse(text: &str) -> Result<(Vec<Host>, String), String> {
    let (servers, chroot) = match text.find('/') {
        Some(slash) => text.split_at(slash),
        None => (text, ""),
    };
    let hosts = servers.split(',').map(|server| host(server.trim())).collect::<Result<_, _>>()?;
    let chroot = match znode::znode_path(chroot)? {
        root if root == "/" => String::new(),
        chroot => chroot,
    };
    Ok((hosts, chroot))
}

/// The text that `parse` reads back.
pub(crate) fn show(hosts: &[Host], chroot: &str) -> String {
    let hosts = hosts.iter().map(Host::to_string).collect::<Vec<_>>();
    format!("{}{chroot}", hosts.join(","))
}

fn host(text: &str) -> Result<Host, String> {
    if text.is_empty() {
        return Err(format!("an empty host between two commas or at an end ({EXPECTED})"));
    }
    let (name, port) = match text.strip_prefix('[') {
        Some(bracketed) => ipv6(text, bracketed)?,
        None => {
            let (name, port) = text.split_once(':').unwrap_or((text, ""));
            if port.contains(':') {
                return Err(format!("{} needs brackets if it is an IPv6 address ({EXPECTED})", quoted(text)));
            }
            (dns_name(name)?, port)
        }
    };
    Ok(Host { name, port: parse_port(text, port)? })
}

fn ipv6<'a>(text: &str, bracketed: &'a str) -> Result<(String, &'a str), String> {
    let wrong = || format!("{} is no IPv6 address in brackets ({EXPECTED})", quoted(text));
    let (address, rest) = bracketed.split_once(']').ok_or_else(wrong)?;
    let address: Ipv6Addr = address.parse().map_err(|_| wrong())?;
    let port = if rest.is_empty() { "" } else { rest.strip_prefix(':').ok_or_else(wrong)? };
    Ok((address.to_string(), port))
}

fn dns_name(name: &str) -> Result<String, String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || !name.chars().all(valid) {
        return Err(format!("{} is no host name or address ({EXPECTED})", quoted(name)));
    }
    Ok(name.to_owned())
}

fn parse_port(text: &str, port: &str) -> Result<u16, String> {
    if port.is_empty() {
        return Ok(DEFAULT_PORT);
    }
    let number = if port.bytes().all(|b| b.is_ascii_digit()) { port.parse().ok() } else { None };
    number
        .filter(|port| *port > 0)
        .ok_or_else(|| format!("{} is no port in {} (allowed: 1 to 65535)", quoted(port), quoted(text)))
}

impl fmt::Display for Host {
    /// `name:port`, an IPv6 address in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_chroot_are_read() {
        for (text, hosts, chroot) in [
            ("zk", "zk:2181", ""),
            ("zk:", "zk:2181", ""),
            ("zk1:2181, zk2:2182 ,10.0.0.1", "zk1:2181,zk2:2182,10.0.0.1:2181", ""),
            ("zk1:1,\nzk2:2/some/root", "zk1:1,zk2:2", "/some/root"),
            ("zk/", "zk:2181", ""),
            ("zk//a//b/", "zk:2181", "/a/b"),
            ("[::1],[0:0::2]:99/x", "[::1]:2181,[::2]:99", "/x"),
            ("my_zk-0.example.", "my_zk-0.example.:2181", ""),
        ] {
            let (read, root) = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((show(&read, ""), root.as_str()), (hosts.to_owned(), chroot), "{text}");
            assert_eq!(parse(&show(&read, &root)), Ok((read, root)), "{text}");
        }
    }

    #[test]
    fn a_wrong_host_says_what_is_expected() {
        for (text, message) in [
            ("", "an empty host"),
            ("a,", "an empty host"),
            ("a,,b", "an empty host"),
            ("/chroot", "an empty host"),
            ("a:x", "'x' is no port in 'a:x' (allowed: 1 to 65535)"),
            ("a:0", "'0' is no port"),
            ("a:65536", "'65536' is no port"),
            ("a:-1", "'-1' is no port"),
            ("a:+1", "'+1' is no port"),
            ("::1", "needs brackets"),
            ("[::1", "no IPv6 address in brackets"),
            ("[x]:1", "no IPv6 address in brackets"),
            ("[::1]2181", "no IPv6 address in brackets"),
            ("a b:1", "'a b' is no host name"),
            ("user@a", "'user@a' is no host name"),
            ("zoo.exämple", "is no host name"),
            ("zk/a/../b", "no znode path"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
