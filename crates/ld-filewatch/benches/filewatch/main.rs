//! `cargo bench -p ld-filewatch`: every cost that docs/filewatch.md promises, beside a floor
//! measured in the same run. Arguments choose sections: `read`, `latency`, `many`, `opens`.

mod latency;
mod many;
mod opens;
mod process;
mod read;
mod report;

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let run = |name: &str| chosen.is_empty() || chosen.iter().any(|arg| arg == name);
    let mut report = report::Report::default();
    if run("read") {
        read::measure(&mut report);
    }
    if run("latency") {
        latency::measure(&mut report);
    }
    if run("many") {
        many::measure(&mut report);
    }
    if run("opens") {
        opens::measure(&mut report);
    }
    report.print();
}
