//! The server as its visitors see it, around an engine without a ZooKeeper.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ld_status::ld_config::{Config, Environment, Listen, Scope};
use ld_status::ld_sync::Engine;
use ld_status::ld_zk::{Client, Options};
use ld_status::{Error, MAX_CONNECTIONS, Server, StatusView, fetch};

const CONFIG: &str = "[live-data]\nzookeeper.hosts = 127.0.0.1:1\nzookeeper.credentials = secret/a\n\
                      secrets.path = /no/such/planted-path\nnodes.a.source = /a\nnodes.a.dest = /tmp/a\n\
                      nodes.b.source = /b\nnodes.b.dest = /tmp/b\n";

/// More than any answer takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// A server at `listen` with two nodes, and what it needs.
fn serve(listen: &Listen) -> Result<Server, Error> {
    let parsed = Config::parse(CONFIG, "test", &Environment::empty(), Scope::Watcher).unwrap();
    let config = parsed.config;
    let client = Client::new(&config.zookeeper, &config.secrets, Options::default()).unwrap();
    let engine = Engine::builder(Arc::new(client.clone())).nodes(config.nodes.clone()).start().unwrap();
    let view = StatusView::new(Arc::new(engine), client, &config, "1.2.3");
    Server::start(listen, view, &tokio::runtime::Handle::current())
}

fn anywhere() -> Listen {
    Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)))
}

fn address(server: &Server) -> SocketAddr {
    match server.address() {
        Listen::Tcp(address) => *address,
        other => panic!("{other}"),
    }
}

/// The whole answer to `request`, which is sent as it is.
fn ask(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(address(server)).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get(server: &Server, path: &str) -> String {
    ask(server, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_path_has_its_answer() {
    let server = serve(&anywhere()).unwrap();
    assert!(get(&server, "/healthz").starts_with("HTTP/1.1 200 "));
    let ready = get(&server, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 503 ") && ready.contains("first outcome: 2"), "{ready}");
    let page = get(&server, "/");
    assert!(page.contains("<title>live data</title>") && page.contains("default-src 'none'"), "{page}");
    assert!(get(&server, "/secret").starts_with("HTTP/1.1 404 "));
    let refused = ask(&server, "POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    assert!(refused.starts_with("HTTP/1.1 405 ") && refused.contains("allow: GET, HEAD"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_metrics_of_a_drained_engine_are_served() {
    let config = Config::parse(CONFIG, "test", &Environment::empty(), Scope::Watcher).unwrap().config;
    let client = Client::new(&config.zookeeper, &config.secrets, Options::default()).unwrap();
    let engine = Engine::builder(Arc::new(client.clone())).nodes(config.nodes.clone()).start().unwrap();
    assert!(engine.drain(LIMIT).await);
    let view = StatusView::new(Arc::new(engine), client, &config, "1.2.3");
    let server = Server::start(&anywhere(), view, &tokio::runtime::Handle::current()).unwrap();
    // The first request may come before the server knows of the end.
    for _ in 0..3 {
        assert!(get(&server, "/metrics").contains("live_data_node_state{node=\"a\""));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_come_in_the_format_that_is_asked_for() {
    let server = serve(&anywhere()).unwrap();
    let plain = get(&server, "/metrics");
    assert!(plain.contains("text/plain; version=0.0.4"), "{plain}");
    assert!(plain.contains("live_data_node_state{node=\"a\",state=\"waiting\"} 1\n"), "{plain}");
    assert!(plain.contains("# TYPE live_data_failures_total counter"), "{plain}");
    assert!(!plain.contains("# EOF"), "{plain}");
    let open = ask(
        &server,
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: application/openmetrics-text\r\n\r\n",
    );
    assert!(
        open.contains("application/openmetrics-text; version=1.0.0") && open.ends_with("# EOF\n"),
        "{open}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_fetched_and_shows_no_path_of_a_secret() {
    let server = serve(&anywhere()).unwrap();
    let began = Instant::now();
    let report = loop {
        let report = fetch(server.address(), LIMIT).await.unwrap();
        if report.sessions.iter().any(|session| session.last_error.is_some()) {
            break report;
        }
        assert!(began.elapsed() < LIMIT, "{report:?}");
        tokio::task::yield_now().await;
    };
    assert_eq!(report.nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(!report.ready && !report.is_fresh() && report.version == "1.2.3");
    for path in ["/status", "/metrics", "/"] {
        let answer = get(&server, path);
        assert!(!answer.contains("planted-path") && !answer.contains("secret/a"), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_visitors_hold_up_no_other_for_long() {
    let server = serve(&anywhere()).unwrap();
    // More than are served at one time, each silent after a piece of a request.
    let slow: Vec<_> = (0..MAX_CONNECTIONS + 40)
        .map(|_| {
            let mut stream = TcpStream::connect(address(&server)).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
            stream
        })
        .collect();
    assert!(get(&server, "/healthz").starts_with("HTTP/1.1 200 "));
    drop(slow);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_huge_request_is_refused() {
    let server = serve(&anywhere()).unwrap();
    let mut stream = TcpStream::connect(address(&server)).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let _ = stream.write_all(format!("GET /{} HTTP/1.1\r\n", "x".repeat(1 << 20)).as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    assert!(get(&server, "/healthz").starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_left_behind_is_replaced_and_a_live_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("status.sock");
    drop(UnixListener::bind(&path).unwrap());
    let listen = Listen::Unix(path.clone());
    let server = serve(&listen).unwrap();
    assert!(fetch(&listen, LIMIT).await.is_ok());
    let error = serve(&listen).unwrap_err();
    assert!(matches!(error, Error::CannotListen { .. }), "{error}");
    drop(server);
    assert!(!path.exists() && UnixStream::connect(&path).is_err());
    let error = fetch(&listen, LIMIT).await.unwrap_err();
    assert!(error.to_string().contains("cannot be asked"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_of_another_process_is_not_removed_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("status.sock");
    let server = serve(&Listen::Unix(path.clone())).unwrap();
    std::fs::remove_file(&path).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    drop(server);
    assert!(UnixStream::connect(&path).is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_with_a_full_queue_does_not_hold_up_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("status.sock");
    let _other = UnixListener::bind(&path).unwrap();
    let connect = async || tokio::net::UnixStream::connect(&path).await;
    let mut waiting = Vec::new();
    // It takes no connection. One that does not wait is refused when the queue is full.
    while let Ok(stream) = connect().await {
        waiting.push(stream);
    }
    let (path, runtime) = (path.clone(), tokio::runtime::Handle::current());
    let started = tokio::task::spawn_blocking(move || {
        let _runtime = runtime.enter();
        serve(&Listen::Unix(path)).map(drop)
    });
    let error = tokio::time::timeout(LIMIT, started).await.expect("it does not wait").unwrap().unwrap_err();
    assert!(error.to_string().contains("in use"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_by_a_foreign_name_is_refused_on_loopback() {
    let server = serve(&anywhere()).unwrap();
    let code = |host: &str| {
        let answer = ask(&server, &format!("GET /status HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    for host in ["localhost", "LocalHost:9102", "127.0.0.1:9102", "[::1]:9102", "10.0.0.1"] {
        assert_eq!(code(host), "200", "{host}");
    }
    for host in ["evil.example", "evil.example:9102", "localhost.evil.example", "127.0.0.1.evil.example", "@"]
    {
        assert_eq!(code(host), "421", "{host}");
    }
    assert!(ask(&server, "GET /healthz HTTP/1.0\r\n\r\n").contains(" 200 "));
}
