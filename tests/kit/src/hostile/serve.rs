//! Serving one connection: a thread reads requests, another one writes replies.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::reply::{Delivery, Reply, Then};
use super::request::{ConnectRequest, MAX_REQUEST, Request};
use super::state::State;

/// Each write ends after this time.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// How soon a pause ends after the server has stopped.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

pub(super) type SharedState = Arc<Mutex<State>>;

pub(super) fn lock(shared: &SharedState) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves a connection with two threads.
pub(super) fn serve(shared: &SharedState, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_LIMIT))?;
    let (outgoing, replies) = mpsc::channel();
    let Some(peer) = lock(shared).add_peer(stream.try_clone()?, outgoing) else { return Ok(()) };
    let (reading, writing) = (stream.try_clone()?, stream);
    let spawn = |name: &str, work: Box<dyn FnOnce(&SharedState) + Send>| {
        let shared = Arc::clone(shared);
        let thread = thread::Builder::new().name(name.into());
        thread.spawn(move || {
            work(&shared);
            lock(&shared).remove_peer(peer);
        })
    };
    // A connection may end with any error, which is not a failure of the server.
    spawn("hostile-read", Box::new(move |shared| drop(read(shared, peer, reading))))?;
    spawn("hostile-write", Box::new(move |shared| drop(write(shared, &replies, writing))))?;
    Ok(())
}

fn read(shared: &SharedState, peer: u64, mut stream: TcpStream) -> io::Result<()> {
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    if head == *b"isro" {
        lock(shared).is_read_only(peer)?;
        // The writer closes the connection.
        return stream.read_exact(&mut head);
    }
    let request = ConnectRequest::parse(&body(&mut stream, head)?)?;
    lock(shared).connect(peer, request)?;
    loop {
        stream.read_exact(&mut head)?;
        let request = Request::parse(&body(&mut stream, head)?)?;
        lock(shared).request(peer, &request)?;
    }
}

fn body(stream: &mut TcpStream, length: [u8; 4]) -> io::Result<Vec<u8>> {
    let length = u32::from_be_bytes(length) as usize;
    if length > MAX_REQUEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(body)
}

fn write(shared: &SharedState, replies: &Receiver<Reply>, mut stream: TcpStream) -> io::Result<()> {
    for reply in replies {
        let bytes = reply.bytes();
        match reply.delivery {
            Delivery::Never => {}
            Delivery::AtOnce => stream.write_all(&bytes)?,
            Delivery::Delayed(time) => {
                pause(shared, time)?;
                stream.write_all(&bytes)?;
            }
            Delivery::Dripped(time) => {
                for byte in bytes {
                    pause(shared, time)?;
                    stream.write_all(&[byte])?;
                }
            }
        }
        if let Some(flood) = &reply.flood {
            for _ in 0..flood.times {
                if lock(shared).stopping {
                    return Ok(());
                }
                stream.write_all(&flood.portion)?;
            }
        }
        match reply.then {
            Then::KeepOpen => {}
            Then::HalfClose => stream.shutdown(Shutdown::Write)?,
            Then::Close => return Ok(()),
        }
    }
    Ok(())
}

/// Waits for `time`; an error if the server stops meanwhile.
fn pause(shared: &SharedState, time: Duration) -> io::Result<()> {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        if lock(shared).stopping {
            return Err(io::ErrorKind::NotConnected.into());
        }
        thread::sleep(left.min(POLL_INTERVAL));
    }
    Ok(())
}
