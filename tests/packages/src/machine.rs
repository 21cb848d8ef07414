//! A Debian of its own that boots with systemd in a container of systemd-nspawn. It has only the
//! loopback network, and forgets everything at its end.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::root::fresh_directory;
use crate::tool;

/// What is installed in addition to Debian's essential packages: what boots, and what README.md
/// takes for granted.
const PACKAGES: &str = "dbus,gcc,git,libc6-dev,systemd,systemd-sysv";

/// What apt has downloaded, because the machine has no network: what documents install, with what
/// `cargo dev` installs for their commands.
const DOWNLOADED: &str = "binutils crun default-jre-headless dpkg-dev musl-tools podman podman-docker rpm \
    zookeeper zookeeperd";

/// How long the machine may take for what a condition waits for.
const LIMIT: Duration = Duration::from_secs(120);

/// How long commands may take that build the programs.
const BUILD_LIMIT: Duration = Duration::from_secs(45 * 60);

/// A directory of the host that the machine has at a path.
pub(crate) struct Mount(String);

impl Mount {
    pub(crate) fn read_only(host: &Path, path: &str) -> Self {
        Self(format!("--bind-ro={}:{path}", host.display()))
    }

    pub(crate) fn writable(host: &Path, path: &str) -> Self {
        Self(format!("--bind={}:{path}", host.display()))
    }
}

pub(crate) struct Machine {
    container: Child,
}

impl Machine {
    pub(crate) fn boot(mounts: &[Mount]) -> Result<Self, Failure> {
        let base = base()?;
        // At SIGTERM nspawn ends its container: no Debian outlives these tests.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--", "systemd-nspawn", "--directory"]).arg(base);
        // No service of this machine takes part.
        command.args(["--boot", "--quiet", "--register=no", "--keep-unit", "--private-network"]);
        command.args(["--volatile=overlay", "--console=pipe"]);
        command.args(mounts.iter().map(|mount| &mount.0));
        command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
        let container = command.spawn().map_err(Failure::doing("cannot run systemd-nspawn"))?;
        let machine = Self { container };
        machine.wait_until("systemctl is-system-running | grep -qE 'running|degraded'")?;
        println!("a Debian has booted: {}", machine.run("systemctl --version")?.lines().next().unwrap_or(""));
        Ok(machine)
    }

    /// Runs a shell command as root; its standard output.
    pub(crate) fn run(&self, line: &str) -> Result<String, Failure> {
        cargo::read(self.command(line, &[])?)
    }

    /// Runs commands of a document one after the other, in a shell that outlives this call and ends
    /// at the first error.
    pub(crate) fn paste(&self, lines: &[String], variables: &[(&str, &str)]) -> Result<Child, Failure> {
        let line = |line: &String| format!("{{ {line}\n}} || exit 1\n");
        let mut command =
            self.command(&format!("set -x\n{}", lines.iter().map(line).collect::<String>()), variables)?;
        command.spawn().map_err(Failure::doing("cannot run a shell in the machine"))
    }

    /// Fails unless `file` gets the content of the node /flags before the shell fails, and soon a
    /// new one.
    pub(crate) fn follows(&self, file: &str, mut shell: Child) -> Result<(), Failure> {
        let deadline = Instant::now() + BUILD_LIMIT;
        while let Err(failure) = self.run(&format!("grep -q false {file}")) {
            let ended = shell.try_wait().map_err(Failure::doing("cannot wait for a shell"))?;
            match ended {
                Some(status) if !status.success() => {
                    return Err(Failure::new(format!("the commands failed ({status})")));
                }
                _ if Instant::now() > deadline => {
                    return Err(Failure::new(format!("waited {BUILD_LIMIT:?} in vain: {failure}")));
                }
                _ => thread::sleep(Duration::from_millis(200)),
            }
        }
        self.run(r#"/usr/share/zookeeper/bin/zkCli.sh set /flags '{"new": true}'"#)?;
        self.wait_until(&format!("grep -q true {file}"))?;
        println!("{file} follows its node");
        Ok(())
    }

    /// Waits until a shell command ends with 0.
    pub(crate) fn wait_until(&self, line: &str) -> Result<(), Failure> {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.run(line) {
                Ok(_) => return Ok(()),
                Err(failure) if Instant::now() > deadline => {
                    return Err(Failure::new(format!("waited {LIMIT:?} in vain: {failure}")));
                }
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    /// A shell in the machine; its variables.
    fn command(&self, line: &str, variables: &[(&str, &str)]) -> Result<Command, Failure> {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.first_process()?]);
        command.args(["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]);
        command.args(["env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]);
        command.args(variables.iter().map(|(name, value)| format!("{name}={value}")));
        command.args(["sh", "-c", &format!("cd /root && {line}")]).stdin(Stdio::null());
        Ok(command)
    }

    /// The process id of systemd in the container.
    fn first_process(&self) -> Result<String, Failure> {
        let id = self.container.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let is_systemd = |child: &&str| {
            fs::read_to_string(format!("/proc/{child}/comm")).is_ok_and(|name| name.trim() == "systemd")
        };
        let found = children.split_whitespace().find(is_systemd).map(str::to_owned);
        found.ok_or_else(|| Failure::new("systemd-nspawn runs no systemd"))
    }
}

impl Drop for Machine {
    /// The death of its first process ends all others.
    fn drop(&mut self) {
        if let Ok(first) = self.first_process() {
            let _ = tool::run("kill", &["-KILL", &first]);
        } else {
            let _ = self.container.kill();
        }
        let _ = self.container.wait();
    }
}

/// The directory with the Debian that machines start from. It is made once.
fn base() -> Result<PathBuf, Failure> {
    let target = cargo::target_directory()?;
    let (directory, mark) = (target.join("machine"), target.join("machine.packages"));
    let packages = format!("{PACKAGES} {DOWNLOADED}");
    if fs::read_to_string(&mark).is_ok_and(|made| made == packages) {
        return Ok(directory);
    }
    let _ = fs::remove_file(&mark);
    fresh_directory(&target, "machine")?;
    let release =
        fs::read_to_string("/etc/os-release").map_err(Failure::doing("cannot read /etc/os-release"))?;
    let suite = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let suite = suite.ok_or_else(|| Failure::new("/etc/os-release has no VERSION_CODENAME"))?;
    let sources = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
    let sources = sources.into_iter().find(|path| Path::new(path).exists());
    let sources = sources.ok_or_else(|| Failure::new("apt has no sources of Debian"))?;
    println!("making a Debian {suite} in {}", directory.display());
    let include = format!("--include={PACKAGES}");
    let download = format!(
        "--customize-hook=APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get install --yes --no-install-recommends \
         --download-only {DOWNLOADED}"
    );
    let options = ["--mode=root", "--variant=apt", "--skip=cleanup/apt", &include, &download];
    tool::run("mmdebstrap", &[&options[..], &[suite, &directory.to_string_lossy(), sources]].concat())?;
    // As an installer of Debian writes it.
    fs::write(directory.join("etc/hosts"), "127.0.0.1 localhost\n::1 localhost\n")
        .map_err(Failure::doing("cannot write the hosts of the machine"))?;
    fs::write(&mark, packages).map_err(Failure::doing(format!("cannot write {}", mark.display())))?;
    Ok(directory)
}
