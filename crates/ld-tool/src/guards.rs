//! The guards of the nodes that are written.

use std::sync::Arc;
use std::time::Duration;

use ld_cli::Exit;
use ld_config::NodeConfig;
use ld_publish::Checks;

use crate::{failed, on_a_thread, pointers};

/// How long one node's guards may take; a check is killed after 10 s.
const JUDGE_LIMIT: Duration = Duration::from_secs(30);

/// Has the guards of all nodes judge content, of which `judge` knows where it is.
///
/// # Errors
///
/// [`Exit::Failed`], logged: a guard rejects it or cannot judge it.
pub async fn judge(
    nodes: &[NodeConfig],
    judge: impl Fn(&NodeConfig) -> Result<(), ld_publish::Error> + Clone + Send + 'static,
) -> Result<(), Exit> {
    for node in nodes {
        let (node, judge) = (node.clone(), judge.clone());
        on_a_thread("checking the content", JUDGE_LIMIT, move || judge(&node)).await?.map_err(failed)?;
    }
    Ok(())
}

/// Has the guards of all nodes judge what a node shall hold. Of a pointer to S3 they are not asked:
/// they judge the object, which only the watchers load.
///
/// # Errors
///
/// [`Exit::Failed`], logged: a guard rejects it or cannot judge it, or it is a pointer that no
/// watcher could load.
pub async fn judge_content(
    nodes: &[NodeConfig],
    content: &Arc<Vec<u8>>,
    checks: &Checks,
) -> Result<(), Exit> {
    if pointers::check(content, !nodes.is_empty())? {
        return Ok(());
    }
    let (content, checks) = (Arc::clone(content), checks.clone());
    judge(nodes, move |node| ld_publish::judge(node, &content, &checks)).await
}
