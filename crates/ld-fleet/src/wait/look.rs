//! One look after the other at the hosts that do not have the content yet.

use std::collections::{HashMap, HashSet};
use std::pin::pin;

use futures_util::StreamExt;
use ld_config::PublishConfig;
use ld_zk::{Client, zookeeper};

use super::{Goal, Laggard, Progress, Waited};
use crate::read;
use crate::{NodeReport, ReadError, Standing, Wanted};

/// What is known of the node and of the hosts.
#[derive(Debug)]
pub(super) struct Look {
    /// The content, with the version of the node that was seen to hold it.
    wanted: Wanted,
    have: HashSet<String>,
    others: HashMap<String, Laggard>,
    /// Hosts that do not name the node: they are not asked again.
    without: HashSet<String>,
    /// How many reports cannot be read, and why one of them cannot.
    unreadable: Option<(usize, ReadError)>,
    /// How many reports had no room for all nodes, and do not name this one.
    cut_off: usize,
    overtaken: bool,
}

/// No node has this version.
const NO_VERSION: i64 = -1;

impl Look {
    pub(super) fn of(content: &[u8]) -> Self {
        Self {
            wanted: Wanted::content(NO_VERSION, content),
            have: HashSet::new(),
            others: HashMap::new(),
            without: HashSet::new(),
            unreadable: None,
            cut_off: 0,
            overtaken: false,
        }
    }

    /// Asks the hosts again that did not have it. After an error not all of them were asked.
    pub(super) async fn again(
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
        let (mut unreadable, mut cut_off) = (None, 0);
        let mut reports = pin!(read::reports(&session, publish, open));
        while let Some((host, report)) = reports.next().await {
            match report {
                // Whether the host has the node is not known, so that it does not count.
                Ok((report, _)) if report.omitted > 0 && report.nodes_at(goal.path).next().is_none() => {
                    self.others.remove(&host);
                    cut_off += 1;
                }
                Ok((report, _)) => self.note(host, report.nodes_at(goal.path)),
                Err(error) if error.passes() => return Err(error),
                Err(cause) => {
                    self.others.remove(&host);
                    unreadable = Some(match unreadable {
                        Some((reports, cause)) => (reports + 1, cause),
                        None => (1, cause),
                    });
                }
            }
        }
        (self.unreadable, self.cut_off) = (unreadable, cut_off);
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
        self.others.remove(&host);
        let Some((standing, node)) = worst else {
            self.without.insert(host);
            return;
        };
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
    pub(super) fn decide(&mut self, progress: &Progress, goal: &Goal<'_>) -> Option<Waited> {
        if progress.hosts == 0 {
            return Some(match self.unreadable.take() {
                Some((reports, cause)) => Waited::Unreadable { reports, cause },
                None => Waited::NoHosts { cut_off: self.cut_off },
            });
        }
        if goal.share.is_reached(progress.have, progress.hosts) {
            return Some(Waited::Reached(progress.clone()));
        }
        self.overtaken.then(|| Waited::Overtaken(progress.clone()))
    }

    pub(super) fn progress(&self) -> Progress {
        let mut laggards: Vec<_> = self.others.values().cloned().collect();
        laggards.sort_unstable_by(|a, b| b.standing.cmp(&a.standing).then_with(|| a.host.cmp(&b.host)));
        let unreadable = self.unreadable.as_ref().map_or(0, |(reports, _)| *reports);
        let (have, cut_off) = (self.have.len(), self.cut_off);
        Progress { hosts: have + laggards.len(), have, laggards, unreadable, cut_off }
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
