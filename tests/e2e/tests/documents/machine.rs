//! A machine of its own for the lines of a document: a network, a home, the programs in PATH.

use std::path::Path;
use std::time::Duration;

use ld_testkit::{TempDir, TestCommand, TestOutput, missing_packages};

use super::page::Page;

/// The limit for a whole document, which takes some seconds.
const LIMIT: Duration = Duration::from_secs(180);

/// What a document installs is there already.
const INSTALLS: [&str; 2] = ["sudo apt-get install ", "cargo install "];

/// Lines of a document and conditions on their effect, for one shell.
pub(crate) struct Script {
    page: Page,
    text: String,
}

impl Script {
    pub(crate) fn new(document: &str) -> Self {
        assert_eq!(missing_packages(), [""; 0], "install these packages");
        let server = "/usr/share/zookeeper/bin/zkCli.sh";
        assert!(Path::new(server).exists(), "{server} is missing: apt-get install zookeeper");
        Self { page: Page::new(document), text: PRELUDE.to_owned() }
    }

    /// Adds the shell blocks below a heading, without the lines that install something.
    #[track_caller]
    pub(crate) fn section(mut self, heading: &str) -> Self {
        let block = self.page.take("sh", heading);
        let lines = block.lines().filter(|line| !INSTALLS.iter().any(|install| line.starts_with(install)));
        assert!(!heading.contains('"'), "{heading}");
        self.text.extend(["echo \"== ", heading, "\"\n"]);
        lines.for_each(|line| self.text.extend([line, "\n"]));
        self
    }

    /// Adds a file with the block of a language below a heading.
    #[track_caller]
    pub(crate) fn file(mut self, name: &str, language: &str, heading: &str) -> Self {
        let text = self.page.take(language, heading);
        self.text.extend(["cat > ", name, " <<'END-OF-FILE'\n", &text, "END-OF-FILE\n"]);
        self
    }

    /// Adds lines of the test.
    pub(crate) fn lines(mut self, lines: &str) -> Self {
        self.text.extend([lines, "\n"]);
        self
    }

    /// Waits until a shell command succeeds.
    pub(crate) fn wait_for(self, condition: &str) -> Self {
        assert!(!condition.contains('\''), "{condition}");
        self.lines(&format!("wait_for '{condition}'"))
    }

    /// Waits until a server at this port serves. ZooKeeper loses a connection that comes while it
    /// starts, and its client then waits for 30 s.
    pub(crate) fn wait_for_server(self, port: u16) -> Self {
        self.wait_for(&format!("serves {port}"))
    }

    /// Waits until a file holds this line.
    pub(crate) fn wait_for_line(self, file: &str, line: &str) -> Self {
        self.lines(&format!("wanted='{line}'")).wait_for(&format!("grep -qxF \"$wanted\" {file}"))
    }

    /// Runs all lines as if they were pasted: the programs have them as their standard input, too.
    /// The page must have no other shell block.
    #[track_caller]
    pub(crate) fn run(self) -> TestOutput {
        self.page.assert_all_taken("sh");
        let home = TempDir::new();
        // All that the lines start ends with the first process of the namespace.
        let namespaces = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];
        let output = TestCommand::new("bash")
            .arg("-eu")
            .stdin(self.text)
            .env("HOME", home.path())
            .programs_in_path()
            .current_dir(home.path())
            .wrapped_by(namespaces)
            .run(LIMIT);
        assert_eq!(output.code, Some(0), "{}\n--- standard error:\n{}", output.stdout, output.stderr);
        output
    }
}

/// Each condition is polled for at most 30 s.
const PRELUDE: &str = r#"
ip link set lo up
show_logs() {
  code=$?
  if [ $code -ne 0 ]; then find . -name '*log' -type f -exec tail -n 20 {} + >&2; fi
  exit $code
}
trap show_logs EXIT
wait_for() {
  local deadline=$((SECONDS + 30))
  until eval "$1" > /dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      echo "not within 30 s: $1"
      exit 1
    fi
    sleep 0.05
  done
}
serves() { timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1 && echo srvr >&3 && grep -q Mode: <&3"; }
start_server() {
  mkdir -p private-server
  printf '%s\n' dataDir=$PWD/private-server clientPort=2181 clientPortAddress=127.0.0.1 admin.enableServer=false > private-server/zoo.cfg
  java -cp /usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar org.apache.zookeeper.server.quorum.QuorumPeerMain private-server/zoo.cfg 2> private-server/log &
  wait_for "serves 2181"
}
zookeeper() { /usr/share/zookeeper/bin/zkCli.sh -waitforconnection -server 127.0.0.1:2181; }
"#;
