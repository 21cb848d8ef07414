//! Publishes what a program generates, with the guards that the watchers have.

use std::future::Future;

use ld_publish::ld_config::NodeConfig;
use ld_publish::ld_zk::Client;
use ld_publish::{Checks, Diff, DiffOptions, Error, Published, judge, plan};

/// Publishes `content` in the node, unless the guards of `node` reject it or the node holds it
/// already (`None`). `show` gets the change before it is written, and may refuse it by false. When
/// `interrupt` resolves, it gives up, and the error tells what became of the write.
pub async fn publish(
    client: &Client,
    node: &NodeConfig,
    content: Vec<u8>,
    max_node_bytes: usize,
    show: impl FnOnce(&str) -> bool,
    interrupt: impl Future<Output = ()>,
) -> Result<Option<Published>, Error> {
    // A check blocks, for 10 s at most.
    let (judged, content) = {
        let node = node.clone();
        let judging = move || (judge(&node, &content, &Checks::default()), content);
        tokio::task::spawn_blocking(judging).await.expect("judging does not panic")
    };
    judged?;
    let plan = plan(client, &node.source, content, max_node_bytes).await?;
    if !plan.is_change() {
        return Ok(None);
    }
    let change = match plan.diff(&DiffOptions::default()) {
        Diff::Unified(text) | Diff::Summary(text) => text,
        _ => "binary content differs\n".to_owned(),
    };
    if !show(&change) {
        return Ok(None);
    }
    plan.commit(interrupt).await.map(Some)
}
