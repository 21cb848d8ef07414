//! One object from one place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::StatusCode;
use ld_sync::Sink;
use tracing::warn;

use crate::address::{Address, Endpoint, bare_host};
use crate::checksum::Checksums;
use crate::credentials::Credentials;
use crate::download::{Limit, stream};
use crate::environment::AwsEnvironment;
use crate::failure::Failure;
use crate::pointer::Pointer;
use crate::reply::{self, Refusal};
use crate::request;
use crate::transport::{Reply, Roots, Transport};

/// A client of S3, with all that the environment says.
#[derive(Debug)]
pub(crate) struct Client {
    endpoint: Option<Endpoint>,
    default_region: String,
    transport: Arc<Transport>,
    credentials: Credentials,
    /// The warning of a key over plain HTTP was logged.
    has_warned: AtomicBool,
}

impl Client {
    pub(crate) async fn new(environment: &AwsEnvironment) -> Result<Self, String> {
        let endpoint = environment.endpoint()?;
        let roots = Roots::new(environment.ca_bundle());
        let transport = Arc::new(Transport::new(environment.proxies(), roots));
        let credentials = Credentials::new(environment, &transport);
        let default_region = environment.default_region().await;
        Ok(Self { endpoint, default_region, transport, credentials, has_warned: AtomicBool::new(false) })
    }

    /// Loads the object below the prefix of a shard into the sink.
    pub(crate) async fn load(
        &self,
        pointer: &Pointer,
        prefix: &str,
        limit: Limit,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let key = format!("{prefix}{}", pointer.key);
        let reply = self.find(pointer, &key).await?;
        let length = reply::check(&reply.head, pointer.sse_key.as_ref())?;
        let checksums = Checksums::new(&reply.head.headers, pointer.sha256);
        stream(reply, length, limit, checksums, sink).await
    }

    /// A reply that brings the object. A bucket in another region is asked there, once, and expired
    /// credentials are looked for again, once.
    async fn find(&self, pointer: &Pointer, key: &str) -> Result<Reply, Failure> {
        let mut region = pointer.region.clone().unwrap_or_else(|| self.default_region.clone());
        let (mut may_move, mut may_renew) = (true, true);
        loop {
            let address = self.address(pointer, key, &region)?;
            let mut head = request::get(&address, pointer.sse_key.as_ref()).map_err(Failure::lasting)?;
            if pointer.sse_key.is_some() {
                self.warn_of_plain_http(&address);
            }
            self.sign(pointer, &mut head, &address.region).await?;
            let reply = self.transport.send(head, Default::default()).await.map_err(Failure::transient)?;
            if reply.head.status == StatusCode::OK {
                return Ok(reply);
            }
            match reply::refusal(reply, &address.region).await {
                Refusal::InRegion(other) if may_move => {
                    may_move = false;
                    region = other;
                }
                Refusal::InRegion(other) => {
                    return Err(Failure::lasting(format!(
                        "the bucket is in region '{other}' by one answer, and not by another"
                    )));
                }
                Refusal::Elsewhere(failure) => {
                    let other = if may_move { self.region_of(pointer, &region).await } else { None };
                    region = other.filter(|other| *other != region).ok_or(failure)?;
                    may_move = false;
                }
                Refusal::Credentials(failure) => {
                    self.credentials.forget();
                    if !may_renew {
                        return Err(failure);
                    }
                    may_renew = false;
                }
                Refusal::Failed(failure) => return Err(failure),
            }
        }
    }

    /// The region of a bucket, as the bucket itself says.
    async fn region_of(&self, pointer: &Pointer, region: &str) -> Option<String> {
        let address = self.address(pointer, "", region).ok()?;
        let mut head = request::head(&address).ok()?;
        self.sign(pointer, &mut head, &address.region).await.ok()?;
        let reply = self.transport.send(head, Default::default()).await.ok()?;
        reply::bucket_region(&reply.head)
    }

    fn address(&self, pointer: &Pointer, key: &str, region: &str) -> Result<Address, Failure> {
        let version = pointer.version_id.as_deref().filter(|_| !key.is_empty());
        let address = Address::new(&pointer.bucket, key, version, region, self.endpoint.as_ref());
        address.map_err(Failure::lasting)
    }

    async fn sign(
        &self,
        pointer: &Pointer,
        head: &mut hyper::http::request::Parts,
        region: &str,
    ) -> Result<(), Failure> {
        if pointer.is_anonymous {
            return Ok(());
        }
        self.credentials.sign(head, region).await.map_err(Failure::lasting)
    }

    fn warn_of_plain_http(&self, address: &Address) {
        let host = bare_host(address.uri.host().unwrap_or_default());
        let is_loopback =
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let is_plain = address.uri.scheme_str() == Some("http") && !is_loopback;
        if is_plain && !self.has_warned.swap(true, Ordering::Relaxed) {
            warn!("the keys of encrypted objects go to {host} over plain HTTP: use an endpoint with https");
        }
    }
}
