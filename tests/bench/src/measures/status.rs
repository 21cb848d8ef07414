//! The cost of being asked for the metrics of 10,000 nodes.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::measure::Round;
use super::update::delay;
use crate::environment::{Environment, NodeSize, Workload};
use crate::figures::percentile;
use crate::programs::Subject;
use crate::system::{Usage, forget_peak};
use ld_workspace::Failure;

const NODES: usize = 10_000;
/// How often the metrics are asked for beside changes: far more often than a scraper asks.
const SCRAPE_INTERVAL: Duration = Duration::from_millis(200);

/// 10,000 nodes with their metrics served.
///
/// Yields the median seconds of a scrape, the bytes that scrapes add to the resident ones at their
/// peak, and the seconds that scrapes add to the 99th percentile from write to file.
pub(super) fn scrapes(environment: &mut Environment, subject: Subject) -> Result<Round, Failure> {
    let (scrapes, changes) = if environment.quick { (10, 50) } else { (30, 300) };
    let mut workload = environment.start_with_status(subject, NODES)?;
    let socket = workload.status_socket();
    let before = workload.usage_when_idle()?.resident;
    forget_peak(workload.process.id())?;
    let seconds = (0..scrapes).map(|_| scrape(&socket)).collect::<Result<Vec<_>, _>>()?;
    let peak = Usage::of(workload.process.id())?.peak;

    let alone = delays(environment, &mut workload, changes)?;
    let stop = AtomicBool::new(false);
    let beside = thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) && scrape(&socket).is_ok() {
                thread::sleep(SCRAPE_INTERVAL);
            }
        });
        let beside = delays(environment, &mut workload, changes);
        stop.store(true, Ordering::Relaxed);
        beside
    })?;
    workload.verify(environment.node_set(NodeSize::Small))?;
    let added = p99(&beside) - p99(&alone);
    let median = percentile(&seconds, 50).unwrap_or_default();
    Ok([median, peak - before, added.max(0.0)].into())
}

fn p99(samples: &[f64]) -> f64 {
    percentile(samples, 99).unwrap_or_default()
}

/// Asks for the metrics once. Returns the seconds until the whole answer was there.
fn scrape(socket: &Path) -> Result<f64, Failure> {
    let start = Instant::now();
    let mut answer = Vec::new();
    let asked = UnixStream::connect(socket).and_then(|mut stream| {
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
        stream.read_to_end(&mut answer)
    });
    asked.map_err(Failure::doing("cannot ask for the metrics"))?;
    let seconds = start.elapsed().as_secs_f64();
    let samples =
        answer.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"live_data_node_state{"));
    match samples.count() {
        NODES => Ok(seconds),
        count => Err(Failure::new(format!("the metrics have {count} nodes"))),
    }
}

/// Changes one node again and again. Returns the seconds from each acknowledgement to the file.
fn delays(
    environment: &mut Environment,
    workload: &mut Workload,
    changes: usize,
) -> Result<Vec<f64>, Failure> {
    let mut seconds = Vec::with_capacity(changes);
    for _ in 0..changes {
        seconds.push(delay(environment, workload, NodeSize::Small)?);
    }
    Ok(seconds)
}
