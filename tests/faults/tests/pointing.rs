//! A watcher with a pointer to S3 beside its usual file, and a proxy before S3.

use std::cell::Cell;
use std::time::{Duration, Instant};

use ld_testkit::{Admin, Namespace, Proxy, S3Fault, S3Server, s3_variables, wait_until};

use crate::bounds::{AT_ONCE, LOADED_MACHINE, PATIENCE};
use crate::content::of_version;
use crate::observer::Observer;
use crate::rig::{NAME, NODE, Rig, host, report};

/// The next attempt after a failure that may pass at any moment, and the load itself.
pub(crate) const SOON: Duration = Duration::from_secs(3);
/// The next attempt after an answer that hardly changes.
pub(crate) const SLOWLY: Duration = Duration::from_secs(16);
/// The limit on the silence of a server, and the next attempt.
pub(crate) const SILENT: Duration = Duration::from_secs(15 + 3);
/// The window of the least rate, and the next attempt.
pub(crate) const SLOW: Duration = Duration::from_secs(30 + 3);

/// Words of an object: more bytes than the watcher writes at a time.
const OBJECT_WORDS: usize = 30_000;
const OBJECT: &str = "object";
const OBJECT_NODE: &str = "/object";
/// A key of SSE-C, 32 bytes. The kit looks for it in the output of the watcher.
const SSE_KEY: &str = "planted-0123456789abcdef01234567";

/// A running watcher. Its file `node` has a plain node, its file `object` a pointer.
#[derive(Debug)]
pub(crate) struct Pointing {
    object: Observer,
    /// The plain node, which must go on whatever happens to the object.
    rig: Rig,
    pub(crate) s3: S3Server,
    pub(crate) proxy: Proxy,
    admin: Admin,
    namespace: Namespace,
    version: Cell<u64>,
}

impl Pointing {
    /// Waits for the first version of both files.
    pub(crate) fn start() -> Self {
        let (namespace, s3) = (Namespace::new(), S3Server::start());
        let proxy = Proxy::start(s3.address());
        let admin = || Admin::new(namespace.server().address());
        s3.put(&place(1), of_version(1, OBJECT_WORDS), Some(SSE_KEY));
        admin().create_all(&namespace.path(OBJECT_NODE), pointer(1)).expect("the namespace is writable");
        let host = host(namespace.connect_string()).node(OBJECT, OBJECT_NODE);
        let variables = s3_variables(proxy.address()).into_iter();
        let command = variables.fold(host.watcher(), |command, (name, value)| command.env(name, value));
        let (file, object) = (host.file(NAME), host.file(OBJECT));
        let rig = Rig::launch(host, &command, |_| file, admin(), namespace.path(NODE)).settled();
        let object = Observer::start(&object, OBJECT_WORDS);
        let (admin, version) = (admin(), Cell::new(1));
        let pointing = Self { object, rig, s3, proxy, admin, namespace, version };
        pointing.converges("start", PATIENCE);
        pointing
    }

    /// Publishes the next version of the object. Loads of it meet these faults, in turn.
    pub(crate) fn publish(&self, faults: impl IntoIterator<Item = S3Fault>) {
        let version = self.version.get() + 1;
        self.version.set(version);
        self.s3.put(&place(version), of_version(version, OBJECT_WORDS), Some(SSE_KEY));
        self.s3.script(&place(version), faults);
        let path = self.namespace.path(OBJECT_NODE);
        self.admin.set(&path, pointer(version)).expect("the server runs");
        self.object.acknowledged(version);
    }

    /// The requests for the newest version of the object so far.
    pub(crate) fn requests(&self) -> usize {
        let path = format!("/{}", place(self.version.get()));
        self.s3.requests().iter().filter(|request| request.method == "GET" && request.path() == path).count()
    }

    /// Waits until the newest version was asked for so many times.
    #[track_caller]
    pub(crate) fn is_asked_for(&self, times: usize) {
        wait_until("a request for the object", PATIENCE, || self.requests() >= times);
    }

    /// Waits for a line of the watcher's log.
    #[track_caller]
    pub(crate) fn logs(&self, text: &str) {
        self.rig.watcher.wait_for_stderr(text, PATIENCE);
    }

    /// Shows that the other node follows its changes and has its heartbeat, while the object is not
    /// loaded.
    #[track_caller]
    pub(crate) fn others_go_on(&self, fault: &str) {
        self.rig.write();
        self.rig.converges(&format!("the other node, {fault}"), AT_ONCE);
        assert_ne!(self.object.version(), Some(self.version.get()), "loaded in spite of: {fault}");
    }

    /// Waits until the file has the newest version of the object, and a heartbeat.
    #[track_caller]
    pub(crate) fn converges(&self, fault: &str, bound: Duration) {
        let since = Instant::now();
        let limit = bound + LOADED_MACHINE;
        self.rig.watcher.wait_until(&format!("convergence after: {fault}"), limit, |_| {
            self.object.version() == Some(self.version.get())
        });
        report(fault, bound, since.elapsed());
        let before = self.object.mtime();
        wait_until("the next heartbeat", PATIENCE, || self.object.mtime() > before);
    }

    /// As [`Rig::finish`]: neither file was ever torn, older than before, or falsely touched.
    #[track_caller]
    pub(crate) fn finish(self) {
        self.object.finish();
        self.rig.finish();
    }
}

fn place(version: u64) -> String {
    format!("bkt/v{version}")
}

fn pointer(version: u64) -> String {
    format!(
        r#"{{"live_data_watcher_load_type": "S3", "bucket_name": "bkt", "file_key": "v{version}",
            "sse_key": "{SSE_KEY}", "region_name": "us-east-1"}}"#
    )
}
