//! The transcripts of docs/rollout.md, compared with what the programs print.

use std::fs;
use std::time::Duration;

use ld_testkit::{Daemon, Namespace, SOON, TempDir, TestCommand, binary, wait_until};

use super::page::Page;

const PAGE: &str = include_str!("../../../../docs/rollout.md");

/// The hosts of the page.
const HOSTS: usize = 8;

/// The ensemble of the page.
const ENSEMBLE: &str = "zk1:2181,zk2:2181,zk3:2181";

/// The limit for a rollout. A share may be without hosts, and is passed after 30 s.
const LIMIT: Duration = Duration::from_secs(30 + SOON.as_secs());

/// The fleet of the page: a watcher for each host, and a directory with the files of the tool.
struct Fleet {
    zookeeper: Namespace,
    directory: TempDir,
    _watchers: Vec<Daemon>,
}

impl Fleet {
    /// The node holds `content`.
    fn start(page: &mut Page, content: &str) -> Self {
        let zookeeper = Namespace::new();
        let node = zookeeper.path("/app/flags");
        zookeeper.admin().create_all(&node, "").unwrap();
        zookeeper.admin().set(&node, content).unwrap();
        let directory = TempDir::new();
        let tool = format!("[live-data]\nzookeeper.hosts = {}\n", zookeeper.connect_string());
        fs::write(directory.join("production.ini"), tool).unwrap();
        let init =
            TestCommand::new(binary("live-data-ctl")).arg("init").arg(directory.join("production.ini"));
        assert_eq!(init.run(SOON).code, Some(0));

        let documented =
            page.take("ini", "Before the first one").replace(ENSEMBLE, &zookeeper.connect_string());
        let start = |number| {
            let file = directory.join(format!("web-{number}.json"));
            let host = format!("fleet.host = web-{number}\nfleet.report_interval = 100 milliseconds\n");
            let text = documented.replace("/var/lib/app/flags.json", file.to_str().unwrap()) + &host;
            let config = directory.join(format!("web-{number}.ini"));
            fs::write(&config, text).unwrap();
            TestCommand::new(binary("live-data-watcher")).arg(config).start()
        };
        let watchers = (0..HOSTS).map(start).collect();
        let reports = zookeeper.path("/live-data/hosts");
        wait_until("all reports", SOON, || zookeeper.admin().children(&reports).unwrap().len() == HOSTS);
        let fleet = Self { zookeeper, directory, _watchers: watchers };
        fleet.wait_for(content);
        fleet
    }

    fn wait_for(&self, content: &str) {
        let has = |number| {
            let file = self.directory.join(format!("web-{number}.json"));
            fs::read(file).is_ok_and(|bytes| bytes == content.as_bytes())
        };
        wait_until("the content on all hosts", SOON, || (0..HOSTS).all(has));
    }

    /// Runs the commands of a transcript, and compares what they print with it.
    fn assert_prints(&self, transcript: &Transcript) {
        fs::write(self.directory.join("flags.json"), format!("{}\n", transcript.new)).unwrap();
        let output = TestCommand::new("bash")
            .args(["-c", &format!("exec 2>&1\n{}", transcript.commands)])
            .programs_in_path()
            .current_dir(self.directory.path())
            .run(LIMIT);
        let printed = output.stdout.replace(&self.zookeeper.connect_string(), ENSEMBLE);
        assert_eq!(
            normal(&printed),
            normal(&transcript.output),
            "\n--- printed:\n{printed}\n--- documented:\n{}",
            transcript.output
        );
    }
}

/// Commands, and what they print.
struct Transcript {
    commands: String,
    output: String,
    /// The lines that the diff of it shows.
    old: String,
    new: String,
}

impl Transcript {
    fn take(page: &mut Page, heading: &str) -> Self {
        let block = page.take("", heading);
        let (mut commands, mut output) = (String::new(), String::new());
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => commands.extend([command, "\n"]),
                None => output.extend([line, "\n"]),
            }
        }
        let shown = |sign: &str| {
            let line =
                block.lines().find_map(|line| line.strip_prefix(sign).filter(|rest| rest.starts_with('{')));
            line.unwrap_or_else(|| panic!("no line with {sign}: {block}")).to_owned()
        };
        Self { commands, output, old: shown("-"), new: shown("+") }
    }
}

/// The lines without what varies: numbers other than shares, as which hosts belong to a share does,
/// and how many rounds show that hosts do not have the candidate yet.
fn normal(text: &str) -> Vec<String> {
    let waits = |line: &&str| line.ends_with(" hosts have the candidate");
    let mut lines: Vec<_> = text.lines().filter(|line| !waits(line)).map(without_numbers).collect();
    lines.dedup();
    lines
}

fn without_numbers(line: &str) -> String {
    let (mut result, mut rest) = (String::new(), line);
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        result += &rest[..start];
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_ascii_hexdigit() && c != 'x' && c != '.').unwrap_or(rest.len());
        let is_share = rest[end..].starts_with('%');
        result += if is_share { &rest[..end] } else { "N" };
        rest = &rest[end..];
    }
    result + rest
}

#[test]
fn rollouts_print_what_the_page_shows() {
    let mut page = Page::new(PAGE);
    let good = Transcript::take(&mut page, "A rollout");
    let bad = Transcript::take(&mut page, "A bad one");
    let fleet = Fleet::start(&mut page, &format!("{}\n", good.old));
    fleet.assert_prints(&good);
    fleet.wait_for(&format!("{}\n", good.new));
    assert_eq!(good.new, bad.old, "the second rollout follows the first one");
    fleet.assert_prints(&bad);
    fleet.wait_for(&format!("{}\n", bad.old));
    page.assert_all_taken("");
}

#[test]
fn only_shares_keep_their_numbers() {
    let line =
        "60% of the hosts: 0 good, 1 pending, 12 bad; 3 of 4 hosts (0.5%): web-7, mzxid 0x2a, {\"a\": 5";
    let expected =
        "60% of the hosts: N good, N pending, N bad; N of N hosts (0.5%): web-N, mzxid N, {\"a\": N";
    assert_eq!(without_numbers(line), expected);
}
