//! Why a file is looked at, and what came of it.

/// Why a file is looked at. Several reasons may come together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Trigger {
    /// Something happened on the way to the file.
    pub(crate) event: bool,
    /// The file itself was renamed into place or closed by its writer, or has been waited for long enough.
    pub(crate) settled: bool,
    /// The file's own content may have changed even if `stat` says the same.
    pub(crate) touched: bool,
    /// Time passed: a change that is found must be stable first.
    pub(crate) poll: bool,
    /// A reader without content asks: a parser that failed gets another chance.
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

/// What a look at the file came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As it was.
    Same,
    /// Something changed and was dealt with.
    Changed,
    /// Something is changing: look again after the quiet time.
    Unsettled,
}
