//! Replies, usual and scripted.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;

use super::http::S3Request;
use super::rules::{Verdict, judge, place};
use super::script::S3Fault;
use super::{Object, Shared};

/// Bytes of content written at a time.
const PIECE: usize = 64 * 1024;

/// The largest body that is remembered.
const MAX_LOGGED: usize = 64 * 1024;

type Headers = Vec<(String, String)>;

/// Answers one request. Returns whether the connection may go on.
pub(super) fn answer(shared: &Shared, request: S3Request, stream: &mut TcpStream) -> io::Result<bool> {
    let is_head = request.method == "HEAD";
    let (verdict, fault) = {
        let mut state = shared.lock();
        state.requests.push(logged(&request));
        let script = state.scripts.get_mut(&place(&request));
        let fault = script.and_then(|script| script.pop_front()).unwrap_or(S3Fault::None);
        let is_done = !matches!(fault, S3Fault::Silence | S3Fault::Status(..) | S3Fault::Page(..));
        let verdict = if is_done { judge(&mut state, &request) } else { Verdict::Empty(200, Vec::new()) };
        (verdict, fault)
    };
    match (fault, verdict) {
        (S3Fault::Silence, _) => wait_for_end(stream),
        (S3Fault::LostAnswer, _) => Ok(false),
        (S3Fault::Status(status, code), _) => error(stream, status, code, &[]),
        (S3Fault::Page(headers, body), _) => {
            write!(stream, "HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())?;
            Ok(true)
        }
        (fault, Verdict::Object(object, headers)) => send(stream, &object, headers, &fault),
        (_, Verdict::Head(object, mut headers)) => {
            headers.push(("ETag".into(), "\"an ETag that is no MD5\"".into()));
            headers.push(("Content-Length".into(), object.content.len().to_string()));
            head(stream, 200, &headers)?;
            Ok(true)
        }
        (_, Verdict::Xml(body, mut headers)) => {
            headers.push(("Content-Length".into(), body.len().to_string()));
            head(stream, 200, &headers)?;
            stream.write_all(body.as_bytes())?;
            Ok(true)
        }
        (_, Verdict::Empty(status, headers)) => {
            head(stream, status, &[headers, vec![("Content-Length".into(), "0".into())]].concat())?;
            Ok(true)
        }
        // A reply to HEAD has no body.
        (_, Verdict::Error(status, _)) if is_head => {
            head(stream, status, &[("Content-Length".into(), "0".into())])?;
            Ok(true)
        }
        (_, Verdict::Error(status, code)) => error(stream, status, code, &[]),
        (_, Verdict::Moved(region)) => {
            let headers = [("x-amz-bucket-region".to_owned(), region)];
            error(stream, 301, "PermanentRedirect", &headers)
        }
    }
}

/// The request without a large body.
fn logged(request: &S3Request) -> S3Request {
    let body = if request.body.len() <= MAX_LOGGED { request.body.clone() } else { Vec::new() };
    let S3Request { method, target, headers, .. } = request;
    S3Request { method: method.clone(), target: target.clone(), headers: headers.clone(), body }
}

fn head(stream: &mut TcpStream, status: u16, headers: &[(String, String)]) -> io::Result<()> {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(stream, "HTTP/1.1 {status} Status\r\nx-amz-request-id: TESTKIT\r\n{lines}\r\n")
}

fn error(stream: &mut TcpStream, status: u16, code: &str, headers: &[(String, String)]) -> io::Result<bool> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>");
    let mut headers = headers.to_vec();
    headers.push(("Content-Type".into(), "application/xml".into()));
    headers.push(("Content-Length".into(), body.len().to_string()));
    head(stream, status, &headers)?;
    stream.write_all(body.as_bytes())?;
    Ok(true)
}

/// The content of an object, spoilt by `fault`.
fn send(stream: &mut TcpStream, object: &Object, mut headers: Headers, fault: &S3Fault) -> io::Result<bool> {
    let content = &object.content[..];
    headers.push(("ETag".into(), "\"an ETag that is no MD5\"".into()));
    let is_marked_by_length = !matches!(fault, S3Fault::CloseDelimited(_) | S3Fault::Chunked(_));
    if is_marked_by_length {
        headers.push(("Content-Length".into(), content.len().to_string()));
    }
    match fault {
        S3Fault::Header(name, value) => {
            headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
            headers.push(((*name).into(), (*value).into()));
        }
        S3Fault::Without(name) => headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name)),
        S3Fault::Chunked(_) => headers.push(("Transfer-Encoding".into(), "chunked".into())),
        _ => {}
    }
    head(stream, 200, &headers)?;
    let up_to = |bytes: usize| &content[..bytes.min(content.len())];
    match fault {
        S3Fault::StallAfter(bytes) => {
            stream.write_all(up_to(*bytes))?;
            wait_for_end(stream)
        }
        S3Fault::Trickle(bytes, pause) => {
            for piece in content.chunks(*bytes) {
                thread::sleep(*pause);
                stream.write_all(piece)?;
            }
            Ok(true)
        }
        S3Fault::CutAfter(bytes) | S3Fault::CloseDelimited(bytes) => {
            stream.write_all(up_to(*bytes))?;
            Ok(false)
        }
        S3Fault::Chunked(cut) => {
            for piece in up_to(cut.unwrap_or(usize::MAX)).chunks(PIECE) {
                write!(stream, "{:x}\r\n", piece.len())?;
                stream.write_all(piece)?;
                stream.write_all(b"\r\n")?;
            }
            if cut.is_some() {
                return Ok(false);
            }
            stream.write_all(b"0\r\n\r\n")?;
            Ok(true)
        }
        S3Fault::Changed => {
            let mut changed = content.to_vec();
            if let Some(first) = changed.first_mut() {
                *first ^= 1;
            }
            stream.write_all(&changed)?;
            Ok(true)
        }
        _ => {
            stream.write_all(content)?;
            // A length that does not fit spoils the connection.
            Ok(!matches!(fault, S3Fault::Header(..)))
        }
    }
}

/// Says nothing until the client ends the connection.
fn wait_for_end(stream: &mut TcpStream) -> io::Result<bool> {
    while stream.read(&mut [0])? > 0 {}
    Ok(false)
}
