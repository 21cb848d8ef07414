//! Where an object is: the server, the path, and the region that requests are signed for.

mod bucket;
mod encode;
mod endpoint;
mod partition;

use hyper::Uri;

pub(crate) use self::bucket::{Bucket, is_label};
use self::encode::{encode_path, encode_query};
pub(crate) use self::endpoint::Endpoint;
use self::partition::dns_suffix;

/// The region that has the endpoint without a name.
const FIRST_REGION: &str = "us-east-1";

/// The host of a URI without the brackets of an IPv6 address.
pub(crate) fn bare_host(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// The address of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) uri: Uri,
    /// What requests are signed for.
    pub(crate) region: String,
}

impl Address {
    /// The address of `key` in `bucket`, with the parameters of a query; one without a value is a
    /// bare name. `endpoint` replaces AWS's own servers.
    ///
    /// # Errors
    ///
    /// The parts make no URI, for example because the key is too long.
    pub(crate) fn new(
        bucket: &Bucket,
        key: &str,
        query: &[(&str, &str)],
        region: &str,
        endpoint: Option<&Endpoint>,
    ) -> Result<Self, String> {
        // An access point says where it is.
        let region = bucket.region().unwrap_or(region);
        let (base, path) = match endpoint {
            Some(endpoint) => at_endpoint(bucket, endpoint),
            None => at_aws(bucket, region),
        };
        let mut uri = format!("{base}{path}/{}", encode_path(key));
        for (index, (name, value)) in query.iter().enumerate() {
            let (start, equals) =
                (if index == 0 { '?' } else { '&' }, if value.is_empty() { "" } else { "=" });
            uri.push_str(&format!("{start}{name}{equals}{}", encode_query(value)));
        }
        let uri = uri.parse().map_err(|_| "it cannot be asked for: its URL is too long".to_owned())?;
        let region = if region == "aws-global" { FIRST_REGION } else { region };
        Ok(Self { uri, region: region.to_owned() })
    }
}

/// The server and the path before the key, both without a slash at the end.
fn at_aws(bucket: &Bucket, region: &str) -> (String, String) {
    let suffix = dns_suffix(region);
    let server = match region {
        FIRST_REGION | "aws-global" => format!("s3.{suffix}"),
        region => format!("s3.{region}.{suffix}"),
    };
    match bucket {
        Bucket::AccessPoint { name, account, region } => {
            (format!("https://{name}-{account}.s3-accesspoint.{region}.{suffix}"), String::new())
        }
        Bucket::Name(name) if bucket.is_host_label() => (format!("https://{name}.{server}"), String::new()),
        Bucket::Name(name) => (format!("https://{server}"), format!("/{name}")),
    }
}

/// The same at a configured endpoint, where buckets are a part of the path, as in the original.
fn at_endpoint(bucket: &Bucket, endpoint: &Endpoint) -> (String, String) {
    let Endpoint { scheme, authority, path } = endpoint;
    match bucket {
        Bucket::AccessPoint { name, account, .. } => {
            (format!("{scheme}://{name}-{account}.{authority}"), path.clone())
        }
        Bucket::Name(name) => (format!("{scheme}://{authority}"), format!("{path}/{name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:s3:us-west-2:123456789012:accesspoint/ap";

    fn url(bucket: &str, region: &str, key: &str, endpoint: Option<&str>) -> String {
        let bucket = Bucket::parse(bucket.to_owned()).unwrap();
        let endpoint = endpoint.map(|url| Endpoint::parse(url).unwrap());
        Address::new(&bucket, key, &[], region, endpoint.as_ref()).unwrap().uri.to_string()
    }

    #[test]
    fn urls_are_those_of_the_original() {
        for (bucket, region, expected) in [
            ("my-bucket", "us-east-1", "https://my-bucket.s3.amazonaws.com/1/ok"),
            ("my-bucket", "aws-global", "https://my-bucket.s3.amazonaws.com/1/ok"),
            ("my-bucket", "us-west-2", "https://my-bucket.s3.us-west-2.amazonaws.com/1/ok"),
            ("my-bucket", "cn-north-1", "https://my-bucket.s3.cn-north-1.amazonaws.com.cn/1/ok"),
            ("my-bucket", "us-gov-west-1", "https://my-bucket.s3.us-gov-west-1.amazonaws.com/1/ok"),
            ("my-bucket", "us-iso-east-1", "https://my-bucket.s3.us-iso-east-1.c2s.ic.gov/1/ok"),
            ("my-bucket", "eusc-de-east-1", "https://my-bucket.s3.eusc-de-east-1.amazonaws.eu/1/ok"),
            ("my.bucket", "us-west-2", "https://s3.us-west-2.amazonaws.com/my.bucket/1/ok"),
            ("My_Bucket", "us-west-2", "https://s3.us-west-2.amazonaws.com/My_Bucket/1/ok"),
            ("ab", "us-west-2", "https://s3.us-west-2.amazonaws.com/ab/1/ok"),
            ("-a-b", "us-west-2", "https://s3.us-west-2.amazonaws.com/-a-b/1/ok"),
            ("192.168.1.1", "us-west-2", "https://s3.us-west-2.amazonaws.com/192.168.1.1/1/ok"),
            (ARN, "us-east-1", "https://ap-123456789012.s3-accesspoint.us-west-2.amazonaws.com/1/ok"),
        ] {
            assert_eq!(url(bucket, region, "1/ok", None), expected);
        }
    }

    #[test]
    fn an_endpoint_has_the_bucket_in_the_path() {
        for (endpoint, expected) in [
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000/my-bucket/1/ok"),
            ("https://s3.example.com/base/", "https://s3.example.com/base/my-bucket/1/ok"),
        ] {
            assert_eq!(url("my-bucket", "us-west-2", "1/ok", Some(endpoint)), expected);
        }
        let access_point = url(ARN, "us-east-1", "1/ok", Some("http://s3.example.com"));
        assert_eq!(access_point, "http://ap-123456789012.s3.example.com/1/ok");
    }

    #[test]
    fn keys_are_encoded_as_in_the_original() {
        for (key, expected) in [
            ("a b+c&d=e?f#g", "a%20b%2Bc%26d%3De%3Ff%23g"),
            ("a%2Fb", "a%252Fb"),
            ("~x*()'!", "~x%2A%28%29%27%21"),
            ("/lead", "/lead"),
            ("a//b", "a//b"),
            ("../x", "../x"),
            ("a/./b", "a/./b"),
            ("ü", "%C3%BC"),
        ] {
            let url = url("my-bucket", "us-west-2", key, None);
            assert_eq!(url, format!("https://my-bucket.s3.us-west-2.amazonaws.com/{expected}"));
        }
    }

    #[test]
    fn requests_are_signed_for_the_region_of_the_bucket() {
        let region = |bucket: &str, region: &str| {
            let bucket = Bucket::parse(bucket.to_owned()).unwrap();
            Address::new(&bucket, "k", &[], region, None).unwrap().region
        };
        assert_eq!(region("b", "aws-global"), "us-east-1");
        assert_eq!(region("b", "eu-west-3"), "eu-west-3");
        assert_eq!(region(ARN, "eu-west-3"), "us-west-2");
    }

    #[test]
    fn a_query_has_encoded_values_and_bare_names() {
        let bucket = Bucket::parse("my-bucket".to_owned()).unwrap();
        let address = Address::new(&bucket, "k", &[("versionId", "a/b==")], "us-west-2", None).unwrap();
        assert_eq!(address.uri.query(), Some("versionId=a%2Fb%3D%3D"));
        let upload = [("partNumber", "3"), ("uploads", "")];
        let address = Address::new(&bucket, "k", &upload, "us-west-2", None).unwrap();
        assert_eq!(address.uri.query(), Some("partNumber=3&uploads"));
    }

    #[test]
    fn a_key_without_a_url_is_refused() {
        let bucket = Bucket::parse("my-bucket".to_owned()).unwrap();
        assert!(Address::new(&bucket, &"x".repeat(70_000), &[], "us-west-2", None).is_err());
    }
}
