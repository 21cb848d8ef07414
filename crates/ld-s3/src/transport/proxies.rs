//! The proxies of the environment: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in either case.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::HeaderValue;
use percent_encoding::percent_decode_str;

use crate::address::bare_host;

/// Which servers are reached through which proxy.
#[derive(Debug)]
pub(crate) struct Proxies {
    http: Option<Result<Proxy, String>>,
    https: Option<Result<Proxy, String>>,
    /// Hosts and domains without a proxy.
    exempt: Vec<String>,
}

/// An HTTP proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// The header with its credentials, marked as sensitive.
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxies {
    pub(crate) fn new(var: impl Fn(&str) -> Option<String>) -> Self {
        // As in Python, lower case comes first.
        let value = |name: &str| {
            let found = var(&name.to_ascii_lowercase()).or_else(|| var(name))?;
            (!found.trim().is_empty()).then(|| found.trim().to_owned())
        };
        let proxy =
            |name: &str| value(name).map(|url| Proxy::parse(&url).map_err(|why| format!("{name} {why}")));
        let exempt = value("NO_PROXY").unwrap_or_default();
        let exempt = exempt.split(',').map(|host| host.trim().to_ascii_lowercase());
        Self {
            http: proxy("HTTP_PROXY"),
            https: proxy("HTTPS_PROXY"),
            exempt: exempt.filter(|host| !host.is_empty()).collect(),
        }
    }

    /// The proxy for a server, if there is one.
    ///
    /// # Errors
    ///
    /// The variable does not name a usable proxy.
    pub(super) fn of(&self, is_tls: bool, host: &str, port: u16) -> Result<Option<Proxy>, String> {
        let proxy = if is_tls { &self.https } else { &self.http };
        match proxy {
            Some(proxy) if !self.is_exempt(host, port) => proxy.clone().map(Some),
            _ => Ok(None),
        }
    }

    fn is_exempt(&self, host: &str, port: u16) -> bool {
        let host = bare_host(host).to_ascii_lowercase();
        // The services of a machine or a container for its credentials are never behind a proxy.
        let is_local = match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
            Ok(IpAddr::V6(address)) => address.is_loopback() || address.to_string().starts_with("fd00:ec2::"),
            Err(_) => host == "localhost",
        };
        let with_port = format!("{host}:{port}");
        is_local
            || self.exempt.iter().any(|exempt| {
                let domain = exempt.trim_start_matches("*.").trim_start_matches('.');
                exempt == "*"
                    || *exempt == with_port
                    || host == domain
                    || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
            })
    }
}

impl Proxy {
    fn parse(url: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "is not the URL of an HTTP proxy, such as http://proxy.example.com:3128";
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: Uri = url.parse().map_err(|_| WRONG)?;
        let authority = uri.authority().ok_or(WRONG)?;
        if uri.scheme_str() != Some("http") || authority.host().is_empty() {
            return Err(WRONG);
        }
        let authorization = match authority.as_str().rsplit_once('@') {
            Some((user, _)) => {
                let basic =
                    format!("Basic {}", STANDARD.encode(percent_decode_str(user).collect::<Vec<_>>()));
                let mut value = HeaderValue::try_from(basic).map_err(|_| WRONG)?;
                value.set_sensitive(true);
                Some(value)
            }
            None => None,
        };
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self { host: authority.host().to_owned(), port, authorization })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(pairs: &'static [(&'static str, &'static str)]) -> Proxies {
        Proxies::new(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn each_scheme_has_its_proxy() {
        let proxies =
            proxies(&[("https_proxy", "http://a:1"), ("HTTPS_PROXY", "http://b:2"), ("HTTP_PROXY", "c")]);
        let host = |is_tls| proxies.of(is_tls, "s3.example.com", 443).unwrap().unwrap();
        assert_eq!((host(true).host.as_str(), host(true).port), ("a", 1));
        assert_eq!((host(false).host.as_str(), host(false).port), ("c", 80));
    }

    #[test]
    fn exempt_and_local_servers_have_no_proxy() {
        let proxies = proxies(&[("HTTP_PROXY", "http://p:1"), ("NO_PROXY", ".example.com, other.org:81,")]);
        let is_direct = |host: &str, port| proxies.of(false, host, port).unwrap().is_none();
        for host in ["example.com", "S3.Example.com", "127.0.0.1", "localhost", "169.254.169.254", "[::1]"] {
            assert!(is_direct(host, 80), "{host}");
        }
        assert!(is_direct("other.org", 81) && !is_direct("other.org", 80));
        assert!(!is_direct("badexample.com", 80) && !is_direct("10.0.0.1", 80));
    }

    #[test]
    fn credentials_of_a_proxy_are_sent_and_not_shown() {
        let proxies = proxies(&[("HTTP_PROXY", "http://user:p%40ss@p:1")]);
        let proxy = proxies.of(false, "x.org", 80).unwrap().unwrap();
        let value = proxy.authorization.clone().unwrap();
        assert_eq!(value, format!("Basic {}", STANDARD.encode("user:p@ss")));
        assert!(!format!("{proxies:?} {proxy:?}").contains("dXNlcj"), "{proxy:?}");
    }

    #[test]
    fn a_variable_that_names_no_proxy_is_an_error_without_its_value() {
        for wrong in ["https://user:topsecret@p", "socks5://topsecret", "http://", "::topsecret::"] {
            let proxies = Proxies::new(|name| (name == "HTTP_PROXY").then(|| wrong.to_owned()));
            let error = proxies.of(false, "x.org", 80).unwrap_err();
            assert!(error.starts_with("HTTP_PROXY is not") && !error.contains("topsecret"), "{error}");
        }
    }
}
