//! When to misbehave, and how.

use std::fmt;
use std::sync::Arc;

use super::reply::Reply;
use super::request::Request;

type Edit = dyn Fn(&Request, &mut Reply) + Send + Sync;

/// Changes the replies to certain requests.
#[derive(Clone)]
pub struct Rule {
    operation: Option<i32>,
    path: Option<String>,
    skip: u64,
    times: u64,
    edit: Arc<Edit>,
    seen: u64,
}

impl Rule {
    /// Changes every reply to `operation` with `edit`.
    ///
    /// The operation is one of [`crate::operation`], or [`CONNECT`](super::CONNECT) or
    /// [`ISRO`](super::ISRO).
    pub fn on(operation: i32, edit: impl Fn(&Request, &mut Reply) + Send + Sync + 'static) -> Self {
        Self { operation: Some(operation), ..Self::always(edit) }
    }

    /// Changes every reply.
    pub fn always(edit: impl Fn(&Request, &mut Reply) + Send + Sync + 'static) -> Self {
        Self { operation: None, path: None, skip: 0, times: u64::MAX, edit: Arc::new(edit), seen: 0 }
    }

    /// Only for requests on the node `path`.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Leaves the replies to the first `count` of these requests unchanged.
    #[must_use]
    pub fn skip(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Changes at most `count` replies.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.times = count;
        self
    }

    /// Changes the reply if the rule applies to it; returns whether it does.
    pub(super) fn apply(&mut self, request: &Request, reply: &mut Reply) -> bool {
        let matches = self.operation.is_none_or(|operation| operation == request.operation)
            && self.path.as_ref().is_none_or(|path| *path == request.path);
        if !matches {
            return false;
        }
        self.seen += 1;
        let is_due = self.seen > self.skip && self.seen - self.skip <= self.times;
        if is_due {
            (self.edit)(request, reply);
        }
        is_due
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("operation", &self.operation)
            .field("path", &self.path)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation;

    #[test]
    fn a_rule_counts_only_the_requests_that_it_matches() {
        let mut rule = Rule::on(operation::GET_DATA, |_, reply| reply.xid = 99).path("/a").skip(1).times(2);
        let request = |operation, path: &str| Request { operation, path: path.into(), ..Request::default() };
        let mut fired = Vec::new();
        for (operation, path) in [
            (operation::GET_DATA, "/a"),
            (operation::GET_DATA, "/b"),
            (operation::EXISTS, "/a"),
            (operation::GET_DATA, "/a"),
            (operation::GET_DATA, "/a"),
            (operation::GET_DATA, "/a"),
        ] {
            let mut reply = Reply::default();
            assert_eq!(rule.apply(&request(operation, path), &mut reply), reply.xid == 99);
            fired.push(reply.xid == 99);
        }
        assert_eq!(fired, [false, false, false, true, true, false]);
    }
}
