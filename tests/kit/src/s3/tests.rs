//! The server's signatures are those that were captured of the original.

use super::http::S3Request;
use super::signature::Authorization;
use super::{S3_ACCESS_KEY, S3_SECRET_KEY};

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SSE_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn request(host: &str, date: &str, token: Option<&str>) -> S3Request {
    let mut headers = vec![
        ("host", host),
        ("x-amz-checksum-mode", "ENABLED"),
        ("x-amz-content-sha256", EMPTY),
        ("x-amz-date", date),
    ];
    headers.extend(token.map(|token| ("x-amz-security-token", token)));
    headers.extend([
        ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
        ("x-amz-server-side-encryption-customer-key", SSE_KEY),
        ("x-amz-server-side-encryption-customer-key-md5", "hRasmdxgYDKV3nvbahU1MA=="),
    ]);
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    S3Request { method: "GET".into(), target: "/bkt/exp/config.json".into(), headers, body: Vec::new() }
}

#[test]
fn signatures_are_those_of_the_original() {
    for (access, secret, token, host, date, signature) in [
        (
            S3_ACCESS_KEY,
            S3_SECRET_KEY,
            None,
            "127.0.0.1:45529",
            "20261128T222743Z",
            "7828bc6e07f8f61eaedb529c36e8c0b715c64fce9a4fb57595ee352d1368cc7a",
        ),
        (
            "ASIAX",
            "S",
            Some("TOK"),
            "127.0.0.1:45489",
            "20261128T223316Z",
            "dcc3b508febff5e95fed6185faca8e4c3ed78fd160cfe2b6c8026a05da8d04ce",
        ),
    ] {
        let request = request(host, date, token);
        let names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        let authorization = Authorization {
            access_key: access.to_owned(),
            region: "us-east-1".to_owned(),
            signed_headers: names.join(";"),
            signature: signature.to_owned(),
        };
        assert_eq!(authorization.expected(&request, secret), signature);
    }
}
