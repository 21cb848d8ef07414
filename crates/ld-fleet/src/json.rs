//! A report as JSON, which other versions and other hosts read.

use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use crate::{ContentHash, MAX_REASON_BYTES, NodeReport, NodeState, Report};

/// The most bytes of a report: 900 KiB, below the default limit of ZooKeeper's nodes. A report that
/// is larger is not read, and nodes that have no room are left out of one.
pub const MAX_REPORT_BYTES: usize = 900 << 10;

/// The format of reports that this version writes. It reads this one and lower ones.
const FORMAT: u64 = 1;

/// The longest host name, as in the DNS.
const MAX_HOST_BYTES: usize = 253;

/// The longest version of a watcher that is read.
const MAX_VERSION_BYTES: usize = 64;

/// The longest word for a state that is read.
const MAX_STATE_BYTES: usize = 32;

/// Why bytes are no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidReport {
    /// It has too many bytes.
    #[error("it has {0} bytes; a report has at most {MAX_REPORT_BYTES}")]
    TooLarge(usize),
    /// It is not the JSON of a report.
    #[error("it is not a report: {}", without_quotes(.0))]
    Form(#[from] serde_json::Error),
    /// A later version wrote it.
    #[error("it has format {0}, which this version does not know: update this program")]
    Format(u64),
    /// It names another host than the node that holds it.
    #[error("it names another host")]
    OtherHost,
    /// A field is longer than any watcher writes it.
    #[error("its field '{0}' is too long")]
    TooLong(&'static str),
    /// A hash is none.
    #[error("it has a hash that is none")]
    Hash,
}

/// The whole object.
#[derive(Serialize, Deserialize)]
struct Json<'a> {
    format: u64,
    #[serde(borrow)]
    host: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    started: u64,
    #[serde(default)]
    omitted: u64,
    #[serde(borrow)]
    nodes: Vec<Node<'a>>,
}

/// The format alone: what another one has beside it is not known.
#[derive(Deserialize)]
struct Format {
    format: u64,
}

/// Path, mzxid, hash, state, since, why it is not good, and whether it takes part in rollouts. An
/// array has less bytes than an object, and a host may have many nodes.
#[derive(Serialize, Deserialize)]
struct Node<'a>(
    #[serde(borrow)] Text<'a>,
    Option<i64>,
    #[serde(borrow)] Option<Text<'a>>,
    #[serde(borrow)] Text<'a>,
    u64,
    #[serde(borrow)] Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")] Option<TakesPart<'a>>,
);

/// Whether a host takes part in rollouts of a node; missing if its configuration does not say so.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum TakesPart<'a> {
    Answer(bool),
    /// It does not, although its configuration says so: why.
    No(#[serde(borrow)] Text<'a>),
}

/// A string that is borrowed where it has no escapes.
type Text<'a> = std::borrow::Cow<'a, str>;

impl Report {
    /// The report as it is stored, at most [`MAX_REPORT_BYTES`]: nodes that are not good come
    /// first, then those with rollouts. Those without room are counted in
    /// [`omitted`](Self::omitted).
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_bytes_within(MAX_REPORT_BYTES)
    }

    /// The same within another limit.
    pub(crate) fn to_bytes_within(&self, most: usize) -> Vec<u8> {
        let mut json = Json {
            format: FORMAT,
            host: self.host.as_str().into(),
            version: self.version.as_str().into(),
            started: self.started,
            omitted: u64::MAX,
            nodes: Vec::new(),
        };
        let mut room = most.saturating_sub(size_of_json(&json));
        let mut nodes: Vec<_> = self.nodes.iter().collect();
        nodes.sort_by_key(|node| (node.state.is_good(), !node.rollout));
        for node in nodes {
            let node = Node::of(node);
            // One byte is the comma.
            let Some(left) = room.checked_sub(size_of_json(&node) + 1) else { break };
            room = left;
            json.nodes.push(node);
        }
        let omitted = (self.nodes.len() - json.nodes.len()) as u64;
        json.omitted = self.omitted.saturating_add(omitted);
        serde_json::to_vec(&json).unwrap_or_default()
    }

    /// Reads the report of `host`, which is the name of the node that holds it.
    ///
    /// # Errors
    ///
    /// Why these bytes are no report of that host, without showing any of them.
    pub fn parse(host: &str, bytes: &[u8]) -> Result<Self, InvalidReport> {
        if bytes.len() > MAX_REPORT_BYTES {
            return Err(InvalidReport::TooLarge(bytes.len()));
        }
        let Format { format } = serde_json::from_slice(bytes)?;
        if format > FORMAT {
            return Err(InvalidReport::Format(format));
        }
        let json: Json<'_> = serde_json::from_slice(bytes)?;
        if json.host != host {
            return Err(InvalidReport::OtherHost);
        }
        bounded("host", &json.host, MAX_HOST_BYTES)?;
        bounded("version", &json.version, MAX_VERSION_BYTES)?;
        let nodes = json.nodes.into_iter().map(Node::read).collect::<Result<_, _>>()?;
        let (host, version) = (json.host.into_owned(), json.version.into_owned());
        Ok(Self { host, version, started: json.started, nodes, omitted: json.omitted })
    }
}

impl<'a> Node<'a> {
    fn of(node: &'a NodeReport) -> Self {
        Self(
            node.path.as_str().into(),
            node.mzxid,
            node.hash.map(|hash| hash.to_string().into()),
            node.state.as_str().into(),
            node.since,
            node.reason.as_deref().map(Text::from),
            match &node.no_rollout {
                Some(why) => Some(TakesPart::No(why.as_str().into())),
                None => node.rollout.then_some(TakesPart::Answer(true)),
            },
        )
    }

    fn read(self) -> Result<NodeReport, InvalidReport> {
        let Self(path, mzxid, hash, state, since, reason, takes_part) = self;
        bounded("path", &path, ld_config::MAX_ZNODE_PATH_BYTES)?;
        bounded("state", &state, MAX_STATE_BYTES)?;
        if let Some(reason) = &reason {
            bounded("reason", reason, MAX_REASON_BYTES)?;
        }
        let hash: Option<ContentHash> =
            hash.map(|hash| hash.parse().map_err(|_| InvalidReport::Hash)).transpose()?;
        let state = NodeState::from_word(&state);
        let (rollout, no_rollout) = match takes_part {
            None => (false, None),
            Some(TakesPart::Answer(answer)) => (answer, None),
            Some(TakesPart::No(why)) => (false, Some(why.into_owned())),
        };
        if let Some(why) = &no_rollout {
            bounded("rollout", why, MAX_REASON_BYTES)?;
        }
        let (path, reason) = (path.into_owned(), reason.map(Text::into_owned));
        Ok(NodeReport { path, mzxid, hash, state, since, reason, rollout, no_rollout })
    }
}

fn bounded(field: &'static str, text: &str, limit: usize) -> Result<(), InvalidReport> {
    if text.len() > limit { Err(InvalidReport::TooLong(field)) } else { Ok(()) }
}

/// What is wrong and where. serde_json's own message quotes texts of the report, of any length.
fn without_quotes(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        Category::Data => "a field is missing or has another type",
        Category::Eof => "it ends too early",
        Category::Syntax | Category::Io => "it is not JSON",
    };
    format!("{what}, at line {} column {}", error.line(), error.column())
}

/// How many bytes the value has as JSON.
fn size_of_json(value: &impl Serialize) -> usize {
    struct Counted(usize);
    impl std::io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counted = Counted(0);
    // These values have no maps with keys that are no strings, so this cannot fail.
    let _ = serde_json::to_writer(&mut counted, value);
    counted.0
}

#[cfg(test)]
mod tests;
