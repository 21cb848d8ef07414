//! One request for a page.

use std::io::{self, Read, Write};

/// Asks for a path, and reads the whole answer, headers included.
///
/// # Errors
///
/// The connection fails, or the answer is not UTF-8.
pub fn http_get(mut stream: impl Read + Write, path: &str) -> io::Result<String> {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
