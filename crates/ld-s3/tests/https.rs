//! TLS, and proxies on the way to it.

use std::fs;
use std::net::SocketAddr;

use ld_s3::ld_sync::Again;
use ld_testkit::{Authority, S3Server};
use tempfile::TempDir;

use crate::rig::{Rig, SSE_KEY, pointer};
use crate::tls_server;
use crate::tunnel::Tunnel;

/// A server's name that only a proxy can reach.
const NAME: &str = "s3.test";

/// A rig that trusts an authority, which certifies its server.
struct Secure {
    rig: Rig,
    directory: TempDir,
    address: SocketAddr,
}

async fn secure(names: &[&str]) -> Secure {
    let (rig, authority) = (Rig::new(), Authority::new());
    rig.server.put("bkt/k", "x", Some(SSE_KEY));
    let address = tls_server::start(&authority.issue(names), rig.server.address()).await;
    let directory = tempfile::tempdir().unwrap();
    let bundle = directory.path().join("ca.pem");
    fs::write(&bundle, authority.pem()).unwrap();
    let rig = rig.var("AWS_CA_BUNDLE", bundle.to_str().unwrap());
    let rig = rig.var("AWS_ENDPOINT_URL", &format!("https://localhost:{}", address.port()));
    Secure { rig, directory, address }
}

#[tokio::test]
async fn a_server_is_trusted_by_the_bundle_of_authorities() {
    let Secure { rig, directory, .. } = secure(&["localhost"]).await;
    assert_eq!(rig.load(&pointer("k", "")).await.unwrap(), b"x");
    fs::write(directory.path().join("ca.pem"), Authority::new().pem()).unwrap();
    let error = rig.load(&pointer("k", "")).await.unwrap_err();
    assert!(error.to_string().contains("TLS: invalid peer certificate"), "{error}");
    assert_eq!(error.again, Again::Soon);
    fs::write(directory.path().join("ca.pem"), "nothing").unwrap();
    let error = rig.load(&pointer("k", "")).await.unwrap_err();
    assert!(error.to_string().contains("no certificate authorities are found in AWS_CA_BUNDLE"), "{error}");
}

#[tokio::test]
async fn a_certificate_of_another_server_is_refused() {
    let Secure { rig, directory: _directory, .. } = secure(&["other.example"]).await;
    let error = rig.load(&pointer("k", "")).await.unwrap_err();
    assert!(error.to_string().contains("not valid for name \"localhost\""), "{error}");
    assert_eq!(rig.server.requests().len(), 0);
}

#[tokio::test]
async fn new_authorities_are_read_after_a_failure() {
    let Secure { rig, directory, .. } = secure(&["localhost"]).await;
    let bundle = directory.path().join("ca.pem");
    let right = fs::read(&bundle).unwrap();
    fs::write(&bundle, Authority::new().pem()).unwrap();
    let loader = rig.loader();
    assert!(rig.load_by(&loader, &pointer("k", "")).await.is_err());
    fs::write(&bundle, right).unwrap();
    assert_eq!(rig.load_by(&loader, &pointer("k", "")).await.unwrap(), b"x");
}

#[tokio::test]
async fn tls_goes_through_a_proxy_that_only_connects() {
    let Secure { rig, address, directory: _directory } = secure(&[NAME]).await;
    let tunnel = Tunnel::start(address, None).await;
    let rig = rig.var("AWS_ENDPOINT_URL", &format!("https://{NAME}"));
    let rig = rig.var("HTTPS_PROXY", &format!("http://{}", tunnel.address));
    assert_eq!(rig.load(&pointer("k", "")).await.unwrap(), b"x");
    let heads = tunnel.heads();
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with("connect s3.test:443 http/1.1\r\n"), "{heads:?}");
    assert!(!heads[0].contains("authorization") && !heads[0].contains("x-amz"), "{heads:?}");
    let requests = rig.server.requests();
    assert_eq!((requests[0].target.as_str(), requests[0].header("host")), ("/bkt/k", Some(NAME)));
}

#[tokio::test]
async fn a_proxy_is_given_its_credentials_alone() {
    let Secure { rig, address, directory: _directory } = secure(&[NAME]).await;
    // user:p@ss
    let tunnel = Tunnel::start(address, Some("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n")).await;
    let rig = rig.var("AWS_ENDPOINT_URL", &format!("https://{NAME}"));
    let rig = rig.var("HTTPS_PROXY", &format!("http://user:p%40ss@{}", tunnel.address));
    assert_eq!(rig.load(&pointer("k", "")).await.unwrap(), b"x");
    assert_eq!(rig.server.requests()[0].header("proxy-authorization"), None);
    let rig = rig.var("HTTPS_PROXY", &format!("http://user:hush@{}", tunnel.address));
    let error = rig.load(&pointer("k", "")).await.unwrap_err();
    assert!(error.to_string().contains("the proxy answers 407"), "{error}");
    assert!(!error.to_string().contains("hush"), "{error}");
    assert_eq!(rig.server.requests().len(), 1);
}

#[tokio::test]
async fn a_proxy_of_plain_http_is_given_its_credentials() {
    let proxy = S3Server::start();
    proxy.put("bkt/k", "x", Some(SSE_KEY));
    let rig = Rig::new().var("AWS_ENDPOINT_URL", &format!("http://{NAME}"));
    let rig = rig.var("HTTP_PROXY", &proxy.url().replace("http://", "http://user:p%40ss@"));
    assert_eq!(rig.load(&pointer("k", "")).await.unwrap(), b"x");
    assert_eq!(proxy.requests()[0].header("proxy-authorization"), Some("Basic dXNlcjpwQHNz"));
}
