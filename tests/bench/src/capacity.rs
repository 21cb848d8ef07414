//! `cargo dev scale`: the arithmetic of docs/scale.md for a fleet of any size.

use ld_config::with_commas;
use std::time::Duration;

use clap::Args;

/// A fleet and the servers that its hosts connect to.
#[derive(Debug, Clone, Args)]
pub struct Capacity {
    /// The number of hosts.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    hosts: u64,
    /// The number of nodes that a host follows.
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    nodes: u64,
    /// The number of servers that the hosts connect to: voters, or observers if there are any.
    #[arg(long, default_value = "3", value_parser = clap::value_parser!(u64).range(2..=MOST))]
    servers: u64,
    /// `zookeeper.timeout`, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    timeout: u64,
    /// The length of a changed content, in bytes.
    #[arg(long, default_value = "1000", value_parser = clap::value_parser!(u64).range(..=MOST))]
    bytes: u64,
    /// The length of a node's path with its chroot, in bytes.
    #[arg(long, default_value = "9", value_parser = clap::value_parser!(u64).range(..=MOST))]
    path: u64,
    /// `watcher.heartbeat_interval`, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    heartbeat: u64,
}

/// The largest figure that is taken. Products of two fit into 64 bits.
const MOST: u64 = 1_000_000_000;
/// Pings a second with a session timeout of 1 s; measured: 0.62 with one of 5 s.
const PINGS: f64 = 3.1;
/// The client library is never silent for longer than 10 s.
const FEWEST_PINGS: f64 = 0.1;
/// `ld-zk` reads this many nodes again in this many seconds.
const AUDIT: (f64, f64) = (4.0, 8.0);
/// What an event and two answers have beside path and content, in bytes.
const EVENT_AND_ANSWERS: u64 = 32 + 88 + 92;
/// Server time for each host of a change, on three servers.
const CHANGE_CPU: Duration = Duration::from_micros(162);
/// The memory of a session and of a watch, in bytes.
const SESSION_BYTES: f64 = 3_300.0;
const WATCH_BYTES: f64 = 500.0;
/// The longest wait between two attempts to connect; its half is the share of the first second.
const RETURN_SECONDS: f64 = 10.0;
const GIGABIT: f64 = 125e6;

impl Capacity {
    /// The table, a line for each figure.
    pub fn print(&self) {
        println!("{}", table(std::slice::from_ref(self)));
        println!("docs/scale.md says how each figure comes about, and which settings follow from it.");
    }

    /// Requests a second of the fleet while nothing changes.
    fn idle_requests(&self) -> f64 {
        let pings = (PINGS / self.timeout as f64).max(FEWEST_PINGS);
        let audit = (self.nodes as f64).min(AUDIT.0) / AUDIT.1;
        let heartbeats = (self.nodes + 2) as f64 / self.heartbeat as f64;
        self.hosts as f64 * (pings + audit + heartbeats)
    }

    /// The bytes that one change sends to all hosts.
    fn change_bytes(&self) -> f64 {
        (self.hosts * (EVENT_AND_ANSWERS + self.path + self.bytes)) as f64
    }

    fn change_seconds(&self) -> f64 {
        self.change_bytes() / (self.servers as f64 * GIGABIT)
    }

    /// The heap for sessions and watches on each server, in bytes.
    fn heap(&self) -> f64 {
        let host = SESSION_BYTES + WATCH_BYTES * self.nodes as f64;
        self.hosts as f64 * host / self.servers as f64
    }

    /// The sessions of each other server after the loss of one.
    fn sessions_after_a_loss(&self) -> f64 {
        self.hosts as f64 / (self.servers - 1) as f64
    }

    /// The hosts of a lost server, for each of the others.
    fn burst(&self) -> f64 {
        self.hosts as f64 / self.servers as f64 / (self.servers - 1) as f64
    }

    /// New sessions in the first second of a return after an outage that expired all sessions.
    fn new_sessions(&self) -> f64 {
        self.hosts as f64 / (RETURN_SECONDS / 2.0)
    }
}

/// The figures of fleets side by side, as Markdown.
fn table(fleets: &[Capacity]) -> String {
    let row = |what: &str, figure: &dyn Fn(&Capacity) -> String| {
        let cells: String = fleets.iter().map(|fleet| format!(" {} |", figure(fleet))).collect();
        format!("| {what} |{cells}")
    };
    let content = fleets.first().map_or(0, |fleet| fleet.bytes);
    let rows = [
        row("fleet", &|fleet| format!("{} hosts", with_commas(fleet.hosts))),
        format!("|---|{}", "---|".repeat(fleets.len())),
        row("`zookeeper.timeout`", &|fleet| format!("{} s", fleet.timeout)),
        row("servers that hosts connect to", &|fleet| fleet.servers.to_string()),
        row("nodes of a host", &|fleet| fleet.nodes.to_string()),
        row("requests a second while nothing changes", &|fleet| two_digits(fleet.idle_requests())),
        row("the same for each server after the loss of one", &|fleet| {
            two_digits(fleet.idle_requests() / (fleet.servers - 1) as f64)
        }),
        row(&format!("bytes sent for a change of {}", size(content as f64)), &|fleet| {
            size(fleet.change_bytes())
        }),
        row("time to send them over 1 Gbit/s of each server", &|fleet| time(fleet.change_seconds())),
        row("server CPU of a small change", &|fleet| time(fleet.hosts as f64 * CHANGE_CPU.as_secs_f64())),
        row("heap for sessions and watches on each server (have four times as much)", &|fleet| {
            size(fleet.heap())
        }),
        row("sessions of each server after the loss of one", &|fleet| {
            two_digits(fleet.sessions_after_a_loss())
        }),
        row("connections to each at once when one is lost (`clientPortListenBacklog`)", &|fleet| {
            two_digits(fleet.burst())
        }),
        row("new sessions a second after an outage that expired all", &|fleet| {
            two_digits(fleet.new_sessions())
        }),
        row("connections a second that probing adds to each server meanwhile", &|fleet| {
            two_digits(fleet.new_sessions())
        }),
        row("open files of each server (`ulimit -n`)", &|fleet| {
            two_digits(fleet.sessions_after_a_loss() + 1000.0)
        }),
    ];
    rows.join("\n")
}

/// A number with two significant digits and separators of thousands.
fn two_digits(number: f64) -> String {
    if number < 1.0 {
        return format!("{number:.1}");
    }
    let unit = 10_f64.powf((number.log10().floor() - 1.0).max(0.0));
    with_commas(((number / unit).round() * unit) as u64)
}

fn size(bytes: f64) -> String {
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "KB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) if bytes / unit < 9.95 && (bytes / unit).fract() != 0.0 => {
            format!("{:.1} {name}", bytes / unit)
        }
        Some((unit, name)) => format!("{} {name}", two_digits(bytes / unit)),
        None => format!("{bytes:.0} B"),
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        0.0..0.995 => format!("{} ms", two_digits(seconds * 1e3)),
        0.995..9.95 => format!("{seconds:.1} s"),
        _ => format!("{} s", two_digits(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn fleet(hosts: u64, timeout: u64, servers: u64) -> Capacity {
        Capacity { hosts, nodes: 1, servers, timeout, bytes: 1000, path: 9, heartbeat: 300 }
    }

    #[test]
    fn the_document_has_the_table_of_the_calculator() {
        let fleets = [fleet(1_000, 5, 3), fleet(5_000, 10, 3), fleet(10_000, 10, 3), fleet(100_000, 30, 7)];
        let (table, document) = (table(&fleets), include_str!("../../../docs/scale.md"));
        assert!(document.contains(&table), "docs/scale.md lacks this table:\n{table}");
    }

    #[test]
    fn absurd_figures_are_refused_and_the_largest_fit() {
        #[derive(Debug, clap::Parser)]
        struct Command {
            #[command(flatten)]
            fleet: Capacity,
        }
        let parse = |line: &str| Command::try_parse_from(line.split(' ')).map(|command| command.fleet);
        let refused = "scale --hosts 0|scale --hosts=-1|scale --hosts 1e30|scale --hosts 18446744073709551615|\
                       scale --hosts 1 --nodes 0|scale --hosts 1 --bytes 18446744073709551615|\
                       scale --hosts 1 --servers 1";
        for line in refused.split('|') {
            assert!(parse(line).is_err(), "{line}");
        }
        let figure = MOST.to_string();
        let line = "scale --hosts N --nodes N --bytes N --path N --servers N --heartbeat N --timeout N";
        let largest = parse(&line.replace('N', &figure)).unwrap();
        assert!(table(&[largest]).contains("1,000,000,000 hosts"));
    }

    #[test]
    fn requests_are_those_that_were_measured() {
        let measured = 0.74;
        let calculated = fleet(1, 5, 3).idle_requests();
        assert!((calculated - measured).abs() < 0.05, "{calculated}");
    }

    #[test]
    fn pings_are_never_rarer_than_every_10_s() {
        assert_eq!(fleet(1, 60, 3).idle_requests(), fleet(1, 600, 3).idle_requests());
    }

    #[test]
    fn figures_are_rounded_to_two_digits() {
        assert_eq!(
            [0.125, 3.0, 74.4, 7_449.0, 23_800.0].map(two_digits),
            ["0.1", "3", "74", "7,400", "24,000"]
        );
        assert_eq!(
            [200.0, 1e3, 1.22e6, 12.2e6, 1.002e9].map(size),
            ["200 B", "1 KB", "1.2 MB", "12 MB", "1.0 GB"]
        );
        assert_eq!([0.032, 1.62, 26.7].map(time), ["32 ms", "1.6 s", "27 s"]);
    }
}
