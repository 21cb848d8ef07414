//! `cargo dev demo`: shows live data at work on this machine, and leaves nothing behind.

mod recording;
mod rollout;

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ld_filewatch::FileWatcher;
use ld_testkit::{Daemon, Server, TempDir, TestCommand, TestOutput};
use serde_json::Value;

use ld_workspace::Failure;
use ld_workspace::{cargo, setup};

pub use recording::record;

/// The node that the demo keeps as a file.
const NODE: &str = "/demo/flags";
/// Limit for each step, which normally takes milliseconds.
const LIMIT: Duration = Duration::from_secs(30);
/// How often the file is read while it should change.
const POLL_INTERVAL: Duration = Duration::from_micros(200);
/// The watcher's interval for finding edits by hand. It is short, so that a user sees the repair.
const DRIFT_SECONDS: u32 = 5;
const LOG_INTERVAL: Duration = Duration::from_millis(100);

const VERSIONS: [&str; 3] = [
    "{\n  \"search\": {\"enabled\": false},\n  \"checkout\": {\"percent\": 5}\n}\n",
    "{\n  \"search\": {\"enabled\": true},\n  \"checkout\": {\"percent\": 5}\n}\n",
    "{\n  \"search\": {\"enabled\": true},\n  \"checkout\": {\"percent\": 50},\n  \"dark_mode\": {\"users\": [\"ada\"]}\n}\n",
];

/// The files of the demo.
struct Files {
    directory: TempDir,
    /// The address of the status page.
    status: SocketAddr,
    config: PathBuf,
    source: PathBuf,
    file: PathBuf,
}

/// Runs the demo; with `keep` it then stays until Ctrl-C.
pub fn run(keep: bool) -> Result<(), Failure> {
    setup::for_demo()?;
    println!("Building the watcher and the writer.");
    cargo::run(cargo::command(&["build", "--quiet", "--workspace", "--bins", "--locked"]))?;

    let start = Instant::now();
    let server = Server::start();
    let files = Files::new(&server)?;
    println!("A private ZooKeeper serves at {} ({}).", server.connect_string(), took(start));
    server
        .admin()
        .create_all(NODE, "")
        .map_err(|error| Failure::new(format!("cannot create {NODE}: {error}")))?;
    println!("The empty node {NODE} exists.");

    let start = Instant::now();
    let watcher = TestCommand::new(ld_testkit::binary("live-data-watcher")).arg(&files.config).start();
    wait_for_content(&files.file, "", &watcher, start)?;
    println!("The watcher keeps it as {} ({}).", files.file.display(), took(start));

    // As in an application. The empty file is not valid JSON, so there is no value before version
    // 1.
    let flags = FileWatcher::builder(&files.file)
        .build(|bytes| Ok(serde_json::from_slice::<Value>(bytes)?))
        .map_err(|error| Failure::new(format!("cannot watch the file: {error}")))?;

    for (number, content) in (1..).zip(VERSIONS) {
        write_version(&files, &watcher, &flags, &format!("Version {number}"), content)?;
    }
    println!("\n$ cat {}\n{}", files.file.display(), VERSIONS[2]);
    let percent = &flags.get().map_err(Failure::doing("cannot read the flags"))?["checkout"]["percent"];
    println!("And in this program's memory: flags.get()?[\"checkout\"][\"percent\"] is {percent}.");

    println!("\nThat was too much at once. Roll back: write version 2 again.");
    write_version(&files, &watcher, &flags, "Rolled back", VERSIONS[1])?;
    show_status(&files);
    rollout::show(&server, files.directory.path(), VERSIONS[1])?;
    if keep {
        stay(&server, &files, &watcher)?;
    }

    watcher.terminate();
    let status = watcher.wait(LIMIT);
    if !status.success() {
        return Err(Failure::new(format!("the watcher exited with {status}:\n{}", watcher.stderr())));
    }
    println!("The watcher exited normally. ZooKeeper and all files of the demo are removed.");
    println!("To try it yourself: cargo dev demo --keep");
    Ok(())
}

impl Files {
    fn new(server: &Server) -> Result<Self, Failure> {
        let directory = TempDir::new();
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let status = free.map_err(Failure::doing("cannot find a free port"))?;
        let [config, source, file] =
            ["live-data.ini", "new.json", "flags.json"].map(|name| directory.join(name));
        let text = format!(
            "[live-data]\nzookeeper.hosts = {hosts}\nnodes.flags.source = {NODE}\nnodes.flags.dest = {file}\n\
             nodes.flags.mode = 0644\nstatus.listen = {status}\nwatcher.drift_interval = {DRIFT_SECONDS} seconds\n",
            hosts = server.connect_string(),
            file = file.display()
        );
        fs::write(&config, text).map_err(Failure::doing("cannot write the demo's configuration"))?;
        Ok(Self { directory, status, config, source, file })
    }
}

fn write_version(
    files: &Files,
    watcher: &Daemon,
    flags: &FileWatcher<Value>,
    name: &str,
    content: &str,
) -> Result<(), Failure> {
    let parsed: Value =
        serde_json::from_str(content).map_err(Failure::doing("a version of the demo is not valid JSON"))?;
    fs::write(&files.source, content).map_err(Failure::doing("cannot write a file of the demo"))?;
    let short = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    println!("\n$ live-data-writer {} {} {NODE}", short(&files.config), short(&files.source));
    let writer = TestCommand::new(ld_testkit::binary("live-data-writer"))
        .arg(&files.config)
        .arg(&files.source)
        .arg(NODE);
    let start = Instant::now();
    // The file is read while the writer runs, since it often changes before the writer exits.
    let (output, written, seen, known) = thread::scope(|scope| {
        let seen = scope.spawn(|| wait_for_content(&files.file, content, watcher, start));
        let known = scope.spawn(|| wait_for_value(flags, &parsed, start));
        let output = writer.run(LIMIT);
        let join = "reading a file does not panic";
        (output, took(start), seen.join().expect(join), known.join().expect(join))
    });
    print_output(&output);
    if output.code != Some(0) {
        return Err(Failure::new("the writer failed"));
    }
    println!(
        "{name}: the writer took {written}; the file had it after {} and the program's memory after {}.",
        seen?, known?
    );
    Ok(())
}

/// Prints both streams in the order in which the writer does: a message, the diff, other messages.
fn print_output(output: &TestOutput) {
    let mut messages = output.stderr.lines();
    for line in messages.next().into_iter().chain(output.stdout.lines()).chain(messages) {
        println!("  {line}");
    }
}

/// Waits until `file` holds `content`. Returns the time since `start`.
fn wait_for_content(file: &Path, content: &str, watcher: &Daemon, start: Instant) -> Result<String, Failure> {
    loop {
        if fs::read(file).is_ok_and(|bytes| bytes == content.as_bytes()) {
            return Ok(took(start));
        }
        if start.elapsed() > LIMIT || !watcher.is_running() {
            let (file, log) = (file.display(), watcher.stderr());
            return Err(Failure::new(format!("{file} did not get its content; the watcher's log:\n{log}")));
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Waits until the program has `value` in memory. Returns the time since `start`.
fn wait_for_value(flags: &FileWatcher<Value>, value: &Value, start: Instant) -> Result<String, Failure> {
    // The version is read before the value, so that no change is missed.
    let mut version = flags.version();
    while flags.get().map_or(true, |now| *now != *value) {
        let changed = flags.wait_changed(version, LIMIT);
        version =
            changed.ok_or_else(|| Failure::new("the change did not reach the program's memory"))?.version;
    }
    Ok(took(start))
}

/// Prints the state of the file, as a user asks for it.
fn show_status(files: &Files) {
    println!("\n$ live-data-watcher status live-data.ini");
    let status = TestCommand::new(ld_testkit::binary("live-data-watcher")).arg("status").arg(&files.config);
    print_output(&status.run(LIMIT));
    println!("While the watcher runs, the same is a page at http://{}/\n", files.status);
}

/// Leaves everything running, and shows the watcher's log. Ctrl-C ends this process and all others.
fn stay(server: &Server, files: &Files, watcher: &Daemon) -> Result<(), Failure> {
    let (config, source, file) = (files.config.display(), files.source.display(), files.file.display());
    println!(
        "ZooKeeper at {}, everything else in {}. In another terminal:\n\n  \
         ${{EDITOR:-vi}} {source}\n  {} {config} {source} {NODE}\n  cat {file}\n  echo broken > {file}  # repaired within {DRIFT_SECONDS} s\n\n\
         The watcher's log follows. Ctrl-C ends everything and removes all files.",
        server.connect_string(),
        files.directory.path().display(),
        ld_testkit::binary("live-data-writer").display(),
    );
    let mut shown = 0;
    while watcher.is_running() {
        let log = watcher.stderr();
        print!("{}", log.get(shown..).unwrap_or_default());
        shown = log.len();
        thread::sleep(LOG_INTERVAL);
    }
    Err(Failure::new("the watcher exited"))
}

fn took(start: Instant) -> String {
    let time = start.elapsed();
    if time < Duration::from_secs(1) {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// The examples in the page about Rust compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/rust.md")]
struct RustPage;
