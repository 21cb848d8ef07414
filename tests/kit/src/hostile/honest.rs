//! The replies of an honest server.

use std::io;

use super::reply::{Reply, Then};
use super::request::Request;
use super::tree::Tree;
use super::watches::{Change, Watches};
use crate::Acl;
use crate::operation;
use crate::zookeeper::error_code::{BAD_VERSION, NO_NODE, NODE_EXISTS, UNIMPLEMENTED};
use crate::zookeeper::record::{Fields, Record};

/// In the kind of a node to be created.
const EPHEMERAL: i32 = 1;

/// The reply to a request, the events before it, and the change that the request made.
#[derive(Debug)]
pub(super) struct HonestReply {
    pub(super) events: Vec<Reply>,
    pub(super) reply: Reply,
    pub(super) change: Option<(String, Change)>,
}

/// Executes `request`, sets its watch and returns the reply.
pub(super) fn execute(
    tree: &mut Tree,
    watches: &mut Watches,
    session: i64,
    request: &Request,
) -> io::Result<HonestReply> {
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
        operation::GET_ACL => get_acl(tree, &request.path),
        operation::SET_DATA | operation::CREATE | operation::CREATE2 | operation::DELETE => {
            let written = write(tree, session, request)?;
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

/// All may do everything with any node.
fn get_acl(tree: &Tree, path: &str) -> Result<Record, i32> {
    let stat = tree.stat(path, tree.get(path).ok_or(NO_NODE)?);
    Ok(Acl::write(&[Acl::anyone(Acl::ALL)], Record::default()).record(stat))
}

fn write(tree: &mut Tree, session: i64, request: &Request) -> io::Result<Result<(Record, Change), i32>> {
    let path = request.path.as_str();
    let version = tree.get(path).map(|node| node.version);
    let mut fields = request.after_path()?;
    let data = if request.operation == operation::DELETE { Vec::new() } else { fields.buffer()? };
    if matches!(request.operation, operation::CREATE | operation::CREATE2) {
        if version.is_some() {
            return Ok(Err(NODE_EXISTS));
        }
        tree.set(path, &data);
        if is_ephemeral(&mut fields)? {
            tree.set_owner(path, session);
        }
        let mut body = Record::default().string(path);
        if let (operation::CREATE2, Some(node)) = (request.operation, tree.get(path)) {
            body = body.record(tree.stat(path, node));
        }
        return Ok(Ok((body, Change::Created)));
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

/// Reads the ACL of a node to be created, which is not kept, and the kind of the node.
fn is_ephemeral(fields: &mut Fields<'_>) -> io::Result<bool> {
    for _ in 0..fields.int()? {
        let _permissions = fields.int()?;
        let _user = (fields.string()?, fields.string()?);
    }
    Ok(fields.int()? & EPHEMERAL != 0)
}
