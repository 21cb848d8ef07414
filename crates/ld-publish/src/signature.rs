//! The signature of what a node holds or shall hold.

mod signer;
mod tidy;

use std::fmt;
use std::future::Future;

use ld_sign::MAX_SIGNATURE_BYTES;

use crate::lost::{self, Sent};
use crate::operation::{self, Operation};
use crate::request::find_node;
use crate::{Error, Plan, Publication};

pub use signer::Signer;

/// So many signatures of a node are looked at. Tidying leaves fewer.
const LOOKED_AT: usize = 512;

/// A signature, and what puts it in its place.
#[derive(Clone)]
pub struct Signature {
    operations: Vec<Operation>,
    /// The node that it is for.
    path: String,
    place: String,
    counter: u64,
    text: String,
}

impl Signature {
    /// The node that it belongs into.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Its counter.
    pub fn counter(&self) -> u64 {
        self.counter
    }

    /// What puts it in its place, for a transaction.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Puts it in its place alone, if the node of `plan` still holds what was compared: what is
    /// signed is published already. A lost answer is read back, as by [`Plan::commit`].
    ///
    /// # Errors
    ///
    /// As [`Plan::commit`].
    ///
    /// Not cancel-safe: what became of a write that was sent is not known then.
    pub async fn commit(&self, plan: &Plan, interrupt: impl Future<Output = ()>) -> Result<(), Error> {
        let operations: Vec<Operation> = [plan.check()].into_iter().chain(self.operations.clone()).collect();
        let operations = &operations;
        let send = |session| async move { operation::commit(&session, operations).await.map(drop) };
        let read = |session| async move {
            let found = find_node(&session, &self.place, MAX_SIGNATURE_BYTES).await?;
            Ok(found.map(|(text, _)| text == self.text.as_bytes()))
        };
        match lost::write(&plan.present.client, &self.place, send, read, interrupt).await? {
            Sent::Done(()) => Ok(()),
            Sent::Refused(refused) => Err(Error::part(std::slice::from_ref(plan), operations, refused)),
            Sent::Lost(_, seen) if seen.found == Some(true) => Ok(()),
            Sent::Lost(cause, seen) => Err(seen.not_written(seen.found.is_none(), cause)),
        }
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, counter, .. } = self;
        f.debug_struct("Signature").field("place", place).field("counter", counter).finish_non_exhaustive()
    }
}

impl Publication {
    /// The same with a signature of one of its nodes.
    #[must_use]
    pub fn signed(self, signature: &Signature) -> Self {
        signature.operations.iter().cloned().fold(self, Publication::with)
    }
}
