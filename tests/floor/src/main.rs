//! `ld-floor SERVERS LIST`: the smallest loop that keeps files equal to nodes, for benchmarks.
//!
//! One task a node reads the node, writes a file beside the destination, and renames it. Each line
//! of LIST has the path of a node, a space, and a destination.
//!
//! The loop has no safety at all. It shows the cost of the ZooKeeper client and the file system
//! alone. What the watcher costs in addition is the price of its guarantees.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use ld_zk::zookeeper::{self, Client};
use tokio::task::JoinSet;

/// The session timeout of the other programs.
const SESSION_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of paths in one session. With more than 128 KiB the client cannot reconnect.
const SESSION_PATH_BYTES: usize = 96 << 10;

struct Node {
    source: String,
    destination: PathBuf,
    temporary: PathBuf,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [servers, list] = arguments.as_slice() else {
        eprintln!("usage: ld-floor SERVERS LIST");
        return ExitCode::from(2);
    };
    let list = fs::read_to_string(list).expect("the list can be read");
    let nodes = list.lines().map(|line| {
        let (source, destination) = line.split_once(' ').expect("a line is a path and a destination");
        let temporary = format!("{destination}.tmp").into();
        Arc::new(Node { source: source.to_owned(), destination: destination.into(), temporary })
    });
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be created");
    runtime.block_on(async {
        let mut sessions = JoinSet::new();
        for share in shares(nodes) {
            sessions.spawn(keep(servers.clone(), share));
        }
        sessions.join_all().await;
    });
    ExitCode::FAILURE
}

/// Distributes the nodes over sessions.
fn shares(nodes: impl Iterator<Item = Arc<Node>>) -> Vec<Vec<Arc<Node>>> {
    let mut shares = vec![Vec::new()];
    let mut used = 0;
    for node in nodes {
        used += node.source.len() + 8;
        if used > SESSION_PATH_BYTES {
            used = node.source.len() + 8;
            shares.push(Vec::new());
        }
        shares.last_mut().expect("there is at least one").push(node);
    }
    shares
}

/// Opens one session after the other.
async fn keep(servers: String, nodes: Vec<Arc<Node>>) {
    loop {
        if let Err(error) = session(&servers, &nodes).await {
            eprintln!("a session ended: {error}");
        }
    }
}

/// Keeps all files equal to their nodes until one fails.
async fn session(servers: &str, nodes: &[Arc<Node>]) -> Result<(), zookeeper::Error> {
    let client = Client::connector().with_session_timeout(SESSION_TIMEOUT).connect(servers).await?;
    let mut tasks = JoinSet::new();
    for node in nodes {
        tasks.spawn(follow(client.clone(), Arc::clone(node)));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no task panics")?;
    }
    Ok(())
}

async fn follow(client: Client, node: Arc<Node>) -> Result<(), zookeeper::Error> {
    loop {
        let (data, _, watcher) = client.get_and_watch_data(&node.source).await?;
        fs::write(&node.temporary, data).expect("a file can be written");
        fs::rename(&node.temporary, &node.destination).expect("a file can be renamed");
        watcher.changed().await;
    }
}
