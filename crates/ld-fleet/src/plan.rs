//! The plan of a staged rollout: which hosts have the candidate now, and how the share grows.

use std::time::Duration;

use ld_config::escape_hidden;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{MAX_HOSTS, Share};

/// A plan has at most so many bytes.
pub const MAX_PLAN_BYTES: usize = 16 << 10;

/// The version of the format that this version writes, and the highest that it reads.
const FORMAT: u32 = 1;
/// A plan has at most so many steps.
const MAX_STEPS: usize = 100;
/// Each step may be watched for this long at most.
const MAX_SOAK: Duration = Duration::from_secs(30 * 24 * 3_600);
/// The longest author of a publication: 200 bytes.
pub const MAX_AUTHOR_BYTES: usize = 200;
/// The longest message of a publication: 1,000 bytes.
pub const MAX_MESSAGE_BYTES: usize = 1_000;

/// The plan of a staged rollout, which lies in ZooKeeper as long as the rollout lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RolloutPlan {
    format: u32,
    /// Tells this rollout from every other one: random, lower-case hex.
    pub id: String,
    /// The node that is to get the candidate, below the chroot.
    pub path: String,
    /// The SHA-256 of the candidate in lower-case hex: no other content is applied.
    pub candidate_sha256: String,
    /// The share of the hosts that have the candidate now.
    pub share: Share,
    /// How many hosts that take part the share had when it was given, by their reports. A tool that
    /// finds fewer of them knows that some are gone, though not which.
    #[serde(default)]
    pub hosts: usize,
    /// Whether the share may grow.
    pub state: RolloutState,
    /// The shares one after the other, each larger than the one before.
    pub steps: Vec<Share>,
    /// How long each step is watched before the next one, in seconds.
    pub soak_seconds: u64,
    /// The part of the hosts with the candidate that may fail.
    pub max_bad: Share,
    /// Whether a program must agree to each step.
    #[serde(default)]
    pub check: bool,
    /// The transaction that had last changed the node when the rollout started.
    pub stable_mzxid: i64,
    /// The user and the host that started it.
    pub author: String,
    /// When it started: RFC 3339 in UTC.
    pub started: String,
    /// What the history says of the promotion; it may be empty.
    #[serde(default)]
    pub message: String,
}

/// Whether the share of a rollout may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RolloutState {
    /// It grows while the reports are good.
    Running,
    /// It stays as it is.
    Paused,
}

/// How the share of a rollout grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutPace {
    /// The shares one after the other.
    pub steps: Vec<Share>,
    /// How long each step is watched.
    pub soak: Duration,
    /// The part of the hosts with the candidate that may fail.
    pub max_bad: Share,
    /// Whether a program must agree to each step.
    pub check: bool,
}

impl RolloutPace {
    /// Checks that a plan can have it, before anything else is done for a rollout.
    ///
    /// # Errors
    ///
    /// [`InvalidPlan::Content`] says what cannot be used.
    pub fn validate(&self) -> Result<(), InvalidPlan> {
        wrong_pace(&self.steps, self.soak).map_or(Ok(()), |wrong| Err(content(wrong.to_owned())))
    }
}

/// What is wrong with these steps, or with the time that each is watched.
fn wrong_pace(steps: &[Share], soak: Duration) -> Option<&'static str> {
    let grow = steps.windows(2).all(|pair| pair[0] < pair[1]);
    if steps.is_empty() || steps.len() > MAX_STEPS {
        Some("it does not have 1 to 100 steps")
    } else if !grow || steps[0] == Share::NONE {
        Some("each step must be more than 0% and more than the one before")
    } else if soak > MAX_SOAK {
        Some("the soak is longer than 30 days")
    } else {
        None
    }
}

/// Why bytes are no plan, or a plan cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPlan {
    /// A newer version of the tools wrote it.
    #[error("the plan has format {format}, and this version reads {FORMAT} at most: update live data")]
    Format {
        /// The format that it has.
        format: u32,
    },
    /// It is not what a tool writes.
    #[error("the plan cannot be used: {0}")]
    Content(String),
}

impl RolloutPlan {
    /// A plan of a rollout of `candidate` that begins with the first step of `pace`.
    ///
    /// # Errors
    ///
    /// [`InvalidPlan::Content`] says what cannot be used.
    pub fn new(
        id: String,
        path: &str,
        candidate: &[u8],
        pace: RolloutPace,
        stable_mzxid: i64,
        (author, started): (String, String),
    ) -> Result<Self, InvalidPlan> {
        let plan = Self {
            format: FORMAT,
            id,
            path: path.to_owned(),
            candidate_sha256: sha256_hex(candidate),
            share: pace.steps.first().copied().unwrap_or(Share::NONE),
            hosts: 0,
            state: RolloutState::Running,
            steps: pace.steps,
            soak_seconds: pace.soak.as_secs(),
            max_bad: pace.max_bad,
            check: pace.check,
            stable_mzxid,
            author,
            started,
            message: String::new(),
        };
        plan.validate(path)?;
        Ok(plan)
    }

    /// Reads the plan of a rollout of the node at `path`. What is written there by other means is
    /// refused, not repaired. Unknown fields are ignored.
    ///
    /// # Errors
    ///
    /// See [`InvalidPlan`].
    pub fn parse(bytes: &[u8], path: &str) -> Result<Self, InvalidPlan> {
        if bytes.len() > MAX_PLAN_BYTES {
            return Err(content(format!("it has more than {MAX_PLAN_BYTES} bytes")));
        }
        // The format comes first: the fields of a later one may have another meaning.
        let unreadable = |error: serde_json::Error| content(escape_hidden(&error.to_string()).into_owned());
        let Format { format } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if format > FORMAT {
            return Err(InvalidPlan::Format { format });
        }
        let plan: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        plan.validate(path)?;
        Ok(plan)
    }

    /// The plan as it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("a plan has only texts and numbers")
    }

    /// Whether `host` has the candidate now.
    pub fn includes(&self, host: &str) -> bool {
        self.share.has(&self.id, host)
    }

    /// Whether this content is the candidate.
    pub fn is_candidate(&self, content: &[u8]) -> bool {
        self.candidate_sha256 == sha256_hex(content)
    }

    /// How long each step is watched.
    pub fn soak(&self) -> Duration {
        Duration::from_secs(self.soak_seconds)
    }

    /// The share after the present one; `None` after the last.
    pub fn next_share(&self) -> Option<Share> {
        self.steps.iter().copied().find(|step| *step > self.share)
    }

    fn validate(&self, path: &str) -> Result<(), InvalidPlan> {
        let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if self.path != path {
            return Err(content(format!("it is for '{}'", escape_hidden(&self.path))));
        }
        let wrong = if self.format == 0 {
            "format 0 does not exist"
        } else if !(16..=64).contains(&self.id.len()) || !is_hex(&self.id) {
            "its id is not 16 to 64 hexadecimal digits"
        } else if self.candidate_sha256.len() != 64 || !is_hex(&self.candidate_sha256) {
            "its candidate_sha256 is no SHA-256"
        } else if let Some(wrong) = wrong_pace(&self.steps, self.soak()) {
            wrong
        } else if self.hosts > MAX_HOSTS {
            "it has more than 50,000 hosts"
        } else if self.author.len().max(self.started.len()) > MAX_AUTHOR_BYTES {
            "its author or its time of start is longer than 200 bytes"
        } else if self.message.len() > MAX_MESSAGE_BYTES {
            "its message is longer than 1,000 bytes"
        } else {
            return Ok(());
        };
        Err(content(wrong.to_owned()))
    }
}

/// All that is read of a plan before its format is known.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

fn content(why: String) -> InvalidPlan {
    InvalidPlan::Content(why)
}

fn sha256_hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
