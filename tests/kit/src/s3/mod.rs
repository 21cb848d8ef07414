//! A server with the rules of S3 that AWS documents: SSE-C, checksums, signatures, regions, uploads
//! in one request and in parts. It fails by script.

mod checksums;
mod http;
mod reply;
mod rules;
mod script;
mod sha256;
mod signature;
#[cfg(test)]
mod tests;
mod uploads;

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

pub use http::S3Request;
pub use rules::sse_c_headers;
pub use script::S3Fault;

/// The credentials that the server accepts.
pub const S3_ACCESS_KEY: &str = "AKIDEXAMPLE";
/// The secret that belongs to them.
pub const S3_SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A server on a free port of 127.0.0.1, with buckets made on demand. It ends with this value.
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    ended: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// By bucket and key.
    objects: HashMap<String, Object>,
    /// Uploads in parts that were neither completed nor aborted, by their ids.
    uploads: HashMap<String, uploads::Upload>,
    uploads_begun: usize,
    /// The least size of a part that is not the last.
    least_part: usize,
    /// Uploads with SSE-C are refused, as by new buckets.
    refuses_sse_c: bool,
    /// What the next requests for an object meet.
    scripts: HashMap<String, VecDeque<S3Fault>>,
    requests: Vec<S3Request>,
    /// The region of all buckets; empty takes any.
    region: String,
    /// Requests at work, and the most there were at a time.
    active: usize,
    most_active: usize,
}

impl Default for State {
    fn default() -> Self {
        Self {
            objects: HashMap::new(),
            uploads: HashMap::new(),
            uploads_begun: 0,
            least_part: uploads::LEAST_PART,
            refuses_sse_c: false,
            scripts: HashMap::new(),
            requests: Vec::new(),
            region: String::new(),
            active: 0,
            most_active: 0,
        }
    }
}

/// An object.
#[derive(Debug, Clone)]
struct Object {
    content: Arc<Vec<u8>>,
    /// The key of its encryption, in base64.
    sse_key: Option<String>,
}

/// The environment of a client of the server, or of the proxy before it, at `address`.
#[must_use]
pub fn s3_variables(address: SocketAddr) -> [(&'static str, String); 4] {
    [
        ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ("AWS_ACCESS_KEY_ID", S3_ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", S3_SECRET_KEY.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
}

impl S3Server {
    /// Starts a server.
    ///
    /// # Panics
    ///
    /// When no port is free or no thread can be started.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::<Shared>::default();
        let serving = Arc::clone(&shared);
        thread::Builder::new()
            .name("testkit-s3".into())
            .spawn(move || serve(&listener, &serving))
            .expect("a thread can be started");
        Self { address, shared }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, for `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stores `content` under `BUCKET/KEY`, encrypted with `sse_key` if there is one.
    pub fn put(&self, place: &str, content: impl Into<Vec<u8>>, sse_key: Option<&str>) {
        let object = Object { content: Arc::new(content.into()), sse_key: sse_key.map(rules::encode_key) };
        self.lock().objects.insert(place.to_owned(), object);
    }

    /// Removes the object.
    pub fn remove(&self, place: &str) {
        self.lock().objects.remove(place);
    }

    /// The content of `BUCKET/KEY`; `None` without such an object.
    #[must_use]
    pub fn content(&self, place: &str) -> Option<Vec<u8>> {
        self.lock().objects.get(place).map(|object| object.content.to_vec())
    }

    /// `BUCKET/KEY` of all objects, in order.
    #[must_use]
    pub fn places(&self) -> Vec<String> {
        let mut places: Vec<_> = self.lock().objects.keys().cloned().collect();
        places.sort_unstable();
        places
    }

    /// `BUCKET/KEY` of all uploads in parts that were neither completed nor aborted.
    #[must_use]
    pub fn open_uploads(&self) -> Vec<String> {
        self.lock().uploads.values().map(|upload| upload.place.clone()).collect()
    }

    /// From now on parts of uploads may have so many bytes, instead of the 5 MiB of S3.
    pub fn set_least_part(&self, bytes: usize) {
        self.lock().least_part = bytes;
    }

    /// From now on uploads with SSE-C are refused, as by AWS's new buckets.
    pub fn refuse_sse_c(&self) {
        self.lock().refuses_sse_c = true;
    }

    /// What the next requests for `BUCKET/KEY` meet, one after the other. Later ones are answered
    /// as usual.
    pub fn script(&self, place: &str, faults: impl IntoIterator<Item = S3Fault>) {
        self.lock().scripts.insert(place.to_owned(), faults.into_iter().collect());
    }

    /// From now on all buckets are in `region`, and requests that are signed for another one are
    /// refused.
    pub fn set_region(&self, region: &str) {
        region.clone_into(&mut self.lock().region);
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<S3Request> {
        self.lock().requests.clone()
    }

    /// The most requests that were at work at a time.
    #[must_use]
    pub fn most_active(&self) -> usize {
        self.lock().most_active
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // The listener waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

/// Each connection has a thread, which ends with the connection.
fn serve(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().flatten() {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            // A broken connection is the client's business.
            let _ = http::converse(stream, |request, stream| {
                {
                    let mut state = shared.lock();
                    state.active += 1;
                    state.most_active = state.most_active.max(state.active);
                }
                let answered = reply::answer(&shared, request, stream);
                shared.lock().active -= 1;
                answered
            });
        });
    }
}
