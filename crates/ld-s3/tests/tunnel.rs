//! An HTTP proxy for servers with TLS: it connects, and passes on what it does not understand.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A proxy that leads to one server, whatever name it is asked for.
#[derive(Debug)]
pub(crate) struct Tunnel {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    /// Starts a proxy that demands this header, if any.
    pub(crate) async fn start(server: SocketAddr, demanded: Option<&'static str>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let tunnel = Self { address: listener.local_addr().unwrap(), heads: Arc::default() };
        let heads = Arc::clone(&tunnel.heads);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap().to_lowercase();
                let is_allowed = demanded.is_none_or(|header| head.contains(&header.to_lowercase()));
                heads.lock().unwrap().push(head);
                if !is_allowed {
                    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
                    client.write_all(refusal.as_bytes()).await.unwrap();
                    continue;
                }
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let mut server = TcpStream::connect(server).await.unwrap();
                tokio::spawn(async move { drop(copy_bidirectional(&mut client, &mut server).await) });
            }
        });
        tunnel
    }

    /// The heads of all requests so far, in lower case.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}
