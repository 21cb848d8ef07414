//! A bad change that is given to some hosts first, and taken back.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Daemon, Server, TestCommand};
use ld_workspace::Failure;

use crate::{LIMIT, LOG_INTERVAL, NODE, took};

/// How many more watchers there are.
const HOSTS: usize = 8;

/// Content that the watchers reject, and the tool does not know that.
const BAD: &str = "{\n  \"search\": {\"enabled\": true},\n  \"checkout\": {\"percent\": 100\n}\n";

/// Starts a few hosts, and a rollout that they reject.
pub(crate) fn show(server: &Server, directory: &Path, content: &str) -> Result<(), Failure> {
    let config = directory.join("tool.ini");
    let text = format!("[live-data]\nzookeeper.hosts = {}\n", server.connect_string());
    fs::write(&config, text).map_err(Failure::doing("cannot write the demo's configuration"))?;
    let init = ctl(&["init"], &config).run(LIMIT);
    if init.code != Some(0) {
        return Err(Failure::new(format!("live-data-ctl init failed:\n{}", init.stderr)));
    }
    let start = Instant::now();
    let hosts = (0..HOSTS).map(|number| Host::start(server, directory, number));
    let hosts = hosts.collect::<Result<Vec<_>, _>>()?;
    wait("the hosts do not report", || {
        server.admin().children("/live-data/hosts").is_ok_and(|found| found.len() == HOSTS)
    })?;
    println!("{HOSTS} more hosts follow the node, and report what they have ({}).", took(start));

    let source = directory.join("bad.json");
    fs::write(&source, BAD).map_err(Failure::doing("cannot write a file of the demo"))?;
    println!("A change without a bracket is given to 60% of them first:");
    println!("\n$ live-data-ctl rollout start tool.ini bad.json {NODE} --steps 60%,100%");
    let rollout = ctl(&["rollout", "start"], &config).arg(&source).arg(NODE).args(["--steps", "60%,100%"]);
    let start = Instant::now();
    // A share may be without hosts, though hardly ever, and is passed after 30 s.
    let output = rollout.run(LIMIT + Duration::from_secs(30));
    let lasted = took(start);
    for line in output.stdout.lines().chain(output.stderr.lines()) {
        println!("  {line}");
    }
    if output.code != Some(4) {
        return Err(Failure::new("the rollout was not taken back"));
    }
    wait("a host does not have the content of the node", || hosts.iter().all(|host| host.has(content)))?;
    println!("It was taken back after {lasted}, and all hosts have the content of the node.\n");
    Ok(())
}

/// A watcher with a guard.
struct Host {
    file: PathBuf,
    _watcher: Daemon,
}

impl Host {
    fn start(server: &Server, directory: &Path, number: usize) -> Result<Self, Failure> {
        let (config, file) =
            (directory.join(format!("web-{number}.ini")), directory.join(format!("web-{number}.json")));
        let text = format!(
            "[live-data]\nzookeeper.hosts = {hosts}\nfleet.report = true\nfleet.host = web-{number}\n\
             fleet.report_interval = 100 milliseconds\nnodes.flags.source = {NODE}\n\
             nodes.flags.dest = {file}\nnodes.flags.format = json\nnodes.flags.rollout = true\n",
            hosts = server.connect_string(),
            file = file.display(),
        );
        fs::write(&config, text).map_err(Failure::doing("cannot write the demo's configuration"))?;
        let watcher = TestCommand::new(ld_testkit::binary("live-data-watcher")).arg(&config).start();
        Ok(Self { file, _watcher: watcher })
    }

    fn has(&self, content: &str) -> bool {
        fs::read(&self.file).is_ok_and(|bytes| bytes == content.as_bytes())
    }
}

fn ctl(command: &[&str], config: &Path) -> TestCommand {
    TestCommand::new(ld_testkit::binary("live-data-ctl")).args(command).arg(config)
}

/// Waits until the condition holds.
fn wait(otherwise: &str, condition: impl Fn() -> bool) -> Result<(), Failure> {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > LIMIT {
            return Err(Failure::new(otherwise));
        }
        thread::sleep(LOG_INTERVAL);
    }
    Ok(())
}
