//! The engine's memory of one node: the home of everything that [`Status`] shows.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;
use std::time::{Duration, Instant, SystemTime};

use crate::compact::{Bytes, Moment};
use crate::file::{Left, Target};
use crate::settings::Settings;
use crate::status::{State, Status};
use crate::woken::Bell;
use ld_config::NodeConfig;
use ld_zk::SessionKey;

/// What no name may hold that becomes part of a path.
const NUL: char = '\0';

/// The same complaint about the same node is logged this often at most.
const REPEAT_COMPLAINT: Duration = Duration::from_secs(60);

/// One configured node. Shared by its task, the file pool and the audits.
pub(crate) struct Node {
    /// The name, NUL and the source: one text takes less memory than two.
    names: Box<str>,
    pub(crate) target: Target,
    /// The file as it was left. Locked for the length of one file operation by blocking threads, and by whoever runs a worker of the
    /// pool where that waits for no device.
    pub(crate) left: Mutex<Option<Left>>,
    /// Rung when its follower may have something to do.
    pub(crate) bell: Bell,
    record: Mutex<Record>,
}

struct Record {
    state: State,
    since: Moment,
    /// An audit found that the file is not as it was left, and nobody has heard of it yet.
    drifted: bool,
    /// The first outcome is known.
    settled: bool,
    /// The file was last seen in a file system in memory.
    in_memory: bool,
    /// The session that last showed the content which the file holds; `None` while a change may be pending.
    current: Option<SessionKey>,
    /// What the file holds, as far as this process knows.
    applied: Option<Applied>,
    applied_at: Option<Moment>,
    /// Boxed, since most nodes have none.
    trouble: Option<Box<Trouble>>,
}

/// A version of the node's content.
#[derive(Clone, Copy)]
struct Applied {
    mzxid: i64,
    bytes: Bytes,
}

/// Why a node does not stand well.
#[derive(Default)]
struct Trouble {
    error: Box<str>,
    /// None while a change only waits for its turn.
    attempts: u32,
    complained_at: Option<Instant>,
}

/// What a finished apply leaves in the record.
pub(crate) struct Landed {
    pub(crate) session: SessionKey,
    pub(crate) mzxid: i64,
    pub(crate) bytes: u64,
    pub(crate) replaced: bool,
}

impl Node {
    /// Takes over nothing of the configuration, which leaves the memory in one piece when it goes.
    pub(crate) fn new(config: &NodeConfig, settings: Arc<Settings>, bell: Bell) -> Self {
        Self {
            names: format!("{}{NUL}{}", config.name.replace(NUL, ""), config.source).into(),
            target: Target { path: config.dest.as_path().into(), settings },
            left: Mutex::new(None),
            bell,
            record: Mutex::new(Record {
                state: State::Waiting,
                since: Moment::now(),
                drifted: false,
                settled: false,
                in_memory: false,
                current: None,
                applied: None,
                applied_at: None,
                trouble: None,
            }),
        }
    }

    fn with<T>(&self, f: impl FnOnce(&mut Record) -> T) -> T {
        f(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Which one of the engine's nodes it is.
    pub(crate) fn number(&self) -> u32 {
        self.bell.number()
    }

    /// What it is called in the configuration.
    pub(crate) fn name(&self) -> &str {
        self.names.split_once(NUL).map_or("", |(name, _)| name)
    }

    /// The path of the znode.
    pub(crate) fn source(&self) -> &str {
        self.names.split_once(NUL).map_or("", |(_, source)| source)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.target.settings
    }

    /// Whether the file was last seen in a file system in memory.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.with(|record| record.in_memory)
    }

    pub(crate) fn set_in_memory(&self, in_memory: bool) {
        self.with(|record| record.in_memory = in_memory);
    }

    /// The file is not as it was left, or may be right again: the node is to be read.
    pub(crate) fn set_drifted(&self) {
        self.with(|record| record.drifted = true);
        self.bell.ring();
    }

    /// Whether that was said since this was asked last.
    pub(crate) fn is_drifted(&self) -> bool {
        self.with(|record| std::mem::take(&mut record.drifted))
    }

    /// Its first outcome is known. Returns whether it was not yet.
    pub(crate) fn set_settled(&self) -> bool {
        self.with(|record| !std::mem::replace(&mut record.settled, true))
    }

    /// A change may be pending: no heartbeat until it is applied.
    pub(crate) fn set_pending(&self) {
        self.with(|record| record.current = None);
    }

    /// The session for which the file is current.
    pub(crate) fn current(&self) -> Option<SessionKey> {
        self.with(|record| record.current)
    }

    /// How it stands.
    pub(crate) fn state(&self) -> State {
        self.with(|record| record.state)
    }

    /// The transaction whose content the file holds, as far as this process knows.
    pub(crate) fn mzxid(&self) -> Option<i64> {
        self.with(|record| record.applied.map(|applied| applied.mzxid))
    }

    /// The file holds the node's content. Returns whether it stood badly before.
    pub(crate) fn set_current(&self, landed: &Landed) -> bool {
        self.with(|record| {
            record.current = Some(landed.session);
            record.applied = Some(Applied { mzxid: landed.mzxid, bytes: Bytes::new(landed.bytes) });
            if landed.replaced {
                record.applied_at = Some(Moment::now());
            }
            record.settle(State::Current)
        })
    }

    /// Neither node nor file exists. Returns whether it stood badly before.
    pub(crate) fn set_absent(&self, removed: bool) -> bool {
        self.with(|record| {
            record.current = None;
            record.applied = None;
            if removed {
                record.applied_at = Some(Moment::now());
            }
            record.settle(State::Absent)
        })
    }

    /// It does not stand well. Returns whether that is worth a log line now.
    pub(crate) fn set_bad(&self, state: State, error: &str) -> bool {
        self.with(|record| {
            record.current = None;
            record.complain(state, error)
        })
    }

    /// It stands well but for a change that waits.
    pub(crate) fn set_delayed(&self, why: &str) {
        self.with(|record| {
            record.current = None;
            record.enter(State::Delayed);
            record.trouble.get_or_insert_default().error = why.into();
        });
    }

    /// The file holds the node's content, but its heartbeat fails; the next may succeed. Returns whether that is worth a
    /// log line now. A node of which a change is pending says itself how it stands.
    pub(crate) fn set_untouched(&self, error: &str) -> bool {
        self.with(|record| record.current.is_some() && record.complain(State::Failing, error))
    }

    /// The file got its heartbeat. Returns whether it failed to before.
    pub(crate) fn set_touched(&self) -> bool {
        // What fails otherwise is not current.
        let is_untouched = |record: &Record| record.current.is_some() && record.state == State::Failing;
        self.with(|record| is_untouched(record) && record.settle(State::Current))
    }

    /// What the outside may know.
    pub(crate) fn status(&self) -> Status {
        self.with(|record| Status {
            name: self.name().to_owned(),
            source: self.source().to_owned(),
            dest: self.target.path.to_path_buf(),
            state: record.state,
            since: record.since.into(),
            mzxid: record.applied.map(|applied| applied.mzxid),
            bytes: record.applied.map(|applied| applied.bytes.get()),
            applied_at: record.applied_at.map(SystemTime::from),
            last_error: record.trouble.as_ref().map(|trouble| trouble.error.to_string()),
            attempts: record.trouble.as_ref().map_or(0, |trouble| trouble.attempts),
        })
    }
}

impl AsRef<str> for Node {
    /// What is watched.
    fn as_ref(&self) -> &str {
        self.source()
    }
}

impl Wake for Node {
    fn wake(self: Arc<Self>) {
        self.bell.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.bell.ring();
    }
}

impl Record {
    /// Returns whether it stood otherwise before.
    fn enter(&mut self, state: State) -> bool {
        let news = self.state != state;
        if news {
            self.state = state;
            self.since = Moment::now();
        }
        news
    }

    /// Returns whether the complaint is news, or old enough to be repeated.
    fn complain(&mut self, state: State, error: &str) -> bool {
        let entered = self.enter(state);
        let trouble = self.trouble.get_or_insert_default();
        trouble.attempts = trouble.attempts.saturating_add(1);
        let news = entered || *trouble.error != *error;
        if news {
            trouble.error = error.into();
        }
        let due = news || trouble.complained_at.is_none_or(|at| at.elapsed() >= REPEAT_COMPLAINT);
        if due {
            trouble.complained_at = Some(Instant::now());
        }
        due
    }

    fn settle(&mut self, state: State) -> bool {
        self.enter(state);
        // A change that waited its turn was no trouble.
        self.trouble.take().is_some_and(|trouble| trouble.attempts > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current() -> Node {
        let bell = Bell::new(&Arc::default(), 0);
        let config = NodeConfig::new("flags", "/flags", "/nowhere/flags");
        let settings = Settings::shared(&config, &mut None);
        let node = Node::new(&config, settings, bell);
        let session = SessionKey::unique();
        node.set_current(&Landed { session, mzxid: 1, bytes: 1, replaced: true });
        node
    }

    #[test]
    fn a_hundred_thousand_of_them_are_cheap() {
        assert!(size_of::<Node>() <= 184, "{}", size_of::<Node>());
    }

    #[test]
    fn a_failing_heartbeat_is_complained_of_once_a_minute_at_most_and_shown_until_it_succeeds() {
        let node = current();
        assert!(!node.set_touched());
        assert!(node.set_untouched("no heartbeat: it is read-only"));
        let since = node.status().since;
        for _ in 0..100 {
            assert!(!node.set_untouched("no heartbeat: it is read-only"));
        }
        let status = node.status();
        assert_eq!((status.state, status.since, status.attempts), (State::Failing, since, 101));
        assert_eq!(status.last_error.as_deref(), Some("no heartbeat: it is read-only"));
        assert!(node.current().is_some(), "the next heartbeat is tried");
        assert!(node.set_untouched("no heartbeat: another reason"), "another reason is news");

        assert!(node.set_touched());
        let status = node.status();
        assert_eq!((status.state, status.last_error, status.attempts), (State::Current, None, 0));
        assert!(!node.set_touched(), "said once");
    }

    #[test]
    fn a_failing_heartbeat_hides_no_other_trouble() {
        let node = current();
        node.set_bad(State::Rejected, "bad content");
        assert!(!node.set_untouched("no heartbeat: it is read-only"));
        assert!(!node.set_touched());
        assert_eq!(node.status().last_error.as_deref(), Some("bad content"));
        node.set_bad(State::Failing, "a failed write");
        assert!(!node.set_touched());
        assert_eq!(node.state(), State::Failing);
    }
}
