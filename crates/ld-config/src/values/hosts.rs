//! `zookeeper.hosts`: a comma list of servers with an optional chroot at its end.

use std::fmt;
use std::net::Ipv6Addr;

use super::znode;
use crate::limits::DEFAULT_PORT;
use crate::quote::{Text, quoted};
use crate::settings::Host;

const EXPECTED: &str = "expected host, host:port or [ipv6]:port";

const NO_HOST: &str = "no host is given; give one or more, as in 'zk1:2181,zk2:2181/prod'";

const PORTS: &str = "1 to 65535";

/// The servers and the chroot, which is empty or an absolute znode path.
///
/// A value with an `@` may hold a password, so no message shows it.
pub(crate) fn parse(value: Text<'_>) -> Result<(Vec<Host>, String), String> {
    let text = value.as_str();
    let (servers, chroot) = match text.find('/') {
        Some(slash) => text.split_at(slash),
        None => (text, ""),
    };
    let holds_credentials = || {
        "credentials do not belong in hosts: name a secret in zookeeper.credentials \
         (a value with an '@' is not shown)"
            .to_owned()
    };
    if servers.contains('@') {
        return Err(holds_credentials());
    }
    if servers.ends_with(':') && chroot.starts_with("//") {
        let start = servers.rfind(',').map_or(0, |comma| comma + 1);
        let scheme = text[start..servers.len() + 2].trim_start();
        return Err(format!("{} is a scheme, which is not allowed ({EXPECTED})", value.piece(scheme)));
    }
    if servers.trim().is_empty() && !text.contains('@') {
        return Err(NO_HOST.to_owned());
    }
    // In 'user:p/w@host' the password reaches into what looks like the chroot.
    let hide = |error: String| if text.contains('@') { holds_credentials() } else { error };
    let hosts = servers.split(',').map(|server| parse_host(value.piece(server.trim())));
    let hosts = hosts.collect::<Result<_, _>>().map_err(hide)?;
    if chroot.contains(',') && chroot.contains('@') {
        return Err(holds_credentials());
    }
    let chroot = match znode::parse(value.piece(chroot)).map_err(hide)? {
        root if root == "/" => String::new(),
        chroot => chroot,
    };
    Ok((hosts, chroot))
}

/// What to say about a chroot that was read.
pub(crate) fn warning(value: Text<'_>, chroot: &str) -> Option<String> {
    chroot.contains(',').then(|| {
        format!(
            "all that follows the first '/' is the chroot, here {}: write it once, at the end",
            value.piece(chroot)
        )
    })
}

/// Checks servers and chroot made by hand.
pub(crate) fn check(hosts: &[Host], chroot: &str) -> Result<(), String> {
    if hosts.is_empty() {
        return Err(NO_HOST.to_owned());
    }
    for Host { name, port } in hosts {
        if name.parse::<Ipv6Addr>().is_err() {
            check_name(Text::literal(name))?;
        }
        if *port == 0 {
            return Err(invalid_port(Text::literal("0")));
        }
    }
    let usable = chroot.is_empty() || (chroot != "/" && znode::check(chroot).is_ok());
    if usable {
        return Ok(());
    }
    Err(format!("the chroot {} is not a znode path like /prod", quoted(chroot)))
}

/// The text that `parse` reads back.
pub(crate) fn show(hosts: &[Host], chroot: &str) -> String {
    let hosts = hosts.iter().map(Host::to_string).collect::<Vec<_>>();
    format!("{}{chroot}", hosts.join(","))
}

fn parse_host(server: Text<'_>) -> Result<Host, String> {
    let text = server.as_str();
    if text.is_empty() {
        return Err(format!("an empty host between two commas or at an end ({EXPECTED})"));
    }
    if text.contains(|c: char| c.is_whitespace() || c == ';') {
        return Err(format!("{server} is not one host: separate hosts by commas ({EXPECTED})"));
    }
    let (name, port) = match text.strip_prefix('[') {
        Some(bracketed) => parse_ipv6(server, bracketed)?,
        None => {
            let (name, port) = text.split_once(':').unwrap_or((text, ""));
            if port.contains(':') {
                return Err(format!("{server} needs brackets if it is an IPv6 address ({EXPECTED})"));
            }
            check_name(server.piece(name))?;
            (name.to_owned(), port)
        }
    };
    Ok(Host { name, port: parse_port(server.piece(port))? })
}

fn parse_ipv6<'a>(server: Text<'_>, bracketed: &'a str) -> Result<(String, &'a str), String> {
    let wrong = || format!("{server} is not an IPv6 address in brackets ({EXPECTED})");
    let (address, rest) = bracketed.split_once(']').ok_or_else(wrong)?;
    let address: Ipv6Addr = address.parse().map_err(|_| wrong())?;
    let port = if rest.is_empty() { "" } else { rest.strip_prefix(':').ok_or_else(wrong)? };
    Ok((address.to_string(), port))
}

fn check_name(name: Text<'_>) -> Result<(), String> {
    let text = name.as_str();
    if text.contains('@') {
        return Err("a host name has an '@': credentials do not belong in hosts".to_owned());
    }
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if text.chars().all(valid) && text.contains(|c: char| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(format!("{name} is not a host name or address ({EXPECTED})"))
}

fn parse_port(port: Text<'_>) -> Result<u16, String> {
    let text = port.as_str();
    if text.is_empty() {
        return Ok(DEFAULT_PORT);
    }
    let number = if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None };
    number.filter(|port| *port > 0).ok_or_else(|| invalid_port(port))
}

fn invalid_port(port: Text<'_>) -> String {
    format!("{port} is not a valid port ({PORTS})")
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
mod tests;
