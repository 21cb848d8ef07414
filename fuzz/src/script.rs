//! An input as a script: how each reply of the server differs from an honest one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ld_testkit::hostile::{Delivery, Reply, Request, Then};
use ld_testkit::operation;

/// The longest frame that a reply announces without sending it, in bytes. What the ZooKeeper crate
/// takes for a longer one is known: docs/security.md bounds it from outside.
const LONGEST: i32 = 1 << 20;

/// The longest list that a reply announces, for the same reason.
const LONGEST_LIST: i32 = 1 << 16;

/// Bytes that are taken from the front, one instruction for each reply.
#[derive(Debug)]
pub(crate) struct Script {
    rest: Mutex<std::vec::IntoIter<u8>>,
}

impl Script {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self { rest: Mutex::new(Vec::from(bytes).into_iter()) }
    }

    /// Whether all replies are honest from now on.
    pub(crate) fn is_over(&self) -> bool {
        self.lock().as_slice().is_empty()
    }

    /// Changes one reply.
    pub(crate) fn edit(&self, request: &Request, reply: &mut Reply) {
        let mut rest = self.lock();
        let Some(instruction) = rest.next() else { return };
        let bytes = &mut *rest;
        match instruction % 16 {
            0 => reply.body.truncate(usize::from(byte(bytes))),
            1 => overwrite(reply, bytes),
            2 => reply.body = take(bytes),
            3 => reply.body.extend(take(bytes)),
            4 => reply.xid = int(bytes),
            5 => reply.zxid = long(bytes),
            6 => reply.error = int(bytes),
            7 => reply.error = -i32::from(byte(bytes)),
            8 => reply.length = Some(int(bytes).min(LONGEST)),
            9 => reply.raw = Some(no_answer(take(bytes))),
            10 => reply.before = no_answer(take(bytes)),
            11 => reply.before = event(byte(bytes)),
            12 => reply.delivery = Delivery::Delayed(Duration::from_millis(u64::from(byte(bytes)) / 8)),
            13 => reply.then = Then::Close,
            14 => reply.then = Then::HalfClose,
            // An honest one.
            _ => {}
        }
        drop(rest);
        bound_list(request, reply);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, std::vec::IntoIter<u8>> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn byte(bytes: &mut impl Iterator<Item = u8>) -> u8 {
    bytes.next().unwrap_or_default()
}

fn int(bytes: &mut impl Iterator<Item = u8>) -> i32 {
    i32::from_be_bytes([byte(bytes), byte(bytes), byte(bytes), byte(bytes)])
}

fn long(bytes: &mut impl Iterator<Item = u8>) -> i64 {
    i64::from(int(bytes)) << 32 | i64::from(int(bytes).cast_unsigned())
}

/// A length, then so many bytes.
fn take(bytes: &mut impl Iterator<Item = u8>) -> Vec<u8> {
    let length = usize::from(byte(bytes));
    bytes.take(length).collect()
}

/// Overwrites some bytes of the body from a place on.
fn overwrite(reply: &mut Reply, bytes: &mut impl Iterator<Item = u8>) {
    let place = usize::from(byte(bytes));
    let new = take(bytes);
    for (old, new) in reply.body.iter_mut().skip(place).zip(new) {
        *old = new;
    }
}

/// Bytes that the client cannot take for an answer to its request: those are made by the other
/// instructions, which keep lists within [`LONGEST_LIST`].
fn no_answer(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(xid) = bytes.get_mut(4) {
        *xid |= 0x80;
    }
    bytes
}

/// An event of any kind, for the node or for another one.
fn event(choice: u8) -> Vec<u8> {
    let path: &[u8] = if choice & 0x80 == 0 { b"/flags" } else { b"/other" };
    let mut body = Vec::new();
    body.extend((-1_i32).to_be_bytes());
    body.extend((-1_i64).to_be_bytes());
    body.extend(0_i32.to_be_bytes());
    body.extend(i32::from(choice & 0x7f).to_be_bytes());
    body.extend(3_i32.to_be_bytes());
    body.extend((path.len() as i32).to_be_bytes());
    body.extend(path);
    let mut frame = (body.len() as i32).to_be_bytes().to_vec();
    frame.extend(body);
    frame
}

fn bound_list(request: &Request, reply: &mut Reply) {
    let is_list = [operation::GET_CHILDREN, operation::GET_CHILDREN2].contains(&request.operation);
    if let Some(count) = reply.body.first_chunk().filter(|_| is_list) {
        let count = i32::from_be_bytes(*count).min(LONGEST_LIST);
        reply.set_int(0, count);
    }
}
