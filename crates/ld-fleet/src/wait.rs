//! Waiting until a share of a fleet has given content.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use ld_config::PublishConfig;
use ld_zk::{Client, zookeeper};
use tokio::time::{Instant, sleep};

use crate::read;
use crate::{NodeReport, ReadError, Share, Standing, Wanted};

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
    NoHosts,
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

/// What is known of the node and of the hosts.
#[derive(Debug)]
struct Look {
    /// The content, with the version of the node that was seen to hold it.
    wanted: Wanted,
    have: HashSet<String>,
    others: HashMap<String, Laggard>,
    /// Hosts that do not name the node: they are not asked again.
    without: HashSet<String>,
    /// How many reports cannot be read, and why one of them cannot.
    unreadable: Option<(usize, ReadError)>,
    overtaken: bool,
}

/// No node has this version.
const NO_VERSION: i64 = -1;

impl Look {
    fn of(content: &[u8]) -> Self {
        Self {
            wanted: Wanted::content(NO_VERSION, content),
            have: HashSet::new(),
            others: HashMap::new(),
            without: HashSet::new(),
            unreadable: None,
            overtaken: false,
        }
    }

    /// Asks the hosts again that did not have it. After an error not all of them were asked.
    async fn again(
        &mut self,
        client: &Client,
        publish: &PublishConfig,
        goal: &Goal<'_>,
    ) -> Result<(), ReadError> {
        let session = client.session().await?;
        self.overtaken = !self.node_holds(&session, goal).await?;
        let names = read::names(client, publish).await?.names;
        let present: HashSet<&String> = names.iter().collect();
        self.have.retain(|host| present.contains(host));
        self.others.retain(|host, _| present.contains(host));
        let is_open = |name: &String| !self.have.contains(name) && !self.without.contains(name);
        let open: Vec<_> = names.iter().filter(|name| is_open(name)).cloned().collect();
        let mut unreadable = None;
        let mut reports = pin!(read::reports(&session, publish, open));
        while let Some((host, report)) = reports.next().await {
            match report {
                Ok(report) => self.note(host, report.nodes_at(goal.path)),
                Err(error) if error.passes() => return Err(error),
                // Whether it has the node is not known, so that it does not count.
                Err(cause) => {
                    self.others.remove(&host);
                    unreadable = Some(match unreadable {
                        Some((reports, cause)) => (reports + 1, cause),
                        None => (1, cause),
                    });
                }
            }
        }
        self.unreadable = unreadable;
        Ok(())
    }

    /// Whether the node holds the content. It may have been written again, with another version.
    async fn node_holds(&mut self, session: &zookeeper::Client, goal: &Goal<'_>) -> Result<bool, ReadError> {
        let Some(stat) = read::stat(session, goal.path).await? else { return Ok(false) };
        if self.wanted.mzxid == Some(stat.mzxid) {
            return Ok(true);
        }
        // Content of any other length is not read.
        if usize::try_from(stat.data_length) != Ok(goal.content.len()) {
            return Ok(false);
        }
        let Some((content, stat)) = read::content(session, goal.path).await? else { return Ok(false) };
        if content != goal.content {
            return Ok(false);
        }
        self.wanted.mzxid = Some(stat.mzxid);
        Ok(true)
    }

    fn note<'a>(&mut self, host: String, nodes: impl Iterator<Item = &'a NodeReport>) {
        let wanted = self.wanted;
        let worst = nodes.map(|node| (wanted.standing(node), node)).max_by_key(|(standing, _)| *standing);
        let Some((standing, node)) = worst else {
            self.without.insert(host);
            return;
        };
        self.others.remove(&host);
        if standing == Standing::Good {
            self.have.insert(host);
            return;
        }
        let state = node.state.as_str();
        let why = match &node.reason {
            Some(reason) => format!("{state}: {reason}"),
            None if node.state.is_good() => "has another version".to_owned(),
            None => state.to_owned(),
        };
        self.others.insert(host.clone(), Laggard { host, standing, why });
    }

    /// How the wait ends; `None` if it goes on.
    fn decide(&mut self, progress: &Progress, goal: &Goal<'_>) -> Option<Waited> {
        match progress {
            Progress { hosts: 0, .. } => Some(match self.unreadable.take() {
                Some((reports, cause)) => Waited::Unreadable { reports, cause },
                None => Waited::NoHosts,
            }),
            Progress { have, hosts, .. } if goal.share.is_reached(*have, *hosts) => {
                Some(Waited::Reached(progress.clone()))
            }
            _ if self.overtaken => Some(Waited::Overtaken(progress.clone())),
            _ => None,
        }
    }

    fn progress(&self) -> Progress {
        let mut laggards: Vec<_> = self.others.values().cloned().collect();
        laggards.sort_unstable_by(|a, b| b.standing.cmp(&a.standing).then_with(|| a.host.cmp(&b.host)));
        let unreadable = self.unreadable.as_ref().map_or(0, |(reports, _)| *reports);
        Progress { hosts: self.have.len() + laggards.len(), have: self.have.len(), laggards, unreadable }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NodeState;

    #[test]
    fn a_host_has_it_when_all_its_nodes_at_the_path_have() {
        let node = |mzxid, state| {
            let mut node = NodeReport::new("/a", state, 0);
            node.mzxid = Some(mzxid);
            node
        };
        let mut look = Look::of(b"new");
        look.wanted.mzxid = Some(7);
        let new = node(7, NodeState::Current);
        look.note("both".to_owned(), [&new, &new].into_iter());
        look.note("one".to_owned(), [&new, &node(6, NodeState::Current)].into_iter());
        let rejected = node(6, NodeState::Rejected).because("not JSON");
        look.note("bad".to_owned(), [&rejected].into_iter());
        look.note("none".to_owned(), [].into_iter());
        let Progress { hosts, have, laggards, .. } = look.progress();
        assert_eq!((hosts, have), (3, 1));
        let laggards: Vec<_> = laggards.iter().map(|l| (l.host.as_str(), l.why.as_str())).collect();
        assert_eq!(laggards, [("bad", "rejected: not JSON"), ("one", "has another version")]);
    }
}
