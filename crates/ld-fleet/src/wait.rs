//! Waiting until a share of a fleet has given content.

mod look;

use std::time::Duration;

use ld_config::PublishConfig;
use ld_zk::Client;
use tokio::time::{Instant, sleep};

use crate::{ReadError, Share, Standing};
use look::Look;

/// The pause between two looks at the fleet. A look that takes longer is followed by a pause as
/// long as itself.
const PAUSE: Duration = Duration::from_millis(500);

/// What is waited for. `Debug` shows the content.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Goal<'a> {
    /// The path of the node, as reports name it.
    pub path: &'a str,
    /// What the node was given, and hosts are meant to have.
    pub content: &'a [u8],
    /// The share of hosts that must have it.
    pub share: Share,
}

impl<'a> Goal<'a> {
    /// `share` of the hosts that name `path` have this `content`.
    pub fn new(path: &'a str, content: &'a [u8], share: Share) -> Self {
        Self { path, content, share }
    }
}

/// How far a fleet came.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Progress {
    /// How many hosts report the node.
    pub hosts: usize,
    /// How many of them have it.
    pub have: usize,
    /// The others by name: how each stands, and why.
    pub laggards: Vec<Laggard>,
    /// How many reports cannot be read. Their hosts do not count.
    pub unreadable: usize,
    /// How many reports do not name the node, and had no room for all nodes. Their hosts do not
    /// count.
    pub cut_off: usize,
}

/// A host that does not have it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Laggard {
    /// The name of the host.
    pub host: String,
    /// How it stands.
    pub standing: Standing,
    /// Its state, and why it is not good.
    pub why: String,
}

/// How a wait ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Waited {
    /// The share was reached.
    Reached(Progress),
    /// It was not, within the limit.
    Late(Progress),
    /// The node holds other content, so that no host will have what was waited for.
    Overtaken(Progress),
    /// No host reports the node.
    NoHosts {
        /// How many may have it, but had no room for all nodes in their reports.
        cut_off: usize,
    },
    /// No report that can be read names the node, and some cannot be read.
    Unreadable {
        /// How many.
        reports: usize,
        /// Why one of them cannot be read.
        cause: ReadError,
    },
}

/// Waits until the share of hosts has what is wanted, at most `limit`. Hosts that do not report the
/// node do not count. `show` is told how many have it, of how many.
///
/// While the connection is lost nothing is decided: what was known of the hosts stays, and another
/// attempt follows.
///
/// # Errors
///
/// The directory of the reports does not exist or may not be read, or no attempt succeeded within
/// the limit.
pub async fn wait_for(
    client: &Client,
    publish: &PublishConfig,
    goal: &Goal<'_>,
    limit: Duration,
    mut show: impl FnMut(usize, usize),
) -> Result<Waited, ReadError> {
    let end = Instant::now() + limit;
    let mut look = Look::of(goal.content);
    // That of the last complete look.
    let mut progress = None;
    loop {
        let began = Instant::now();
        let seen = look.again(client, publish, goal).await;
        let pause = PAUSE.max(began.elapsed());
        let is_late = Instant::now() + pause > end;
        match seen {
            Ok(()) => {
                let seen = progress.insert(look.progress());
                show(seen.have, seen.hosts);
                if let Some(waited) = look.decide(seen, goal) {
                    return Ok(waited);
                }
            }
            Err(error) if !error.passes() || is_late && progress.is_none() => return Err(error),
            Err(_) => {}
        }
        if is_late {
            return Ok(Waited::Late(progress.unwrap_or_default()));
        }
        sleep(pause).await;
    }
}
