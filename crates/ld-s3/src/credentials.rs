//! Credentials by AWS's default chain, and signatures with them.

mod chain;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::http::{Request, Response};
use ld_blocking::{BoundedCalls, Spawner};
use ld_config::read_bounded_regular_file;
use reqsign_aws_v4::{Credential, RequestSigner};
use reqsign_core::{Context, Env, Error, FileRead, HttpSend, Signer};
use tokio::time::timeout;

use self::chain::Chain;
use crate::address::Endpoint;
use crate::environment::{AwsEnvironment, MAX_FILE_BYTES};
use crate::transport::{READ_LIMIT, RequestBody, Transport};

/// How long all sources together may take.
const CHAIN_LIMIT: Duration = Duration::from_secs(20);

/// How long one request to such a source may take. Where there is no instance metadata, its address
/// is silent.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// The largest reply of a source.
const MAX_REPLY: usize = 1 << 20;

/// Signs requests with the credentials of the environment. They are looked for when they are first
/// needed, and again before they expire.
#[derive(Debug)]
pub(crate) struct Credentials {
    context: Context,
    signer: Mutex<Signer<Credential>>,
}

impl Credentials {
    pub(crate) fn new(environment: &AwsEnvironment, transport: &Arc<Transport>) -> Self {
        let reads = BoundedCalls::new("reading AWS credentials", Spawner::Threads, 2);
        let context = Context::new()
            .with_env(Variables(environment.clone()))
            .with_file_read(Files(reads))
            .with_http_send(Requests { transport: Arc::clone(transport), sts: environment.sts_endpoint() });
        let signer = Mutex::new(new_signer(context.clone()));
        Self { context, signer }
    }

    /// Signs a request for a region.
    ///
    /// # Errors
    ///
    /// There are no credentials, or their source does not answer.
    pub(crate) async fn sign(&self, head: &mut Parts, region: &str) -> Result<(), String> {
        let signer = self.signer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // The credentials are shared by all regions.
        let signer = signer.with_request_signer(RequestSigner::new("s3", region));
        match timeout(CHAIN_LIMIT, signer.sign(head, None)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!(
                "no usable AWS credentials ({error}): set them in the environment, in a profile, or give the host a role"
            )),
            Err(_) => Err("the sources of AWS credentials do not answer".to_owned()),
        }
    }

    /// Looks for credentials again before the next request.
    pub(crate) fn forget(&self) {
        *self.signer.lock().unwrap_or_else(PoisonError::into_inner) = new_signer(self.context.clone());
    }
}

fn new_signer(context: Context) -> Signer<Credential> {
    Signer::new(context, Chain::new(), RequestSigner::new("s3", ""))
}

#[derive(Debug)]
struct Variables(AwsEnvironment);

impl Env for Variables {
    fn var(&self, key: &str) -> Option<String> {
        self.0.var(key)
    }

    fn vars(&self) -> HashMap<String, String> {
        self.0.vars()
    }

    fn home_dir(&self) -> Option<PathBuf> {
        self.0.home()
    }
}

#[derive(Debug)]
struct Files(BoundedCalls);

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> Result<Vec<u8>, Error> {
        let path = path.to_owned();
        let read = move || read_bounded_regular_file(Path::new(&path), MAX_FILE_BYTES);
        let read =
            self.0.run(READ_LIMIT, read).await.map_err(|error| Error::unexpected(error.to_string()))?;
        let file = read.map_err(|error| Error::config_invalid(error.to_string()))?;
        Ok(file.content.to_vec())
    }
}

#[derive(Debug)]
struct Requests {
    transport: Arc<Transport>,
    /// What is asked instead of AWS's own STS.
    sts: Result<Option<Endpoint>, String>,
}

impl Requests {
    /// Leads a request for STS to the endpoint that the environment names.
    fn redirect(&self, head: &mut Parts) -> Result<(), String> {
        if head.uri.host().is_some_and(|host| host.starts_with("sts."))
            && let Some(endpoint) = self.sts.clone()?
        {
            head.uri = endpoint.in_place_of(&head.uri)?;
        }
        Ok(())
    }
}

impl HttpSend for Requests {
    async fn http_send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let exchange = async {
            let (mut head, body) = request.into_parts();
            self.redirect(&mut head)?;
            crate::request::complete(&mut head, body.len() as u64)?;
            let reply = self.transport.send(head, RequestBody::whole(body)).await?;
            let body =
                Limited::new(reply.body, MAX_REPLY).collect().await.map_err(|error| error.to_string())?;
            Ok::<_, String>(Response::from_parts(reply.head, body.to_bytes()))
        };
        let answered = timeout(REQUEST_LIMIT, exchange).await;
        answered.unwrap_or_else(|_| Err("no answer".to_owned())).map_err(Error::unexpected)
    }
}
