//! A watcher with a defect, to prove that the observer finds violations.
//!
//! It shares no code with the real watcher.

mod object;

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use clap::Args;
use ld_testkit::{Admin, Error};

use ld_workspace::Failure;

use crate::nodes::target;

const POLL_INTERVAL: Duration = Duration::from_millis(20);
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);
/// Bytes for each write, as in a plain copy loop.
const CHUNK: usize = 8 << 10;

/// The defect.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct Defect {
    /// Truncate files and write them in place.
    #[arg(long)]
    in_place: bool,
    /// Set the mtime of all files to now, without verifying them.
    #[arg(long)]
    blind_heartbeat: bool,
    /// Write pointers instead of their objects.
    #[arg(long)]
    pointers: bool,
    /// Write as much of an object as comes.
    #[arg(long)]
    half_objects: bool,
    /// Give each host the candidates of all rollouts.
    #[arg(long)]
    any_share: bool,
}

/// The full path of a node, and its file.
type Node = (String, PathBuf);

/// Keeps files equal to the nodes of `config` by polling. Never returns without an error.
pub fn run(defect: &Defect, config: &Path) -> Result<(), Failure> {
    let text = fs::read_to_string(config).map_err(Failure::doing("cannot read the configuration"))?;
    let (servers, nodes) =
        parse(&text).ok_or_else(|| Failure::new("the configuration is not that of a chaos run"))?;
    if defect.blind_heartbeat {
        let files: Vec<PathBuf> = nodes.iter().map(|node| node.1.clone()).collect();
        thread::spawn(move || touch_all(&files));
    }
    let mut admins: Vec<Admin> = servers.into_iter().map(Admin::new).collect();
    loop {
        for (path, file) in &nodes {
            let candidate = path.rsplit_once('/').map(|(chroot, name)| candidate_of(chroot, name));
            let candidate = candidate.filter(|_| defect.any_share);
            let candidate = candidate.and_then(|path| admins[0].get(&path).ok());
            match candidate.map_or_else(|| admins[0].get(path), Ok) {
                Ok((data, _)) => {
                    // A fault may prevent the load. The next poll tries again.
                    let Some(content) = content(defect, data) else { continue };
                    if fs::read(file).is_ok_and(|held| held == content) {
                        continue;
                    }
                    write(file, &content, defect.in_place)?;
                }
                Err(Error::NoNode { .. }) => drop(fs::remove_file(file)),
                Err(_) => admins.rotate_left(1),
            }
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Where the candidate of a node lies.
fn candidate_of(chroot: &str, name: &str) -> String {
    format!("{chroot}/live-data/rollouts/{name}/candidate")
}

/// What the file of a node is to hold.
fn content(defect: &Defect, data: Vec<u8>) -> Option<Vec<u8>> {
    match target(&data) {
        Some(place) if !defect.pointers => object::load(&place, defect.half_objects).ok(),
        _ => Some(data),
    }
}

/// Parses the servers and nodes of a configuration that a chaos run wrote.
fn parse(text: &str) -> Option<(Vec<SocketAddr>, Vec<Node>)> {
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
    let (hosts, chroot) = value("zookeeper.hosts")?.split_once('/')?;
    let servers = hosts.split(',').map(|host| host.parse().ok()).collect::<Option<_>>()?;
    let nodes = (0..).map_while(|node| {
        let source = value(&format!("nodes.n{node}.source"))?;
        Some((format!("/{chroot}{source}"), PathBuf::from(value(&format!("nodes.n{node}.dest"))?)))
    });
    Some((servers, nodes.collect()))
}

fn write(path: &Path, data: &[u8], in_place: bool) -> Result<(), Failure> {
    let target = if in_place { path.to_owned() } else { path.with_extension("new") };
    // A fault may prevent the write. The next poll tries again.
    let written = File::create(&target)
        .and_then(|mut file| data.chunks(CHUNK).try_for_each(|chunk| file.write_all(chunk)))
        .and_then(|()| if in_place { Ok(()) } else { fs::rename(&target, path) });
    drop(written);
    Ok(())
}

fn touch_all(files: &[PathBuf]) {
    loop {
        thread::sleep(HEARTBEAT_INTERVAL);
        for file in files {
            let touched = File::options().append(true).open(file);
            // A missing file has no heartbeat.
            drop(touched.and_then(|file| file.set_modified(SystemTime::now())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_of_a_run_is_parsed() {
        let text = "[live-data]\nzookeeper.hosts = 127.0.0.1:1,127.0.0.1:2/chaos\nnodes.n0.source = /n0\n\
                    nodes.n0.dest = /tmp/live/n0\nnodes.n1.source = /n1\nnodes.n1.dest = /tmp/live/n1\n";
        let (servers, nodes) = parse(text).unwrap();
        assert_eq!(servers.len(), 2);
        assert_eq!(nodes[1], ("/chaos/n1".to_owned(), PathBuf::from("/tmp/live/n1")));
    }
}
