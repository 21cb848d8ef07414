//! A pointer, and what a server answers for its object: what is asked for is what the pointer says,
//! the answer is read without a panic and in time, and the key of the encryption shows nowhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ld_s3::ld_config::{S3Config, escape_hidden};
use ld_s3::ld_sync::{Loader, Pointer};
use ld_s3::{AwsEnvironment, S3Loader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::expected_pointer::Expected;
use crate::limit::within;
use crate::panics;
use crate::terminal::assert_one_line;

/// Separates the pointer from the answer.
const PARTING: &[u8] = b"\n=======\n";

/// Planted in the seeds as a key of SSE-C: nothing that is printed may contain it.
const HUSH: &str = "hunter2-hunter2-hunter2-hunter2-";

/// For [`crate::GROWN_BYTES`].
const LIMIT: Duration = Duration::from_secs(2);

/// The longest message: it quotes a part of the key.
const MAX_MESSAGE_BYTES: usize = 8_192;

/// The longest load: the server always ends the connection at once. It is real time.
const LOAD_LIMIT: Duration = Duration::from_secs(10);

/// The URL of a longer key may be too long to be asked for.
const MAX_KEY_BYTES: usize = 8_192;

pub(crate) fn check(data: &[u8]) {
    panics::watch();
    let (json, answer) = sides(data);
    // The engine hands on text only.
    let Ok(json) = std::str::from_utf8(json) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be built").block_on(async {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = server.local_addr().expect("it is bound").port();
        let loader = S3Loader::with_environment(&S3Config::default(), environment(port));
        let parsed = within(LIMIT, "reading a pointer", || loader.parse(json));
        let expected = Expected::of(json);
        let pointer = match (parsed, &expected) {
            (Ok(_), Some(Err(why))) => panic!("accepted, although {why}"),
            (Err(error), Some(Ok(expected))) => panic!("refused ({error}): {expected:?}"),
            (Err(error), _) => return assert_safe(&error),
            (Ok(pointer), _) => pointer,
        };
        // What the reference does not understand, and access points, which have names of their own.
        let Some(Ok(expected)) = expected else { return };
        assert!(format!("s3://{}/{}", expected.bucket, expected.key).starts_with(shown(&pointer.target())));
        load(&*pointer, &expected, &server, answer).await;
    });
    panics::assert_none();
}

fn sides(data: &[u8]) -> (&[u8], &[u8]) {
    let parting = data.windows(PARTING.len()).position(|window| window == PARTING);
    parting.map_or((data, b""), |at| (&data[..at], &data[at + PARTING.len()..]))
}

/// What a target shows of a long key.
fn shown(target: &str) -> &str {
    target.strip_suffix("...").unwrap_or(target)
}

fn environment(port: u16) -> AwsEnvironment {
    let variables = [
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_ACCESS_KEY_ID", "A".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "S".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    AwsEnvironment::new(HashMap::from(variables), None)
}

async fn load(pointer: &dyn Pointer, expected: &Expected, server: &TcpListener, answer: &[u8]) {
    let mut content = Vec::new();
    let requests = RefCell::new(Vec::new());
    let loaded = {
        let serve = async {
            loop {
                let (stream, _) = server.accept().await.expect("a listener accepts");
                // A connection that breaks is the client's choice.
                let _ = exchange(stream, answer, &requests).await;
            }
        };
        let load = timeout(LOAD_LIMIT, pointer.load(None, &mut content));
        tokio::select! {
            biased;
            loaded = load => loaded.unwrap_or_else(|_| panic!("no end within {LOAD_LIMIT:?}")),
            () = serve => unreachable!("it serves without end"),
        }
    };
    let requests = requests.into_inner();
    assert!(!requests.is_empty() || expected.key.len() > MAX_KEY_BYTES, "nothing was asked for");
    for request in &requests {
        expected.assert_asked_by(request);
    }
    match loaded {
        // A key may be anything, also what is a secret elsewhere.
        Err(error) => assert_safe(&error.to_string().replace(&expected.shown_key(), "")),
        // Chunks may have anything between them.
        Ok(()) if answer.windows(7).any(|word| word.eq_ignore_ascii_case(b"chunked")) => {}
        Ok(()) => {
            assert!(answer.windows(4).any(|part| part == b" 200"), "no success: {answer:?}");
            assert!(
                content.is_empty() || answer.windows(content.len()).any(|part| part == content),
                "not of the answer: {content:?}"
            );
        }
    }
}

/// Reads the head of a request, answers, and waits for the end of the connection.
async fn exchange(
    mut stream: TcpStream,
    answer: &[u8],
    requests: &RefCell<Vec<String>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    requests.borrow_mut().push(String::from_utf8(head).expect("a request's head is text"));
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    stream.read_to_end(&mut Vec::new()).await.map(drop)
}

fn assert_safe(message: &str) {
    assert_one_line(&escape_hidden(message), MAX_MESSAGE_BYTES);
    for secret in [HUSH.to_owned(), STANDARD.encode(HUSH)] {
        assert!(!message.contains(&secret), "a secret shows: {message}");
    }
}
