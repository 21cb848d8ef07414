//! The service as its users see it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use filewatch_axum::{flags, follow, service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

fn replace(path: &Path, content: &str) {
    let temp = path.with_extension("new");
    fs::write(&temp, content).unwrap();
    fs::rename(&temp, path).unwrap();
}

/// The status line and the body.
async fn fetch(address: SocketAddr, path: &str) -> (String, String) {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

// One thread: a call that blocks would stop the service.
#[tokio::test]
async fn the_service_follows_its_flags() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flags.json");
    let flags = flags(&path).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = service(flags.clone());
    tokio::spawn(async move { axum::serve(listener, service).await });
    let (status, body) = fetch(address, "/").await;
    assert!(status.contains("503") && body.ends_with("the file does not exist"), "{status} {body}");

    let (tell, mut told) = mpsc::unbounded_channel();
    let following = tokio::spawn(follow(flags.clone(), move |version, _| tell.send(version).unwrap()));
    for (version, content, page) in [
        (1, r#"{"new_checkout": false}"#, "the old checkout"),
        (2, r#"{"new_checkout": true}"#, "the new checkout"),
    ] {
        replace(&path, content);
        assert_eq!(timeout(SOON, told.recv()).await.expect("a change"), Some(version));
        assert_eq!(fetch(address, "/").await.1, page);
        assert_eq!(fetch(address, "/health").await.1, format!("version {version}"));
    }
    timeout(SOON, flags.available()).await.expect("content is there").unwrap();
    flags.close();
    timeout(SOON, following).await.expect("the stream ends").unwrap();
}
