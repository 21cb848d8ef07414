//! Servers that misbehave, and the errors for those that are not ZooKeeper servers.

use std::io::Write;
use std::net::TcpListener;
use std::thread;

use ld_config::SecretsConfig;
use ld_testkit::{Server, ServerOptions};
use ld_zk::{Client, Options};

use crate::kit::{client, config, next, open, text, until_content, within};
use crate::scripted::{EXISTS, GET_DATA, SET_WATCHES, SYNC, Scripted, THROTTLED, deleted, honest, reply};

const NODES: &[(&str, &str)] = &[("/node", "one"), ("/other", "two")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_makes_the_library_panic_costs_a_session() {
    let server = Scripted::start(
        |session| session as i64 + 1,
        |request| match (request.session, request.operation) {
            // Shorter than the stat that ends it.
            (0, GET_DATA) => vec![reply(request.xid, 0, &[0; 10])],
            _ => honest(request, NODES),
        },
    );
    let client = client(server.address());
    let mut watch = client.watch("/node").unwrap();
    assert_eq!(text(&next(&mut watch).await), "one");
    assert_eq!(server.sessions(), 2, "the session whose client failed is replaced");
    assert_eq!(text(&next(&mut client.watch("/other").unwrap()).await), "two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resume_by_another_ensemble_deletes_nothing() {
    // It resumes the session with another id, and holds no data.
    let server = Scripted::start(
        |session| session as i64 + 1,
        |request| match (request.session, request.operation) {
            (0, _) => honest(request, NODES),
            (_, SET_WATCHES) => vec![reply(request.xid, 0, &[]), deleted("/node")],
            _ => honest(request, &[]),
        },
    );
    let mut watch = client(server.address()).watch("/node").unwrap();
    assert_eq!(text(&next(&mut watch).await), "one");
    server.cut();
    let after = text(&next(&mut watch).await);
    assert!(after.starts_with("<unconfirmed: "), "{after}");
}

/// Why there is no session.
async fn connection_error(client: &Client) -> String {
    let mut states = client.states();
    within("a failed attempt", async {
        while states.get().last_error().is_none() {
            states.changed().await.expect("the client lives");
        }
    })
    .await;
    client.connection_error().expect("there is no session")
}

/// A server that greets each connection and closes it.
fn greeter(greeting: &'static [u8]) -> std::net::SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(|mut stream| drop(stream.write(greeting))));
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_server_that_opens_no_session_is_named_with_its_reason() {
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let (http, ssh) = (greeter(b"HTTP/1.1 400 Bad Request\r\n\r\n"), greeter(b"SSH-2.0-OpenSSH_9.2\r\n"));
    let mut all = config(free);
    all.hosts.extend([http, ssh].iter().flat_map(|address| config(*address).hosts));
    let error = connection_error(&open(&all)).await;
    let expected = [
        format!("{free} refuses connections"),
        format!("{http} answers with HTTP, it is not a ZooKeeper server"),
        format!("{ssh} answers with SSH, it is not a ZooKeeper server"),
    ];
    for expected in expected {
        assert!(error.contains(&expected), "{expected}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_no_connection_to_spare_is_said_to_have_none() {
    let server = Server::start_with(ServerOptions { max_client_connections: 1, ..ServerOptions::default() });
    let first =
        Client::new(&config(server.address()), &SecretsConfig::default(), Options::default()).unwrap();
    within("the only connection", first.session()).await.unwrap();
    let error = connection_error(&client(server.address())).await;
    assert!(error.contains("closes connections at once: it may have reached maxClientCnxns"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_reply_leaves_other_nodes_alone() {
    // The node is never readable; the other one is, in each new session.
    let server = Scripted::start(
        |session| session as i64 + 1,
        |request| match (request.path.as_str(), request.operation) {
            ("/node", GET_DATA) => vec![reply(request.xid, 0, &[0; 10])],
            _ => honest(request, NODES),
        },
    );
    let client = client(server.address());
    let (mut bad, mut good) = (client.watch("/node").unwrap(), client.watch("/other").unwrap());
    let bad = tokio::spawn(async move { text(&next(&mut bad).await) });
    until_content(&mut good, "two").await;
    let bad = bad.await.unwrap();
    assert!(bad.contains("ClientFailed"), "{bad}");
    until_content(&mut good, "two").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_fails_reads_and_gives_no_answers_is_replaced() {
    // The first session is opened with its first request, a sync, and is of no use then.
    let server = Scripted::start(
        |session| session as i64 + 1,
        |request| match (request.session, request.operation) {
            (0, EXISTS) => vec![reply(request.xid, THROTTLED, &[])],
            (0, SYNC) if request.xid > 1 => Vec::new(),
            _ => honest(request, NODES),
        },
    );
    let client = client(server.address());
    until_content(&mut client.watch("/other").unwrap(), "two").await;
    assert_eq!(server.sessions(), 2);
}
