//! What must hold for everything that live data reads from others: each target is a property of
//! arbitrary bytes.
//!
//! The fuzzer and `tests/seeds.rs` run the same functions. A property that does not hold panics.

mod diff;
mod expected_pointer;
mod guards;
mod ini;
mod limit;
mod panics;
mod plan;
mod pointer;
mod report;
mod script;
mod secrets;
mod session;
mod signature;
mod terminal;

/// How large [`Target::fuzz`] makes the few inputs that it grows, in bytes: the most that a node
/// may have by ZooKeeper's default.
const GROWN_BYTES: usize = 1 << 20;

/// One input in so many is grown: it costs thousands of times as much as another.
const GROWN_ONE_IN: u64 = 4_096;

/// A property, and how to make a large input of a small one.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name for `cargo fuzz run`, and of its directory below `seeds`.
    pub name: &'static str,
    /// Panics if the property does not hold for these bytes.
    pub check: fn(&[u8]),
    /// The input, repeated up to so many bytes: what is quadratic shows in a large one only.
    pub grow: fn(&[u8], usize) -> Vec<u8>,
}

/// The configuration file.
pub const INI: Target = Target { name: "ini", check: ini::check, grow: repeat };
/// The secrets store, of both providers.
pub const SECRETS: Target = Target { name: "secrets", check: secrets::check, grow: repeat };
/// The guards that need no program: all formats.
pub const GUARDS: Target = Target { name: "guards", check: guards::check, grow: repeat };
/// The difference that the writer shows.
pub const DIFF: Target = Target { name: "diff", check: diff::check, grow: diff::grow };
/// Our side of a conversation with a server that may answer anything.
pub const SESSION: Target = Target { name: "session", check: session::check, grow: repeat };
/// A pointer to S3, and what a server answers for its object.
pub const POINTER: Target = Target { name: "pointer", check: pointer::check, grow: repeat };
/// Public keys, a signature, and the content that it may be of.
pub const SIGNATURE: Target = Target { name: "signature", check: signature::check, grow: repeat };
/// What a host reports of its nodes.
pub const REPORT: Target = Target { name: "report", check: report::check, grow: repeat };
/// The plan of a staged rollout.
pub const PLAN: Target = Target { name: "plan", check: plan::check, grow: repeat };

/// All of them.
pub const TARGETS: [Target; 9] = [INI, SECRETS, GUARDS, DIFF, SESSION, POINTER, SIGNATURE, REPORT, PLAN];

impl Target {
    /// Checks the input, and once in a while a large one made of it.
    pub fn fuzz(&self, data: &[u8]) {
        (self.check)(data);
        if hash(data).is_multiple_of(GROWN_ONE_IN) {
            (self.check)(&(self.grow)(data, GROWN_BYTES));
        }
    }
}

fn repeat(data: &[u8], bytes: usize) -> Vec<u8> {
    data.repeat(bytes.checked_div(data.len()).unwrap_or_default())
}

/// FNV-1a: the choice must depend on the input alone, so that a finding reproduces.
fn hash(data: &[u8]) -> u64 {
    data.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
