//! After an outage: how long it lasted, and how many files are current again.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::info;

use crate::node::Node;
use crate::nodes::Nodes;
use crate::source::Source;
use crate::status::State;

/// How often the files are counted after an outage, and how often at most.
const COUNT_INTERVAL: Duration = Duration::from_millis(500);
const COUNTS: usize = 20;

/// Logs after each outage how long it lasted, and how many files are current again.
pub(crate) async fn run<S: Source>(source: Arc<S>, nodes: Arc<Nodes>) {
    loop {
        let lasted = source.outage().await;
        let mut current = count_current(&nodes.all());
        for _ in 0..COUNTS {
            sleep(COUNT_INTERVAL).await;
            let before = std::mem::replace(&mut current, count_current(&nodes.all()));
            if current == nodes.len() || current == before {
                break;
            }
        }
        let seconds = lasted.as_secs_f32();
        info!("{current} of {} files are current after {seconds:.1} s without ZooKeeper", nodes.len());
    }
}

fn count_current(nodes: &[Arc<Node>]) -> usize {
    nodes.iter().filter(|node| node.state() == State::Current).count()
}
