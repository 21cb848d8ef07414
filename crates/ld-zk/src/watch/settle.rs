//! What a finished attempt means for a node.

use super::request::Found;
use super::{Basis, NodeWatch};
use crate::Error;
use crate::nodes::{Seen, SetWatch, Version};
use crate::reading::{Absence, NodeStat, NodeState, Reading, SessionKey, Unreadable};
use crate::session::{EnsembleCheck, LiveSession};

impl NodeWatch {
    /// Takes over what an attempt found.
    pub(super) fn found(
        &mut self,
        found: Found,
        watch: SetWatch,
        live: &LiveSession,
        resumes: u32,
    ) -> Reading {
        self.basis = Basis::Session(live.key);
        let (state, version) = match found {
            Found::Present(data, stat) => {
                self.present_in = Some((live.key, resumes));
                let stat = NodeStat::from(&stat);
                (NodeState::Present { data, stat }, Version::Present { mzxid: stat.mzxid })
            }
            Found::TooLarge(bytes, stat) => {
                self.present_in = Some((live.key, resumes));
                (NodeState::TooLarge { bytes, limit: self.limit }, Version::Present { mzxid: stat.mzxid })
            }
            Found::Absent => {
                let absence = self.classify_absence(live, resumes);
                if !live.read_only && matches!(absence, Absence::Unconfirmed { .. }) {
                    self.basis = Basis::Unconfirmed(live.key);
                }
                (NodeState::Absent(absence), Version::Absent)
            }
        };
        self.node.saw(Some(Seen { session: live.key, version }));
        // The old watch goes only now: while two are set, dropping one costs no request.
        self.watch = Some(watch);
        self.poll = None;
        self.count_without_auth(false);
        self.stale = false;
        Reading { state, session: live.key, read_only: live.read_only }
    }

    /// How sure it is that the node, which an attempt did not find, is meant to be missing.
    fn classify_absence(&self, live: &LiveSession, resumes: u32) -> Absence {
        let context = self.context.borrow();
        // Otherwise the check was made in another session, or before a resume.
        let is_checked = context.session == Some(live.key) && live.resumes() == resumes;
        let check = if is_checked { &context.ensemble } else { &EnsembleCheck::Unknown };
        let was_seen = is_checked && self.present_in == Some((live.key, resumes));
        check.classify_absence(live.read_only, was_seen)
    }

    pub(super) fn unreadable(&mut self, why: Unreadable, live: &LiveSession) -> Reading {
        self.basis = Basis::Session(live.key);
        self.node.saw(None);
        self.watch = None;
        self.poll = Some(self.sessions.shared.polls.add(&self.node));
        self.count_without_auth(matches!(why, Unreadable::NoAuth));
        self.stale = false;
        Reading { state: NodeState::Unreadable(why), session: live.key, read_only: live.read_only }
    }

    pub(super) fn closed(&mut self) -> Reading {
        self.basis = Basis::Closed;
        self.node.saw(None);
        self.watch = None;
        self.poll = None;
        self.stale = false;
        let state = NodeState::Unreadable(Unreadable::Other(Error::Closed));
        Reading { state, session: SessionKey::unique(), read_only: false }
    }

    pub(super) fn count_without_auth(&mut self, without_auth: bool) {
        if std::mem::replace(&mut self.without_auth, without_auth) != without_auth {
            let change = if without_auth { 1 } else { -1 };
            self.sessions.shared.credentials.count_node_without_auth(change);
        }
    }
}
