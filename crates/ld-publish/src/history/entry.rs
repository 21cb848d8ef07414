//! One entry of a history: its name, and what its node holds.
//!
//! Any client with the permission may write below the history, so nothing of it is trusted.

use ld_zk::zookeeper::Stat;
use serde::{Deserialize, Serialize};

use super::{MAX_GROUP, Note};
use crate::Plan;

/// The format that this version writes. It reads this one and lower ones.
const FORMAT: u64 = 1;

/// A larger entry is not read: 100 paths have room.
pub(super) const MAX_ENTRY_BYTES: usize = 256 << 10;

const PREFIX: &str = "entry-";
const SHA256_DIGITS: usize = 64;
const NUMBER_DIGITS: usize = 10;

/// The name of an entry: the SHA-256 of its content, and the number that ZooKeeper gives it. So
/// pruning reads no entries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) number: u32,
    pub(super) sha256: String,
}

impl Name {
    /// What an entry is created with; ZooKeeper appends the number.
    pub(super) fn prefix(sha256: &str) -> String {
        format!("{PREFIX}{sha256}-")
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        let (sha256, number) = name.strip_prefix(PREFIX)?.split_once('-')?;
        let is_number = number.len() == NUMBER_DIGITS && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| is_number)?;
        is_sha256(sha256).then(|| Self { number, sha256: sha256.to_owned() })
    }

    /// The node's name.
    pub(super) fn text(&self) -> String {
        format!("{}{:010}", Self::prefix(&self.sha256), self.number)
    }
}

pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == SHA256_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The object that an entry's node holds.
#[derive(Debug, Serialize, Deserialize)]
struct Json {
    format: u64,
    /// The node's version with this content.
    version: i32,
    /// The zxid at which the node was created: versions count from there. Without it this is the
    /// transaction of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<i64>,
    bytes: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    author: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    message: String,
    /// All paths of the transaction, if there is more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    group: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unrecorded: Option<Unrecorded>,
}

/// Of content that another tool wrote.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Unrecorded {
    mzxid: i64,
    mtime: i64,
}

impl Json {
    fn new(version: i32, created: Option<i64>, content: &[u8], note: Note) -> Self {
        let (bytes, Note { author, message }) = (content.len() as u64, note);
        Self { format: FORMAT, version, created, bytes, author, message, group: Vec::new(), unrecorded: None }
    }
}

/// The entry of a publication, as bytes.
pub(super) fn of_publication(plan: &Plan, note: &Note, group: &[String]) -> Vec<u8> {
    let Stat { version, czxid, .. } = plan.present.stat;
    let json = Json::new(version.wrapping_add(1), Some(czxid), &plan.new, note.clone());
    to_bytes(&Json { group: group.to_vec(), ..json })
}

/// The entry of a node that is made together with it, as bytes.
pub(super) fn of_creation(content: &[u8], note: &Note) -> Vec<u8> {
    to_bytes(&Json::new(0, None, content, note.clone()))
}

/// The entry of what another tool wrote, as bytes.
pub(super) fn of_unrecorded(plan: &Plan) -> Vec<u8> {
    let Stat { version, czxid, mzxid, mtime, .. } = plan.present.stat;
    let none = Note { author: String::new(), message: String::new() };
    let json = Json::new(version, Some(czxid), plan.old_content(), none);
    to_bytes(&Json { unrecorded: Some(Unrecorded { mzxid, mtime }), ..json })
}

fn to_bytes(json: &Json) -> Vec<u8> {
    // A structure of numbers and strings always has a text.
    serde_json::to_vec(json).unwrap_or_default()
}

/// One publication of a node, as its history has it. All texts may hold hidden characters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogEntry {
    /// Its number. They grow, with gaps.
    pub number: u32,
    /// The transaction that wrote the node.
    pub zxid: i64,
    /// When that was, in milliseconds since 1970, by the server's clock.
    pub time: i64,
    /// The SHA-256 of the content, in hexadecimal.
    pub sha256: String,
    /// The node's version with this content.
    pub version: i32,
    /// The zxid at which the node was created: versions count from there.
    pub created: i64,
    /// The size of the content.
    pub bytes: u64,
    /// The author of the publication.
    pub author: String,
    /// The message of the publication.
    pub message: String,
    /// The paths that the transaction has written, if they are more than one.
    pub group: Vec<String>,
    /// False for content that another tool wrote, and that the publication after it has kept.
    pub is_recorded: bool,
    /// Why the entry cannot be read. What it says is zero or empty then.
    pub problem: Option<String>,
}

impl LogEntry {
    /// The entry with this name, of whatever was read.
    pub(super) fn of(name: Name, stat: &Stat, read: Result<&[u8], String>) -> Self {
        let Name { number, sha256 } = name;
        let mut entry = Self {
            number,
            zxid: stat.czxid,
            time: stat.ctime,
            sha256,
            version: 0,
            created: 0,
            bytes: 0,
            author: String::new(),
            message: String::new(),
            group: Vec::new(),
            is_recorded: false,
            problem: None,
        };
        match read.and_then(|data| parse(data, stat)) {
            Ok(json) => entry.fill(json),
            Err(problem) => entry.problem = Some(problem),
        }
        entry
    }

    /// Whether it is of what a node with this stat holds. Both were written in one transaction.
    pub(super) fn is_of(&self, target: &Stat) -> bool {
        self.problem.is_none() && self.zxid == target.mzxid
    }

    fn fill(&mut self, json: Json) {
        (self.version, self.bytes) = (json.version, json.bytes);
        self.created = json.created.unwrap_or(self.zxid);
        (self.author, self.message, self.group) = (json.author, json.message, json.group);
        self.is_recorded = json.unrecorded.is_none();
        if let Some(unrecorded) = json.unrecorded {
            (self.zxid, self.time) = (unrecorded.mzxid, unrecorded.mtime);
        }
    }
}

fn parse(data: &[u8], stat: &Stat) -> Result<Json, String> {
    let json: Json = serde_json::from_slice(data).map_err(|cause| format!("it is no entry: {cause}"))?;
    match () {
        () if json.format > FORMAT => Err(format!(
            "it has format {}, which this version does not know: update this program",
            json.format
        )),
        () if json.group.len() > MAX_GROUP => Err(format!("it names {} nodes", json.group.len())),
        // The entry of what was there before is made by the publication after it.
        () if json.unrecorded.is_some_and(|it| it.mzxid >= stat.czxid) => {
            Err("it claims to be of later than it was made".to_owned())
        }
        () if stat.version != 0 => Err("it was changed after its publication".to_owned()),
        () => Ok(json),
    }
}

#[cfg(test)]
mod tests;
