//! Whether a watcher would accept the content.

use std::sync::Arc;
use std::time::Duration;

use ld_config::{NodeConfig, chain};
use ld_file::FileUnderCheck;
use ld_sign::MAX_SIGNATURE_BYTES;
use ld_zk::Client;

use super::{Host, Outcome, Preview};
use crate::node::{Unsigned, judge, signature};
use crate::pointer::{NOT_LOADED, pointer_in};

impl Preview {
    /// Whether the content has a signature that counts, if the node asks for one.
    pub(super) async fn verify(
        &self,
        node: &NodeConfig,
        client: &Client,
        content: &Arc<Vec<u8>>,
        host: &Host<'_>,
    ) -> Result<(), Outcome> {
        let Some(keys) = &node.verify else { return Ok(()) };
        let hash = host.rollouts.hashing.sha256(content).await;
        let place = ld_sign::place(&host.rollouts.publish, &node.source, &hash);
        let watch = client.watch(&place).map_err(|error| Outcome::Unreadable(error.to_string()))?;
        let reading = watch.at_most(MAX_SIGNATURE_BYTES).read().await;
        let judged = async {
            let signature = signature(reading.state, &place)?;
            judge(&host.disks, keys, &node.source, content, signature).await
        };
        match judged.await {
            Ok(_) => Ok(()),
            Err(Unsigned::Rejected(reason)) => Err(Outcome::Rejected(reason)),
            Err(Unsigned::Unreadable(reason)) => Err(Outcome::Unreadable(reason)),
            Err(Unsigned::NoKeys(reason)) => Err(Outcome::Blocked(reason)),
        }
    }

    pub(super) async fn pass_guards(
        &self,
        node: &NodeConfig,
        content: &Arc<Vec<u8>>,
        host: &Host<'_>,
    ) -> Result<(), Outcome> {
        if let Some(json) = pointer_in(content) {
            return Err(match host.loader.map(|loader| loader.parse(&json)) {
                Some(Ok(_)) => Outcome::Pointer,
                Some(Err(reason)) => Outcome::Rejected(reason),
                None => Outcome::Rejected(NOT_LOADED.to_owned()),
            });
        }
        let (guards, content, checks) = (node.guards.clone(), Arc::clone(content), host.checks.clone());
        let judge = move || {
            // Not beside the destination: nothing is written there.
            let shown = std::env::temp_dir().join("live-data-check");
            let write_file =
                |content: &[u8]| FileUnderCheck::write(&shown, content).map_err(|error| chain(&error));
            ld_guard::judge(&guards, &content, &checks, write_file)
        };
        let disk = host.disks.of(&node.dest).await.map_err(|error| Outcome::Blocked(error.to_string()))?;
        match disk.checks.run(Duration::MAX, judge).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(ld_guard::Error::Rejected { reason, .. })) => Err(Outcome::Rejected(reason)),
            Ok(Err(error)) => Err(Outcome::Blocked(format!("the content {error}"))),
            Err(error) => Err(Outcome::Blocked(error.to_string())),
        }
    }
}
