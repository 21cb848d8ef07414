//! The one-shot watches of one connection.

use std::collections::BTreeSet;
use std::io;

use super::reply::Reply;
use super::request::Request;
use super::tree::{Tree, parent};

/// A node was created.
const CREATED: i32 = 1;
/// A node was deleted.
const DELETED: i32 = 2;
/// A node's data changed.
const DATA_CHANGED: i32 = 3;
/// A node's children changed.
const CHILDREN_CHANGED: i32 = 4;

/// A change of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Created,
    Changed,
    Deleted,
}

/// The paths that one connection watches.
#[derive(Debug, Default)]
pub(super) struct Watches {
    data: BTreeSet<String>,
    children: BTreeSet<String>,
}

impl Watches {
    pub(super) fn watch_data(&mut self, path: &str) {
        self.data.insert(path.to_owned());
    }

    pub(super) fn watch_children(&mut self, path: &str) {
        self.children.insert(path.to_owned());
    }

    /// Number of watches.
    pub(super) fn len(&self) -> usize {
        self.data.len() + self.children.len()
    }

    /// Removes the watches that a change fires, and returns their events.
    pub(super) fn fire(&mut self, path: &str, change: Change) -> Vec<Reply> {
        let mut events = Vec::new();
        let kind = match change {
            Change::Created => CREATED,
            Change::Changed => DATA_CHANGED,
            Change::Deleted => DELETED,
        };
        if self.data.remove(path) {
            events.push(Reply::event(kind, path));
        }
        if change == Change::Deleted && self.children.remove(path) {
            events.push(Reply::event(DELETED, path));
        }
        if change != Change::Changed && self.children.remove(parent(path)) {
            events.push(Reply::event(CHILDREN_CHANGED, parent(path)));
        }
        events
    }

    /// Sets watches again after a reconnect, and returns the events that were missed.
    pub(super) fn set_again(&mut self, tree: &Tree, request: &Request) -> io::Result<Vec<Reply>> {
        let mut fields = request.fields();
        let since = fields.long()?;
        let (data, exist, children) = (fields.strings()?, fields.strings()?, fields.strings()?);
        let mut events = Vec::new();
        for path in data {
            match tree.get(&path) {
                None => events.push(Reply::event(DELETED, &path)),
                Some(node) if node.mzxid > since => events.push(Reply::event(DATA_CHANGED, &path)),
                Some(_) => self.watch_data(&path),
            }
        }
        for path in exist {
            match tree.get(&path) {
                Some(_) => events.push(Reply::event(CREATED, &path)),
                None => self.watch_data(&path),
            }
        }
        for path in children {
            match tree.get(&path) {
                None => events.push(Reply::event(DELETED, &path)),
                Some(node) if node.pzxid > since => events.push(Reply::event(CHILDREN_CHANGED, &path)),
                Some(_) => self.watch_children(&path),
            }
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zookeeper::record::Record;

    #[test]
    fn a_watch_fires_once() {
        let mut watches = Watches::default();
        watches.watch_data("/a");
        watches.watch_children("/");
        assert_eq!(watches.fire("/a", Change::Changed).len(), 1);
        assert_eq!(watches.fire("/a", Change::Changed).len(), 0);
        assert_eq!(watches.fire("/a", Change::Deleted).len(), 1);
        assert_eq!(watches.len(), 0);
    }

    #[test]
    fn watches_set_again_report_missed_changes() {
        let (mut tree, mut watches) = (Tree::default(), Watches::default());
        tree.set("/same", b"");
        let since = tree.zxid();
        tree.set("/changed", b"");
        let list = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let body = Record::default()
            .long(since)
            .strings(&list(&["/same", "/changed", "/gone"]))
            .strings(&list(&["/changed", "/missing"]))
            .strings(&[]);
        let request = Request { body: body.into_bytes(), ..Request::default() };
        assert_eq!(watches.set_again(&tree, &request).unwrap().len(), 3);
        assert_eq!(watches.len(), 2);
    }
}
