//! Why a file is checked, and the result.

/// Why a file is checked. Several reasons may come together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Trigger {
    /// Something happened on the path to the file.
    pub(crate) event: bool,
    /// The file itself was renamed into place or closed by its writer, or the wait for it is over.
    pub(crate) settled: bool,
    /// The file's own content may have changed even if `stat` says the same.
    pub(crate) touched: bool,
    /// The poll interval passed: a change that is found must be stable first.
    pub(crate) poll: bool,
    /// A read without content: rejected content may be parsed again.
    pub(crate) reader: bool,
}

impl Trigger {
    pub(crate) fn any(self) -> bool {
        self != Self::default()
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.event |= other.event;
        self.settled |= other.settled;
        self.touched |= other.touched;
        self.poll |= other.poll;
        self.reader |= other.reader;
    }
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing changed.
    Same,
    /// Something changed and was processed.
    Changed,
    /// Something is changing: check again after the quiet time.
    Unsettled,
}
