//! The compose file: read by Debian's docker-compose, and held against the image and the
//! configuration that it uses.

use std::fs;

use ld_checks::yaml::Yaml;
use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::image::USER;
use crate::tool;

pub(crate) const FILE: &str = "packaging/container/compose.yml";
const CONFIG: &str = "packaging/container/live-data.ini";

/// What the image runs, and with which argument.
const PROGRAM: &str = "/usr/bin/live-data-watcher";
const ARGUMENT: &str = "/etc/live-data/live-data.ini";

/// docker-compose needs no engine for this: it holds the file against its schema.
pub(crate) fn read() -> Result<Yaml, Failure> {
    Yaml::parse(&tool::run("docker-compose", &["--file", FILE, "config"])?)
}

pub(crate) fn check() -> Result<(), Failure> {
    let file = read()?;
    let config = fs::read_to_string(cargo::workspace().join(CONFIG))
        .map_err(Failure::doing(format!("cannot read {CONFIG}")))?;
    let faults = faults(&file, &config);
    if faults.is_empty() {
        println!("docker-compose reads {FILE}, which fits the image and {CONFIG}");
        return Ok(());
    }
    Err(Failure::new(format!("{FILE}: {}", faults.join("; "))))
}

fn faults(file: &Yaml, config: &str) -> Vec<String> {
    let value = |key: &str| {
        let found = config.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_prefix('='));
        found.unwrap_or_default().trim()
    };
    let (node, destination) = (value("nodes.flags.source"), value("nodes.flags.dest"));
    let (directory, name) = destination.rsplit_once('/').unwrap_or_default();
    let user = format!("{USER}:{USER}");
    let volume = format!("files:{directory}:rw");
    let mut faults = Vec::new();
    let mut expect = |path: &[&str], wanted: &[&str]| {
        let found = texts(file, path);
        if !wanted.iter().all(|text| found.contains(text)) {
            faults.push(format!("{} has {found:?}, not {wanted:?}", path.join(".")));
        }
    };
    expect(&["services", "watcher", "image"], &["live-data"]);
    expect(&["services", "watcher", "healthcheck", "test"], &["CMD", PROGRAM, "status", ARGUMENT]);
    expect(&["services", "watcher", "volumes"], &[&volume]);
    expect(&["services", "files", "command"], &["chown", &user, directory]);
    expect(&["services", "files", "volumes"], &[&volume]);
    let mounts = texts(file, &["services", "watcher", "volumes"]);
    if !mounts.iter().any(|mount| mount.ends_with(&format!("{CONFIG}:{ARGUMENT}:ro"))) {
        faults.push(format!("the watcher has {mounts:?}, without {CONFIG} at {ARGUMENT}"));
    }
    let create = format!("zkCli.sh -server {} create {node} ", value("zookeeper.hosts"));
    if !texts(file, &["services", "node", "command"]).iter().any(|line| line.contains(&create)) {
        faults.push(format!("no service runs `{create}`"));
    }
    let application = texts(file, &["services", "application", "command"]);
    if !application.iter().any(|line| line.contains(&format!("/files/{name}"))) {
        faults.push(format!("the application does not read /files/{name}"));
    }
    faults
}

/// The text at a path of keys, or the texts of a list.
pub(crate) fn texts<'a>(yaml: &'a Yaml, path: &[&str]) -> Vec<&'a str> {
    let found = path.iter().try_fold(yaml, |yaml, key| yaml.get(key));
    let Some(found) = found else { return Vec::new() };
    found.items().iter().filter_map(Yaml::text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INI: &str = include_str!("../../../packaging/container/live-data.ini");
    const YAML: &str = include_str!("../../../packaging/container/compose.yml");

    /// docker-compose resolves paths, and writes each volume's mode.
    fn normal(text: &str) -> String {
        let text = text.replace("- ./live-data.ini:", &format!("- /w/{CONFIG}:"));
        text.replace("files:/var/lib/live-data\n", "files:/var/lib/live-data:rw\n")
            .replace("[\"files:/var/lib/live-data\"]", "[\"files:/var/lib/live-data:rw\"]")
    }

    #[test]
    fn the_compose_file_fits_image_and_configuration() {
        assert_eq!(faults(&Yaml::parse(&normal(YAML)).unwrap(), INI), Vec::<String>::new());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (from, to) in [
            ("image: live-data\n", "image: live-data:0.1.0\n"),
            ("65532:65532", "0:0"),
            ("create /flags", "create /other"),
            ("/files/flags.json", "/files/other.json"),
            ("files:/var/lib/live-data:rw\n", "files:/srv:rw\n"),
            ("/usr/bin/live-data-watcher", "/bin/live-data-watcher"),
            (":/etc/live-data/live-data.ini:ro", ":/etc/live-data.ini:ro"),
        ] {
            let text = normal(YAML);
            assert!(text.contains(from), "{from}");
            let faults = faults(&Yaml::parse(&text.replace(from, to)).unwrap(), INI);
            assert!(!faults.is_empty(), "{to}");
        }
    }
}
