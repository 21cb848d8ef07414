//! Requests for one bucket: addresses, signatures, the region, expired credentials.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use ld_sync::Sink;
use tracing::warn;

use crate::address::{Address, Endpoint, bare_host, is_label};
use crate::checksum::Checksums;
use crate::credentials::Credentials;
use crate::download::{Limit, stream};
use crate::environment::AwsEnvironment;
use crate::failure::Failure;
use crate::place::Place;
use crate::pointer::Pointer;
use crate::reply::{self, Refusal};
use crate::request;
use crate::transport::{Reply, RequestBody, Roots, Transport};

/// A client of S3, with all that the environment says.
#[derive(Debug)]
pub(crate) struct Client {
    endpoint: Option<Endpoint>,
    pub(crate) default_region: String,
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
        if !is_label(&default_region) {
            return Err("AWS_DEFAULT_REGION, AWS_REGION or the profile has no name of a region".to_owned());
        }
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
        let reply = self.find(pointer, prefix, Method::GET).await?;
        let length = reply::check(&reply.head, pointer.sse_key.as_ref())?;
        let checksums = Checksums::new(&reply.head.headers, pointer.sha256);
        stream(reply, length, limit, checksums, sink).await
    }

    /// The size of the object below the prefix of a shard.
    pub(crate) async fn size(&self, pointer: &Pointer, prefix: &str) -> Result<u64, Failure> {
        let reply = self.find(pointer, prefix, Method::HEAD).await?;
        let length = reply::check(&reply.head, pointer.sse_key.as_ref())?;
        length.ok_or_else(|| Failure::lasting("the reply does not say how large the object is"))
    }

    /// A reply about the object of a pointer.
    async fn find(&self, pointer: &Pointer, prefix: &str, method: Method) -> Result<Reply, Failure> {
        let key = format!("{prefix}{}", pointer.key);
        let version = pointer.version_id.as_deref().map(|version| ("versionId", version));
        let place = pointer.about(&key, version.as_slice());
        let mut region = pointer.region.clone().unwrap_or_else(|| self.default_region.clone());
        let make = |address: &Address| {
            Ok((request::read(method.clone(), address, pointer.sse_key.as_ref())?, RequestBody::empty()))
        };
        self.exchange(place, &mut region, &[StatusCode::OK], make).await
    }

    /// Sends the request that `make` makes, until it has a reply with a status that is `expected`.
    /// A bucket in another region is asked there, once, and expired credentials are looked for
    /// again, once. `region` becomes the one of the bucket.
    pub(crate) async fn exchange(
        &self,
        place: Place<'_>,
        region: &mut String,
        expected: &[StatusCode],
        make: impl Fn(&Address) -> Result<(Parts, RequestBody), String>,
    ) -> Result<Reply, Failure> {
        let (mut may_move, mut may_renew) = (true, true);
        loop {
            let address = self.address(place, region)?;
            let (mut head, body) = make(&address).map_err(Failure::lasting)?;
            if place.is_encrypted {
                self.warn_of_plain_http(&address);
            }
            self.sign(place, &mut head, &address.region).await?;
            let reply = self.transport.send(head, body).await.map_err(Failure::transient)?;
            if expected.contains(&reply.head.status) {
                return Ok(reply);
            }
            match reply::refusal(reply, &address.region).await {
                Refusal::InRegion(other) if may_move => {
                    may_move = false;
                    *region = other;
                }
                Refusal::InRegion(_) => {
                    return Err(Failure::lasting("two answers name different regions of the bucket"));
                }
                Refusal::Elsewhere(failure) => {
                    let other = if may_move { self.region_of(place, region).await } else { None };
                    *region = other.filter(|other| other != region).ok_or(failure)?;
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
    pub(crate) async fn region_of(&self, place: Place<'_>, region: &str) -> Option<String> {
        let place = Place { key: "", query: &[], ..place };
        let address = self.address(place, region).ok()?;
        let mut head = request::head_bucket(&address).ok()?;
        self.sign(place, &mut head, &address.region).await.ok()?;
        let reply = self.transport.send(head, RequestBody::empty()).await.ok()?;
        reply::bucket_region(&reply.head)
    }

    fn address(&self, place: Place<'_>, region: &str) -> Result<Address, Failure> {
        let address = Address::new(place.bucket, place.key, place.query, region, self.endpoint.as_ref());
        address.map_err(Failure::lasting)
    }

    async fn sign(&self, place: Place<'_>, head: &mut Parts, region: &str) -> Result<(), Failure> {
        if place.is_anonymous {
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
