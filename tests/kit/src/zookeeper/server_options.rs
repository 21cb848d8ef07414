//! The settings of a server.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::zookeeper::secure_port::SecurePort;

/// The settings of one server. The defaults suit most tests.
///
/// Write `ServerOptions { tick: .., ..Default::default() }`.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// ZooKeeper's unit of time; sessions expire on its multiples. Whole milliseconds. Default
    /// 200 ms.
    pub tick: Duration,
    /// The shortest session timeout that a client may negotiate. Default 400 ms.
    pub min_session_timeout: Duration,
    /// The longest session timeout that a client may negotiate. Default 60 s.
    pub max_session_timeout: Duration,
    /// Connections allowed from one address; 0 means no limit. Default 0 (60 in ZooKeeper).
    pub max_client_connections: u32,
    /// `jute.maxbuffer` in bytes: the largest request. `None` leaves the default, 1,048,575.
    pub max_buffer: Option<u32>,
    /// The server's largest heap in MiB: its nodes and the last 500 writes must fit. Default 256.
    pub heap: u32,
    /// Whether a member without a quorum serves reads to clients that accept that. Default false.
    pub read_only_mode: bool,
    /// How long a follower may lag behind its leader; at least one tick. Default 3 s.
    pub sync_limit: Duration,
    /// A second port with TLS. Default none.
    pub secure: Option<SecurePort>,
    /// More lines of `zoo.cfg`, as `key=value`.
    pub extra_config: Vec<String>,
    /// More Java properties, as `key=value`.
    pub extra_properties: Vec<String>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            tick: Duration::from_millis(200),
            min_session_timeout: Duration::from_millis(400),
            max_session_timeout: Duration::from_secs(60),
            max_client_connections: 0,
            max_buffer: None,
            heap: 256,
            read_only_mode: false,
            sync_limit: Duration::from_secs(3),
            secure: None,
            extra_config: Vec::new(),
            extra_properties: Vec::new(),
        }
    }
}

impl ServerOptions {
    pub(crate) fn config(&self, address: SocketAddr, data: &Path, members: &[String]) -> String {
        let tick = self.tick.as_millis().max(1);
        let sync_ticks = self.sync_limit.as_millis().div_ceil(tick).max(1);
        let mut text = format!(
            "dataDir={data}\nclientPort={port}\nclientPortAddress={ip}\ntickTime={tick}\n\
             minSessionTimeout={min}\nmaxSessionTimeout={max}\nmaxClientCnxns={connections}\n\
             initLimit={init}\nsyncLimit={sync_ticks}\nadmin.enableServer=false\n4lw.commands.whitelist=*\n",
            data = data.display(),
            port = address.port(),
            ip = address.ip(),
            min = self.min_session_timeout.as_millis(),
            max = self.max_session_timeout.as_millis(),
            connections = self.max_client_connections,
            init = sync_ticks * 4,
        );
        for line in members.iter().chain(&self.extra_config) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{line}");
        }
        text
    }

    pub(crate) fn properties(&self) -> Vec<String> {
        let mut properties = self.extra_properties.clone();
        properties.extend(self.max_buffer.map(|bytes| format!("jute.maxbuffer={bytes}")));
        properties.push(format!("readonlymode.enabled={}", self.read_only_mode));
        properties
    }
}
