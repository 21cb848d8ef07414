//! The object of a pointer, by the smallest client that a server with public buckets answers.

use std::env;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use ld_testkit::sse_c_headers;

use crate::nodes::SSE_KEY;

/// Of the file's other nodes, none waits longer than this for an object.
const LIMIT: Duration = Duration::from_secs(1);
/// Loads the object at `place`. With `accepts_parts` it returns what came before the connection
/// ended.
pub(super) fn load(place: &str, accepts_parts: bool) -> io::Result<Vec<u8>> {
    let endpoint = env::var("AWS_ENDPOINT_URL").map_err(io::Error::other)?;
    let server = endpoint.strip_prefix("http://").unwrap_or(&endpoint);
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let key = sse_c_headers(SSE_KEY).map(|(name, value)| format!("{name}: {value}\r\n")).concat();
    write!(stream, "GET /{place} HTTP/1.1\r\nHost: {server}\r\n{key}\r\n")?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    if !line.contains(" 200 ") {
        return Err(ErrorKind::NotFound.into());
    }
    let mut length = 0;
    while !line.trim_end().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
        if let Some(("content-length", value)) = line.to_ascii_lowercase().split_once(':') {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut object = Vec::new();
    let ended = reader.take(length).read_to_end(&mut object);
    if object.len() as u64 == length || (accepts_parts && ended.is_ok()) {
        return Ok(object);
    }
    Err(ErrorKind::UnexpectedEof.into())
}
