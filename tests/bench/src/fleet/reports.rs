//! What the reports of a fleet cost its servers.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use ld_config::{PublishConfig, SecretsConfig, ZooKeeperConfig};
use ld_fleet::{Fleet, Goal, Share, Waited, wait_for};
use ld_testkit::Admin;
use ld_workspace::Failure;
use ld_zk::{Client, Options};

use super::content::{content, path};
use super::hosts::HostsOptions;
use super::idle_sessions::{self, FEW};
use super::propagation;
use super::servers::Servers;
use crate::figures::{Unit, median, table};

/// Longer than a report may wait, with its random part.
const SETTLED: Duration = Duration::from_secs(5);
/// Changes that are waited for as `live-data-writer --wait` does.
const WAITS: usize = 5;
/// Limit for the reports of all hosts.
const LIMIT: Duration = Duration::from_secs(120);
/// The size of the node that changes.
const BYTES: usize = 200;

/// The same fleet without and with reports.
#[derive(Debug)]
pub(super) struct Reports {
    servers: &'static str,
    hosts: usize,
    /// Bytes of live objects for each report; `None` without `jcmd`.
    memory: Option<f64>,
    without: Cost,
    with: Cost,
    /// Reports that a host wrote for one change.
    writes: f64,
    /// Bytes of a report.
    bytes: f64,
    /// Seconds until `--wait 100%` is reached.
    waited: f64,
    /// Seconds of `live-data-ctl hosts` for the whole fleet.
    read: f64,
}

/// What a change and the 5 s after it cost.
#[derive(Debug)]
struct Cost {
    /// Seconds until the last host has it: the median of the rounds.
    last: f64,
    /// CPU seconds and bytes written of all servers, for each host.
    cpu: f64,
    written: f64,
}

pub(super) fn measure(ensemble: bool, options: &HostsOptions, rounds: usize) -> Result<Reports, Failure> {
    let servers = Servers::start(ensemble, FEW)?;
    let options = HostsOptions { servers: servers.connect_string(), ..options.clone() };
    let admin = servers.admin();
    for path in ["/live-data", "/live-data/hosts"] {
        admin.create(path, "").map_err(Failure::doing("cannot create a directory"))?;
    }
    let mut version = 0;
    let hosts = options.hosts as f64;
    let one = |reports: bool, version: &mut u64| {
        let options = HostsOptions { reports, ..options.clone() };
        let mut started = idle_sessions::start(&servers, &options, *version)?;
        if reports {
            wait_for_reports(&servers, options.hosts)?;
        }
        thread::sleep(SETTLED);
        // The writes of the start are none of a change.
        let (written_before, _) = written(&admin, options.hosts)?;
        let heap = servers.heap()?;
        let before = servers.counters()?;
        let mut lasts = Vec::new();
        for _ in 0..rounds {
            lasts.push(propagation::measure(&servers, &mut started, version, BYTES, 1)?.last_median);
            thread::sleep(SETTLED);
        }
        let after = servers.counters()?;
        let changes = hosts * rounds as f64;
        let cost = Cost {
            last: median(&lasts).unwrap_or_default(),
            cpu: (after.cpu - before.cpu) / changes,
            written: (after.written - before.written) / changes,
        };
        let (written, bytes) = written(&admin, options.hosts)?;
        Ok::<_, Failure>((started, heap, cost, ((written - written_before) / changes, bytes)))
    };
    let (started, plain_heap, without, _) = one(false, &mut version)?;
    idle_sessions::end(&servers, started)?;
    let (mut started, heap, with, (writes, bytes)) = one(true, &mut version)?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::doing("cannot start a runtime"))?;
    let (waited, read) = runtime.block_on(async {
        let config = ZooKeeperConfig::builder().hosts(&servers.connect_string()).build();
        let config = config.map_err(Failure::doing("the hosts are invalid"))?;
        let client = Client::new(&config, &SecretsConfig::default(), Options::default());
        let client = client.map_err(Failure::doing("cannot create a client"))?;
        let publish = PublishConfig::default();
        let mut waits = Vec::new();
        for _ in 0..WAITS {
            version += 1;
            let new = content(version, BYTES);
            admin.set(&path(0), &new).map_err(Failure::doing("cannot write a node"))?;
            let (began, node) = (Instant::now(), path(0));
            let goal = Goal::new(&node, &new, Share::WHOLE);
            let waited = wait_for(&client, &publish, &goal, LIMIT, |_, _| ()).await;
            match waited.map_err(Failure::doing("cannot wait"))? {
                Waited::Reached(_) => waits.push(began.elapsed().as_secs_f64()),
                other => return Err(Failure::new(format!("not all hosts have it: {other:?}"))),
            }
            tokio::time::sleep(SETTLED).await;
        }
        let began = Instant::now();
        let fleet = Fleet::read(&client, &publish, None).await.map_err(Failure::doing("cannot read"))?;
        if fleet.good as usize != options.hosts {
            return Err(Failure::new(format!("{} of {} hosts are good", fleet.good, options.hosts)));
        }
        Ok((median(&waits).unwrap_or_default(), began.elapsed().as_secs_f64()))
    })?;
    started.wait_for_version(version, LIMIT)?;
    Ok(Reports {
        servers: servers.name(),
        hosts: options.hosts,
        memory: plain_heap.zip(heap).map(|(plain, heap)| (heap - plain) / hosts),
        without,
        with,
        writes,
        bytes,
        waited,
        read,
    })
}

/// How often reports were written after they were made, and the mean of their sizes in bytes.
fn written(admin: &Admin, hosts: usize) -> Result<(f64, f64), Failure> {
    let (mut reports, mut writes, mut bytes) = (0.0, 0.0, 0.0);
    for host in 0..hosts {
        let stat = admin.exists(&format!("/live-data/hosts/h{host}"));
        if let Some(stat) = stat.map_err(Failure::doing("cannot look at a report"))? {
            reports += 1.0;
            writes += f64::from(stat.version);
            bytes += f64::from(stat.data_length);
        }
    }
    Ok((writes, bytes / f64::max(reports, 1.0)))
}

fn wait_for_reports(servers: &Servers, hosts: usize) -> Result<(), Failure> {
    let (admin, began) = (servers.admin(), Instant::now());
    while began.elapsed() < LIMIT {
        let have = admin.children("/live-data/hosts").map_err(Failure::doing("cannot list reports"))?;
        if have.len() >= hosts {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(Failure::new("not all hosts report in time"))
}

/// The figures as a table.
pub(super) struct Table(pub(super) Vec<Reports>);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = [
            "servers",
            "hosts",
            "reports",
            "last host has a lone change",
            "server CPU a host",
            "bytes written a host",
            "writes a host",
            "a report",
            "memory a report",
            "`--wait 100%`",
            "`hosts`",
        ];
        let rows = self.0.iter().flat_map(|reports| {
            let row = |name: &str, cost: &Cost, rest: [String; 5]| {
                let first = [
                    reports.servers.to_owned(),
                    reports.hosts.to_string(),
                    name.to_owned(),
                    Unit::Seconds.show(cost.last),
                    Unit::Seconds.show(cost.cpu),
                    format!("{:.0}", cost.written),
                ];
                let cells: Vec<_> = first.into_iter().chain(rest).collect();
                <[String; 11]>::try_from(cells).unwrap_or_default()
            };
            let with = [
                format!("{:.2}", reports.writes),
                format!("{:.0} B", reports.bytes),
                reports.memory.map_or("unknown".to_owned(), |bytes| format!("{bytes:.0} B")),
                Unit::Seconds.show(reports.waited),
                Unit::Seconds.show(reports.read),
            ];
            [row("no", &reports.without, Default::default()), row("yes", &reports.with, with)]
        });
        let rows: Vec<_> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
        write!(f, "{}", table(&rows))
    }
}
