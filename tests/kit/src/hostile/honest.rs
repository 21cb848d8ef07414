//! The replies of an honest server.

use std::io;

use super::reply::{Reply, Then};
use super::request::Request;
use super::tree::Tree;
use super::watches::{Change, Watches};
use crate::operation;
use crate::zookeeper::error_code::{BAD_VERSION, NO_NODE, NODE_EXISTS, UNIMPLEMENTED};
use crate::zookeeper::record::Record;

/// The reply to a request, the events before it, and the change that the request made.
#[derive(Debug)]
pub(super) struct HonestReply {
    pub(super) events: Vec<Reply>,
    pub(super) reply: Reply,
    pub(super) change: Option<(String, Change)>,
}

/// Executes `request`, sets its watch and returns the reply.
pub(super) fn execute(tree: &mut Tree, watches: &mut Watches, request: &Request) -> io::Result<HonestReply> {
    let (mut events, mut change) = (Vec::new(), None);
    let result = match request.operation {
        operation::PING | operation::AUTH | operation::REMOVE_WATCHES => Ok(Record::default()),
        operation::CLOSE_SESSION => {
            let mut reply = Reply::new(request.xid, tree.zxid(), 0, Record::default());
            reply.then = Then::Close;
            return Ok(HonestReply { events, reply, change });
        }
        operation::SYNC => Ok(Record::default().string(&request.path)),
        operation::SET_WATCHES | operation::SET_WATCHES2 => {
            events = watches.set_again(tree, request)?;
            Ok(Record::default())
        }
        operation::GET_DATA | operation::EXISTS | operation::GET_CHILDREN | operation::GET_CHILDREN2 => {
            read(tree, watches, request)?
        }
        operation::SET_DATA | operation::CREATE | operation::DELETE => {
            let written = write(tree, request)?;
            written.map(|(body, kind)| {
                change = Some((request.path.clone(), kind));
                body
            })
        }
        _ => Err(UNIMPLEMENTED),
    };
    let (error, body) = result.map_or_else(|error| (error, Record::default()), |body| (0, body));
    let reply = Reply::new(request.xid, tree.zxid(), error, body);
    Ok(HonestReply { events, reply, change })
}

fn read(tree: &Tree, watches: &mut Watches, request: &Request) -> io::Result<Result<Record, i32>> {
    let watch = request.after_path()?.boolean()?;
    let path = request.path.as_str();
    let is_children = matches!(request.operation, operation::GET_CHILDREN | operation::GET_CHILDREN2);
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
        operation::GET_DATA => Record::default().buffer(&node.data).record(stat),
        operation::EXISTS => stat,
        operation::GET_CHILDREN2 => Record::default().strings(&tree.children(path)).record(stat),
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
