//! Content that counts only with a signature: `nodes.NAME.verify`.

use std::future::pending;
use std::path::Path;
use std::sync::Arc;

use ld_config::chain;
use ld_file::{Disks, LOOK_LIMIT};
use ld_sign::{KeysError, MAX_SIGNATURE_BYTES, PublicKey, PublicKeys, Refused, verify_with_key};
use ld_zk::NodeState;

use super::record::RejectedBy;
use super::task::Task;
use crate::counters::Signed;
use crate::source::NodeSource;
use crate::status::State;

/// What a task knows of the signature of the content that it has read, if its node asks for one.
pub(super) struct Signatures<W> {
    /// It is missing, or does not count: the content is judged again when that changes.
    awaited: Option<W>,
    /// What it says.
    valid: Option<Signed>,
}

impl<W: NodeSource> Signatures<W> {
    /// The hash of the content, if its signature counts.
    pub(super) fn hash(&self) -> Option<&str> {
        self.valid.as_ref().map(|signed| signed.hash.as_str())
    }

    /// Waits until another signature may be there. Cancel-safe.
    pub(super) async fn changed(signatures: Option<&mut Box<Self>>) {
        match signatures.and_then(|signatures| signatures.awaited.as_mut()) {
            Some(awaited) => Box::pin(awaited.changed()).await,
            None => pending().await,
        }
    }
}

/// Why content does not count.
pub(crate) enum Unsigned {
    /// It must not be written.
    Rejected(String),
    /// The signature cannot be read.
    Unreadable(String),
    /// The public keys cannot be used.
    NoKeys(String),
}

impl<W: NodeSource> Task<W> {
    /// Whether the content has a signature that counts. What is wrong is recorded.
    pub(super) async fn is_signed(&mut self, content: &Arc<Vec<u8>>, keys: &Path) -> bool {
        let path = &self.node.config.source;
        let hash = self.shared.rollouts.hashing.sha256(content).await;
        let place = ld_sign::place(&self.shared.rollouts.publish, path, &hash);
        let mut awaited = self.watch.beside(&place, MAX_SIGNATURE_BYTES);
        let found = match &mut awaited {
            Some(watch) => signature(watch.read().await.state, &place),
            None => Err(Unsigned::Unreadable("signatures cannot be read here".to_owned())),
        };
        let valid = match found {
            Ok(signature) => judge(&self.shared.disks, keys, path, content, signature).await,
            Err(unsigned) => Err(unsigned),
        };
        let signed = valid.and_then(|Valid { counter, key, trusted }| {
            let signed = Signed { hash, counter, key };
            let allowed = self.shared.counters.allow(path, &signed, &trusted);
            allowed.map(|()| signed).map_err(|error| Unsigned::Rejected(error.to_string()))
        });
        match signed {
            Ok(signed) => {
                self.signatures = Some(Box::new(Signatures { awaited: None, valid: Some(signed) }));
                true
            }
            Err(unsigned) => {
                self.signatures = Some(Box::new(Signatures { awaited, valid: None }));
                match unsigned {
                    Unsigned::Rejected(reason) => self.reject_content(RejectedBy::Signature, &reason),
                    Unsigned::Unreadable(why) => {
                        self.leave_file(State::Unreadable, &format!("{why}; the file stays"));
                    }
                    Unsigned::NoKeys(why) => self.fail(&format!("{why}; the file stays"), None),
                }
                false
            }
        }
    }

    /// The content was applied: nothing older follows it.
    pub(super) fn keep_counter(&mut self) {
        let valid = self.signatures.take().and_then(|signatures| signatures.valid);
        if let Some(signed) = valid.filter(|_| !self.watch.is_candidate()) {
            self.shared.counters.keep(&self.node.config.source, signed);
        }
    }
}

/// The signature in the node at `place`.
pub(crate) fn signature(state: NodeState, place: &str) -> Result<Vec<u8>, Unsigned> {
    match state {
        NodeState::Present { data, .. } => Ok(data.into_parts().0),
        NodeState::TooLarge { .. } => Err(Unsigned::Rejected(Refused::TooLarge.to_string())),
        NodeState::Absent(_) => Err(Unsigned::Rejected(format!(
            "it has no signature in {place}: publish with live-data-writer --sign, or sign what is published \
             with live-data-ctl sign --publish"
        ))),
        NodeState::Unreadable(reason) => {
            Err(Unsigned::Unreadable(format!("the signature in {place} cannot be read: {reason}")))
        }
        other => Err(Unsigned::Unreadable(format!("the signature in {place} is {other:?}"))),
    }
}

/// A signature that counts.
pub(crate) struct Valid {
    counter: u64,
    key: PublicKey,
    /// All keys that may sign, as they are now.
    trusted: PublicKeys,
}

/// A signature that one of the `keys` has made, and that is of this content for the node at `path`.
/// The keys are read anew each time.
pub(crate) async fn judge(
    disks: &Disks,
    keys: &Path,
    path: &str,
    content: &Arc<Vec<u8>>,
    signature: Vec<u8>,
) -> Result<Valid, Unsigned> {
    let no_keys = |error: &dyn std::error::Error| Unsigned::NoKeys(chain(error));
    let disk = disks.of(keys).await.map_err(|error| no_keys(&error))?;
    let (keys, path, content) = (keys.to_owned(), path.to_owned(), Arc::clone(content));
    // It takes milliseconds for each MiB, so that it has a thread in any case.
    let judge = move || {
        let trusted = PublicKeys::read(&keys)?;
        let verified = verify_with_key(&trusted, &path, &content, &signature);
        Ok(verified.map(|(statement, key)| Valid { counter: statement.counter, key, trusted }))
    };
    let judged = disk.looks.run(LOOK_LIMIT, judge).await.map_err(|error| no_keys(&error))?;
    let judged = judged.map_err(|error: KeysError| no_keys(&error))?;
    judged.map_err(|refused| Unsigned::Rejected(refused.to_string()))
}
