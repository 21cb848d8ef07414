//! A session with a server that answers anything: no panic of ours, no hang, no growth. An honest
//! server is followed afterwards.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ld_config::{SecretsConfig, ZooKeeperConfig};
use ld_testkit::hostile::{HostileServer, Rule};
use ld_zk::{Client, NodeState, NodeWatch, Options};
use tokio::time::timeout;

use crate::panics;
use crate::script::Script;

const PATH: &str = "/flags";

/// How long the server answers by the script at most.
const HOSTILE: Duration = Duration::from_millis(300);

/// How often the node changes meanwhile.
const STEP: Duration = Duration::from_millis(20);

/// After a lost connection an honest server is followed within this time.
const RECOVERY: Duration = Duration::from_secs(30);

/// How long the sessions may take to end.
const CLOSING: Duration = Duration::from_secs(2);

/// Conversations before memory is measured for the first time.
const WARM_UP: u64 = 50;

/// The growth since then that is a finding, in bytes. The fuzzer itself keeps its inputs.
const GROWTH: u64 = 64 << 20;

pub(crate) fn check(data: &[u8]) {
    panics::watch();
    let server = HostileServer::start();
    server.set(PATH, "begin");
    let script = Arc::new(Script::new(data));
    let editing = Arc::clone(&script);
    server.add(Rule::always(move |request, reply| editing.edit(request, reply)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be built").block_on(converse(&server, &script));
    panics::assert_none();
    assert_no_growth();
}

async fn converse(server: &HostileServer, script: &Script) {
    let config = ZooKeeperConfig::builder().hosts(&server.connect_string()).timeout(Duration::from_secs(1));
    let config = config.build().expect("the settings are right");
    let client = Client::new(&config, &SecretsConfig::default(), Options::default()).expect("a client");
    let mut watch = client.watch(PATH).expect("the path is valid");
    let start = Instant::now();
    let mut version = 0_u32;
    while !script.is_over() && start.elapsed() < HOSTILE {
        // Whatever it reads, it reads bytes of the server.
        let _ = timeout(STEP, next(&mut watch)).await;
        version += 1;
        server.set(PATH, version.to_string());
    }
    server.be_honest();
    server.expire_sessions();
    server.set(PATH, "end");
    let recovered = timeout(RECOVERY, async { while !next(&mut watch).await.ends_with(b"end") {} }).await;
    assert!(recovered.is_ok(), "not followed within {RECOVERY:?}: {:?}", client.connection_error());
    drop(watch);
    timeout(2 * CLOSING, client.close(CLOSING)).await.expect("a close is bounded");
}

/// What the node holds after its next change; empty if it cannot be read.
async fn next(watch: &mut NodeWatch) -> Vec<u8> {
    watch.changed().await;
    match watch.read().await.state {
        NodeState::Present { data, .. } => data.into_parts().0,
        _ => Vec::new(),
    }
}

fn assert_no_growth() {
    static CONVERSATIONS: AtomicU64 = AtomicU64::new(0);
    static BEFORE: AtomicU64 = AtomicU64::new(0);
    let resident = resident_bytes();
    let number = CONVERSATIONS.fetch_add(1, Ordering::Relaxed);
    if number <= WARM_UP {
        BEFORE.store(resident, Ordering::Relaxed);
    }
    let growth = resident.saturating_sub(BEFORE.load(Ordering::Relaxed));
    assert!(growth <= GROWTH, "{growth} bytes more since conversation {WARM_UP} of {number}");
}

fn resident_bytes() -> u64 {
    const PAGE: u64 = 4096;
    let fields = fs::read_to_string("/proc/self/statm").expect("a process reads its own memory");
    fields.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("pages") * PAGE
}
