//! A server that is asked instead of AWS's.

use hyper::Uri;

/// An endpoint: `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// `http` or `https`.
    pub(super) scheme: String,
    /// Host and port.
    pub(super) authority: String,
    /// Without a slash at the end.
    pub(super) path: String,
}

impl Endpoint {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// It is no URL with `http` or `https` and a host, or it has a user name or a query. The reason
    /// does not show it, since it may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "the endpoint is not a URL such as https://s3.example.com";
        let uri: Uri = url.parse().map_err(|_| WRONG)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(WRONG) };
        let is_plain = uri.query().is_none() && !authority.as_str().contains('@');
        if !["http", "https"].contains(&scheme) || authority.host().is_empty() || !is_plain {
            return Err(WRONG);
        }
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { scheme: scheme.to_owned(), authority: authority.to_string(), path })
    }

    /// The same path and query at this endpoint.
    ///
    /// # Errors
    ///
    /// Both together are too long for a URI.
    pub(crate) fn in_place_of(&self, uri: &Uri) -> Result<Uri, String> {
        let Self { scheme, authority, path } = self;
        let rest = uri.path_and_query().map_or("/", |rest| rest.as_str());
        format!("{scheme}://{authority}{path}{rest}").parse().map_err(|_| "the URL is too long".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_goes_to_the_endpoint_with_its_path() {
        let endpoint = Endpoint::parse("http://sts.example:81/base/").unwrap();
        let moved = |uri: &'static str| endpoint.in_place_of(&Uri::from_static(uri)).unwrap().to_string();
        assert_eq!(moved("https://sts.amazonaws.com"), "http://sts.example:81/base/");
        assert_eq!(moved("https://sts.amazonaws.com/a?b=c"), "http://sts.example:81/base/a?b=c");
    }

    #[test]
    fn an_endpoint_is_an_http_url_with_a_host() {
        assert!(Endpoint::parse("http://[::1]:9000").is_ok());
        for wrong in ["", "s3.example.com", "/x", "ftp://x", "http://u:p@x", "http://x?q", "http:///x"] {
            assert!(Endpoint::parse(wrong).is_err(), "{wrong}");
        }
    }
}
