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
            let (read, root) = parse(Text::literal(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((show(&read, ""), root.as_str()), (hosts.to_owned(), chroot), "{text}");
            assert_eq!(check(&read, &root), Ok(()), "{text}");
            assert_eq!(parse(Text::literal(&show(&read, &root))), Ok((read, root)), "{text}");
        }
    }

    #[test]
    fn a_wrong_host_says_what_is_expected() {
        for (text, message) in [
            ("", "no host is given"),
            (" ", "no host is given"),
            (",", "an empty host"),
            ("a,", "an empty host"),
            ("a,,b", "an empty host"),
            ("/chroot", "no host is given"),
            ("a:x", "'x' is not a valid port (1 to 65535)"),
            ("a:0", "'0' is not a valid port"),
            ("a:65536", "'65536' is not a valid port"),
            ("a:-1", "'-1' is not a valid port"),
            ("a:+1", "'+1' is not a valid port"),
            ("::1", "needs brackets"),
            ("[::1", "not an IPv6 address in brackets"),
            ("[x]:1", "not an IPv6 address in brackets"),
            ("[::1]2181", "not an IPv6 address in brackets"),
            ("-", "'-' is not a host name or address"),
            ("a:1 b:1", "'a:1 b:1' is not one host: separate hosts by commas"),
            ("a:1;b:1", "'a:1;b:1' is not one host: separate hosts by commas"),
            ("zk://h/app", "'zk://' is a scheme, which is not allowed"),
            ("a,tcp://h", "'tcp://' is a scheme, which is not allowed"),
            ("zoo.exämple", "is not a host name"),
            ("zk/a/../b", "not a znode path"),
        ] {
            let error = parse(Text::literal(text)).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn a_password_in_hosts_is_never_shown() {
        for text in [
            "user:hush@h",
            "a,user:hush@h:1",
            "zk://user:hush@h/app",
            "user:hush/x@h",
            "user:1/../hush@h",
            "user:hush@zk://h",
            "a/x,user:hush@b/x",
            "a b:hush@c",
        ] {
            let error = parse(Text::literal(text)).unwrap_err();
            assert!(!error.contains("hush"), "{text}: {error}");
            assert!(error.contains("credentials") || error.contains("scheme"), "{text}: {error}");
        }
        assert!(parse(Text::literal("h/team@corp")).is_ok());
    }

    #[test]
    fn hosts_made_by_hand_are_checked() {
        let host = |name: &str, port| Host { name: name.to_owned(), port };
        for (hosts, chroot, message) in [
            (vec![], "", "no host is given"),
            (vec![host("", 1)], "", "'' is not a host name"),
            (vec![host("-", 1)], "", "'-' is not a host name"),
            (vec![host("a,b", 1)], "", "'a,b' is not a host name"),
            (vec![host("[::1]", 1)], "", "'[::1]' is not a host name"),
            (vec![host("a", 0)], "", "'0' is not a valid port (1 to 65535)"),
            (vec![host("a", 1)], "/", "the chroot '/' is not a znode path like /prod"),
            (vec![host("a", 1)], "prod", "the chroot 'prod'"),
            (vec![host("a", 1)], "/a/", "the chroot '/a/'"),
            (vec![host("a", 1)], "/a/../b", "the chroot '/a/../b'"),
            (vec![host("a", 1)], "/a\n", "the chroot '/a\\n'"),
        ] {
            let error = check(&hosts, chroot).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
        assert_eq!(check(&[host("::1", 1), host("zk", 65535)], "/prod"), Ok(()));
    }
}
