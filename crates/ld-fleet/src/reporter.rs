//! Keeps the report of this host in ZooKeeper, across sessions.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ld_config::Config;
use ld_zk::zookeeper::{self, Acls, CreateMode};
use ld_zk::{Backoff, Client};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{info, warn};

use crate::json::MAX_REPORT_BYTES;
use crate::problem::Problem;
use crate::readers::readers;
use crate::request::bounded;
use crate::secret::Secret;
use crate::{HOSTS, Report};

/// A lost session or connection is followed by another attempt in less than this at first, and a
/// name that another session has is asked for again.
const AGAIN_FIRST: Duration = Duration::from_secs(1);
/// The same at last.
const AGAIN_AT_MOST: Duration = Duration::from_secs(10);
/// What an administrator must change is tried again in less than this at first.
const REFUSED_FIRST: Duration = Duration::from_secs(20);
/// The same at last.
const REFUSED_AT_MOST: Duration = Duration::from_secs(300);

/// What a request has beside its data, such as its path: less than this.
const REQUEST_BYTES: usize = 16 << 10;

/// Keeps a [`Report`] in the ephemeral node of this host.
///
/// It uses the first session of its client, and never fails: what ZooKeeper refuses is logged once,
/// and tried again.
#[derive(Debug)]
pub struct Reporter {
    client: Client,
    directory: String,
    host: String,
    /// The node: the name of the host in the directory.
    path: String,
    interval: Duration,
    most_bytes: usize,
    /// Whether the session has users beside the one of this process.
    has_users: bool,
    secret: Secret,
    /// The session that knows the secret.
    introduced: Option<i64>,
    /// Since when another session has had the name.
    taken_since: Option<Instant>,
    /// What was logged last.
    complaint: Option<String>,
}

/// Why a node is not kept any more.
enum End {
    /// There will be no more reports.
    Finished,
    /// The session or the node is gone, or a request has failed.
    Lost,
}

impl Reporter {
    /// Reports as `host` in the ensemble of `client`, as `config` says.
    ///
    /// # Errors
    ///
    /// The system gives no random bytes.
    pub fn new(client: Client, config: &Config, host: &str) -> std::io::Result<Self> {
        let directory = config.publish.directory(HOSTS);
        let tls = config.zookeeper.tls.as_ref();
        Ok(Self {
            client,
            path: format!("{directory}/{host}"),
            directory,
            host: host.to_owned(),
            interval: config.fleet.report_interval,
            most_bytes: MAX_REPORT_BYTES.min(config.zookeeper.max_node_bytes.saturating_sub(REQUEST_BYTES)),
            has_users: !config.zookeeper.credentials.is_empty()
                || tls.is_some_and(|tls| tls.identity.is_some()),
            secret: Secret::random().map_err(std::io::Error::other)?,
            introduced: None,
            taken_since: None,
            complaint: None,
        })
    }

    /// Keeps the latest report, until its sender is dropped. `None` is no report yet.
    ///
    /// A new report is written at a random moment of the interval, and at most once an interval:
    /// thousands of hosts have news at the same moment.
    pub async fn run(mut self, mut reports: watch::Receiver<Option<Arc<Report>>>) {
        let mut again = Backoff::new(AGAIN_FIRST, AGAIN_AT_MOST);
        let mut refused = Backoff::new(REFUSED_FIRST, REFUSED_AT_MOST);
        while reports.wait_for(Option::is_some).await.is_ok() {
            let delay = match self.keep(&mut reports).await {
                Ok(End::Finished) => return,
                Ok(End::Lost) => {
                    again = Backoff::new(AGAIN_FIRST, AGAIN_AT_MOST);
                    refused = Backoff::new(REFUSED_FIRST, REFUSED_AT_MOST);
                    again.next_delay()
                }
                Err(problem) if problem.passes() => again.next_delay(),
                Err(problem) => {
                    self.complain(&problem);
                    refused.next_delay()
                }
            };
            sleep(delay).await;
        }
    }

    /// Creates the node, and keeps it for as long as the session lives.
    async fn keep(&mut self, reports: &mut watch::Receiver<Option<Arc<Report>>>) -> Result<End, Problem> {
        let Some(report) = reports.borrow_and_update().clone() else { return Ok(End::Lost) };
        let mut written = report.to_bytes_within(self.most_bytes);
        let (session, watcher) = self.create(&written).await?;
        let mut written_at = Instant::now();
        if self.complaint.take().is_some() {
            info!("fleet: this host reports as '{}' again", self.host);
        }
        let mut gone = pin!(watcher.changed());
        loop {
            tokio::select! {
                _ = &mut gone => return Ok(End::Lost),
                more = reports.changed() => if more.is_err() { return Ok(End::Finished) },
            }
            let soon = Instant::now() + self.interval.mul_f64(fastrand::f64());
            tokio::select! {
                _ = &mut gone => return Ok(End::Lost),
                () = sleep_until(soon.max(written_at + self.interval)) => {}
            }
            let Some(report) = reports.borrow_and_update().clone() else { continue };
            let bytes = report.to_bytes_within(self.most_bytes);
            if bytes != written {
                self.write(&bytes, session).await?;
                (written, written_at) = (bytes, Instant::now());
            }
        }
    }

    /// Creates the node, or takes over the one that this session has already. Gives the session,
    /// and a watcher that tells of the end of the node or of the session.
    async fn create(&mut self, report: &[u8]) -> Result<(i64, zookeeper::OneshotWatcher), Problem> {
        // No clone may be kept: it would keep the session open.
        let session = self.client.session().await?;
        let id = session.session_id().0;
        if self.introduced != Some(id) {
            self.request(session.auth("digest", self.secret.proof())).await?;
            self.introduced = Some(id);
        }
        match self.request(session.check_stat(&self.path)).await? {
            // The answer to an earlier attempt was lost.
            Some(stat) if stat.ephemeral_owner == id => {
                self.request(session.set_data(&self.path, report, None)).await?;
            }
            Some(_) => return Err(self.taken(session.session_timeout())),
            None => {
                let acl = readers(&session, &self.directory, self.has_users, self.secret.id()).await;
                let acl = acl.map_err(|error| Problem::of(error, &self.directory))?;
                let options = CreateMode::Ephemeral.with_acls(Acls::new(&acl));
                self.request(session.create(&self.path, report, &options)).await?;
            }
        }
        // A watch of children, which an ephemeral node cannot have, tells of the end of the node
        // and not of our own writes.
        let (_, watcher) = self.request(session.list_and_watch_children(&self.path)).await?;
        self.taken_since = None;
        Ok((id, watcher))
    }

    /// The answer to a request, or what stands in the way.
    async fn request<T>(
        &self,
        request: impl Future<Output = Result<T, zookeeper::Error>>,
    ) -> Result<T, Problem> {
        bounded(request).await.map_err(|error| Problem::of(error, &self.directory))
    }

    /// Another session has the name. After a crash of this watcher it is the former one, for as
    /// long as that has not expired.
    fn taken(&mut self, session_timeout: Duration) -> Problem {
        let since = *self.taken_since.get_or_insert_with(Instant::now);
        Problem::Taken { host: self.host.clone(), is_alive: since.elapsed() > 2 * session_timeout }
    }

    /// Logs a problem, once until it is another one or over.
    fn complain(&mut self, problem: &Problem) {
        let problem = problem.to_string();
        if self.complaint.as_ref() != Some(&problem) {
            warn!("fleet: this host does not report: {problem}");
            self.complaint = Some(problem);
        }
    }

    async fn write(&self, report: &[u8], session: i64) -> Result<(), Problem> {
        let client = self.client.session().await?;
        if client.session_id().0 != session {
            return Err(Problem::Lost);
        }
        match bounded(client.set_data(&self.path, report, None)).await {
            Ok(_) => Ok(()),
            // It was removed, and is created again.
            Err(zookeeper::Error::NoNode) => Err(Problem::Lost),
            Err(error) => Err(Problem::of(error, &self.directory)),
        }
    }
}
