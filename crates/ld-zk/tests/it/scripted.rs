//! A ZooKeeper server by script: it speaks as much of the protocol as a client that reads needs.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

const NO_NODE: i32 = -101;
pub(crate) const THROTTLED: i32 = -127;
const NODE_DELETED: i32 = 2;
const CLOSE_SESSION: i32 = -11;
pub(crate) const EXISTS: i32 = 3;
pub(crate) const GET_DATA: i32 = 4;
const GET_CHILDREN: i32 = 8;
pub(crate) const SYNC: i32 = 9;
pub(crate) const SET_WATCHES: i32 = 101;

/// A request of a client.
pub(crate) struct Request {
    /// How many sessions were opened or resumed before the one that it came in.
    pub(crate) session: usize,
    pub(crate) xid: i32,
    pub(crate) operation: i32,
    pub(crate) path: String,
}

/// The frames to send for a request.
pub(crate) type Frames = Vec<Vec<u8>>;

/// Accepts connections until the test process ends.
pub(crate) struct Scripted {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    /// The id that the server gives to a session.
    id: fn(usize) -> i64,
    answer: fn(&Request) -> Frames,
    sessions: Mutex<Vec<TcpStream>>,
}

impl Scripted {
    pub(crate) fn start(id: fn(usize) -> i64, answer: fn(&Request) -> Frames) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared { id, answer, sessions: Mutex::default() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&accepting);
                thread::spawn(move || drop(shared.serve(stream)));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many sessions were opened or resumed.
    pub(crate) fn sessions(&self) -> usize {
        self.shared.sessions.lock().unwrap().len()
    }

    /// Cuts all connections.
    pub(crate) fn cut(&self) {
        for stream in &*self.shared.sessions.lock().unwrap() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let connect = read_frame(&mut stream)?;
        if connect == b"srvr" {
            return stream.write_all(b"Zookeeper version: scripted");
        }
        let session = {
            let mut sessions = self.sessions.lock().unwrap();
            sessions.push(stream.try_clone()?);
            sessions.len() - 1
        };
        let mut opened = [0_i32.to_be_bytes(), 4000_i32.to_be_bytes()].concat();
        opened.extend((self.id)(session).to_be_bytes());
        opened.extend(buffer(&[7; 16]));
        opened.push(0);
        stream.write_all(&buffer(&opened))?;
        loop {
            let frame = read_frame(&mut stream)?;
            let number = |at: usize| i32::from_be_bytes(frame[at..at + 4].try_into().unwrap());
            let path = frame.get(12..).filter(|_| frame.len() > 12 && number(4) != SET_WATCHES);
            let path = path.map(|rest| &rest[..(number(8) as usize).min(rest.len())]).unwrap_or_default();
            let path = String::from_utf8_lossy(path).into_owned();
            let request = Request { session, xid: number(0), operation: number(4), path };
            for frame in (self.answer)(&request) {
                stream.write_all(&buffer(&frame))?;
            }
            if request.operation == CLOSE_SESSION {
                return Ok(());
            }
        }
    }
}

/// What an honest server with these nodes says.
pub(crate) fn honest(request: &Request, nodes: &[(&str, &str)]) -> Frames {
    let node = nodes.iter().find(|(path, _)| *path == request.path);
    let body = match (request.operation, node) {
        (GET_DATA, Some((_, data))) => [buffer(data.as_bytes()), stat(data.len())].concat(),
        (EXISTS, Some((_, data))) => stat(data.len()),
        (GET_DATA | EXISTS, None) => return vec![reply(request.xid, NO_NODE, &[])],
        (GET_CHILDREN, _) => {
            let mut body = (nodes.len() as i32).to_be_bytes().to_vec();
            nodes.iter().for_each(|(path, _)| body.extend(buffer(path.trim_start_matches('/').as_bytes())));
            body
        }
        _ => buffer(request.path.as_bytes()),
    };
    vec![reply(request.xid, 0, &body)]
}

/// A reply to the request `xid`.
pub(crate) fn reply(xid: i32, error: i32, body: &[u8]) -> Vec<u8> {
    let mut frame = xid.to_be_bytes().to_vec();
    frame.extend(1_i64.to_be_bytes());
    frame.extend(error.to_be_bytes());
    frame.extend(body);
    frame
}

/// The event that a node was deleted.
pub(crate) fn deleted(path: &str) -> Vec<u8> {
    let body = [NODE_DELETED.to_be_bytes().to_vec(), 3_i32.to_be_bytes().to_vec(), buffer(path.as_bytes())];
    reply(-1, 0, &body.concat())
}

fn stat(length: usize) -> Vec<u8> {
    let mut stat = vec![0; 68];
    // mzxid and data length.
    stat[15] = 1;
    stat[52..56].copy_from_slice(&(length as i32).to_be_bytes());
    stat
}

fn buffer(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as i32).to_be_bytes(), bytes].concat()
}

fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    if &length == b"srvr" {
        return Ok(length.to_vec());
    }
    let mut frame = vec![0; u32::from_be_bytes(length).min(1 << 20) as usize];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}
