//! What an honest server answers.

use std::io;

use super::record::Record;
use super::reply::{Reply, Then};
use super::request::{GET_CHILDREN2, REMOVE_WATCHES, Request, SET_WATCHES, SET_WATCHES2};
use super::tree::Tree;
use super::watches::{Change, Watches};
use crate::operation;

const NO_NODE: i32 = -101;
const NODE_EXISTS: i32 = -110;
const BAD_VERSION: i32 = -103;
const UNIMPLEMENTED: i32 = -6;

/// A reply, what is sent before it, and what the request changed.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) events: Vec<Reply>,
    pub(super) reply: Reply,
    pub(super) change: Option<(String, Change)>,
}

/// Answers `request` and sets its watch.
pub(super) fn answer(tree: &mut Tree, watches: &mut Watches, request: &Request) -> io::Result<Answer> {
    let (mut events, mut change) = (Vec::new(), None);
    let result = match request.operation {
        operation::PING | operation::AUTH | REMOVE_WATCHES => Ok(Record::default()),
        operation::CLOSE_SESSION => {
            let mut reply = Reply::new(request.xid, tree.zxid(), 0, Record::default());
            reply.then = Then::Close;
            return Ok(Answer { events, reply, change });
        }
        operation::SYNC => Ok(Record::default().string(&request.path)),
        SET_WATCHES | SET_WATCHES2 => {
            events = watches.set_again(tree, request)?;
            Ok(Record::default())
        }
        operation::GET_DATA | operation::EXISTS | operation::GET_CHILDREN | GET_CHILDREN2 => {
            read(tree, watches, request)?
        }
        operation::SET_DATA | operation::CREATE | operation::DELETE => {
            let written = write(tree, request)?;
            written.map(|(body, what)| {
                change = Some((request.path.clone(), what));
                body
            })
        }
        operation::MULTI_READ => Ok(multi_read(tree, request)?),
        _ => Err(UNIMPLEMENTED),
    };
    let (error, body) = result.map_or_else(|error| (error, Record::default()), |body| (0, body));
    let reply = Reply::new(request.xid, tree.zxid(), error, body);
    Ok(Answer { events, reply, change })
}

fn read(tree: &Tree, watches: &mut Watches, request: &Request) -> io::Result<Result<Record, i32>> {
    let watch = request.after_path()?.boolean()?;
    let path = request.path.as_str();
    let is_children = matches!(request.operation, operation::GET_CHILDREN | GET_CHILDREN2);
    let Some(node) = tree.get(path) else {
        if watch && request.operation == operation::EXISTS {
            watches.watch_data(path);
        }
        return Ok(Err(NO_NODE));
    };
    match (watch, is_children) {
        (true, true) => watches.watch_children(path),
        (true, false) => watches.watch_data(path),
        (false, _) => {}
    }
    let stat = tree.stat(path, node);
    let body = match request.operation {
        operation::GET_DATA => with(Record::default().buffer(&node.data), stat),
        operation::EXISTS => stat,
        GET_CHILDREN2 => with(Record::default().strings(&tree.children(path)), stat),
        _ => Record::default().strings(&tree.children(path)),
    };
    Ok(Ok(body))
}

fn write(tree: &mut Tree, request: &Request) -> io::Result<Result<(Record, Change), i32>> {
    let path = request.path.as_str();
    let version = tree.get(path).map(|node| node.version);
    let mut fields = request.after_path()?;
    let data = if request.operation == operation::DELETE { Vec::new() } else { fields.buffer()? };
    if request.operation == operation::CREATE {
        if version.is_some() {
            return Ok(Err(NODE_EXISTS));
        }
        tree.set(path, &data);
        return Ok(Ok((Record::default().string(path), Change::Created)));
    }
    let Some(version) = version else { return Ok(Err(NO_NODE)) };
    let expected = fields.int()?;
    if expected != -1 && expected != version {
        return Ok(Err(BAD_VERSION));
    }
    if request.operation == operation::DELETE {
        tree.delete(path);
        return Ok(Ok((Record::default(), Change::Deleted)));
    }
    tree.set(path, &data);
    let stat = tree.get(path).map_or_else(Record::default, |node| tree.stat(path, node));
    Ok(Ok((stat, Change::Changed)))
}

/// Several reads as one: headers of operation, end and error, each with its result.
fn multi_read(tree: &Tree, request: &Request) -> io::Result<Record> {
    let mut fields = request.fields();
    let mut body = Record::default();
    loop {
        let (kind, is_end, _error) = (fields.int()?, fields.boolean()?, fields.int()?);
        if is_end {
            return Ok(body.int(-1).boolean(true).int(-1));
        }
        let path = fields.string()?;
        let _watch = fields.boolean()?;
        body = match tree.get(&path) {
            None => body.int(operation::ERROR).boolean(false).int(NO_NODE).int(NO_NODE),
            Some(_) if kind == operation::GET_CHILDREN => {
                body.int(kind).boolean(false).int(0).strings(&tree.children(&path))
            }
            Some(node) => {
                with(body.int(kind).boolean(false).int(0).buffer(&node.data), tree.stat(&path, node))
            }
        };
    }
}

fn with(mut first: Record, second: Record) -> Record {
    first.0.extend_from_slice(&second.0);
    first
}
