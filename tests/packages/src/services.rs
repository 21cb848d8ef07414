//! The services of the compose file, run by docker-compose. Podman is its engine, and programs of
//! this machine stand for the images of the registry.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::compose::{self, FILE, texts};
use crate::root::fresh_directory;
use crate::store::Store;

const PROJECT: &str = "live-data-test";

/// Services with an image that is made of this machine's programs.
const OTHERS: [&str; 4] = ["zookeeper", "node", "files", "application"];

/// Services that others wait for until they are healthy.
const CHECKED: [&str; 2] = ["zookeeper", "watcher"];

/// How long a condition may take to come true.
const LIMIT: Duration = Duration::from_secs(120);

/// runc knows each kind of cgroups. The limits are lower than what the machine may allow.
const PODMAN: &str = r#"[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[network]
network_backend = "netavark"
"#;

/// Programs come from the machine, by a mount.
const DOCKERFILE: &str = r#"FROM scratch
COPY . /
ENV PATH=/usr/share/zookeeper/bin:/usr/sbin:/usr/bin
CMD ["zkServer.sh", "start-foreground"]
"#;

/// Runs the services with the image `live-data` of the store, twice.
pub(crate) fn check(store: &Store, directory: &Path) -> Result<(), Failure> {
    let directory = fresh_directory(directory, "services")?;
    make_images(store, &directory)?;
    write(&directory.join("others.yml"), &others()?)?;
    let services = Services::start(store, directory)?;
    services.up()?;
    services.wait_for(r#"flags are now {"new": false}"#, 1)?;
    services.compose(&["exec", "-T", "zookeeper", "zkCli.sh", "set", "/flags", r#"{"new": true}"#])?;
    services.wait_for(r#"flags are now {"new": true}"#, 1)?;
    services.compose(&["stop"])?;
    services.up()?;
    services.wait_for(r#"flags are now {"new": true}"#, 2)?;
    println!("the services of {FILE} run, and start again: the application prints each change");
    Ok(())
}

/// Gives the image of the watcher the name that an engine looks for, and makes the other ones.
fn make_images(store: &Store, directory: &Path) -> Result<(), Failure> {
    store.buildah(&["tag", "live-data", "docker.io/library/live-data"])?;
    let context = fresh_directory(directory, "context")?;
    for link in ["bin", "lib", "lib64", "sbin"] {
        symlink(format!("usr/{link}"), context.join(link)).map_err(Failure::doing("cannot make a link"))?;
    }
    for made in ["etc", "files", "tmp", "usr", "var/lib/zookeeper", "var/log/zookeeper"] {
        fresh_directory(&context, made)?;
    }
    let dockerfile = directory.join("Dockerfile");
    write(&dockerfile, DOCKERFILE)?;
    let file = compose::read()?;
    let names: BTreeSet<_> =
        OTHERS.iter().flat_map(|service| texts(&file, &["services", service, "image"])).collect();
    for name in names {
        let tag = format!("--tag=docker.io/library/{name}");
        let dockerfile = format!("--file={}", dockerfile.display());
        store.buildah(&["bud", "--isolation=chroot", &tag, &dockerfile, &context.to_string_lossy()])?;
    }
    Ok(())
}

/// What the compose file needs in addition: this machine's programs and their configuration.
fn others() -> Result<String, Failure> {
    let etc = fs::read_dir("/etc").map_err(Failure::doing("cannot read /etc"))?;
    let names = etc.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let wanted = |name: &String| name == "alternatives" || name == "zookeeper" || name.starts_with("java-");
    let places = names.filter(wanted).map(|name| format!("/etc/{name}"));
    let mounts: String =
        places.chain(["/usr".to_owned()]).map(|place| format!("      - {place}:{place}:ro\n")).collect();
    let service = |name: &str| format!("  {name}:\n    volumes:\n{mounts}");
    Ok(format!("services:\n{}", OTHERS.map(service).concat()))
}

/// Podman with the API of Docker.
struct Services<'a> {
    store: &'a Store,
    directory: PathBuf,
    engine: Child,
}

impl<'a> Services<'a> {
    fn start(store: &'a Store, directory: PathBuf) -> Result<Self, Failure> {
        write(&directory.join("containers.conf"), PODMAN)?;
        let mut command = podman(store, &directory);
        command.args(["system", "service", "--time=0", &format!("unix://{}", socket(&directory).display())]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let engine = command.spawn().map_err(Failure::doing("cannot run podman"))?;
        let services = Self { store, directory, engine };
        wait_until("podman does not listen", || Ok(socket(&services.directory).exists()))?;
        Ok(services)
    }

    /// Starts the services in their order.
    fn up(&self) -> Result<(), Failure> {
        let log = self.directory.join("up.log");
        let file = fs::File::create(&log).map_err(Failure::doing("cannot make a log"))?;
        let errors = file.try_clone().map_err(Failure::doing("cannot use a log twice"))?;
        let mut command = self.docker_compose(&["up", "--detach"]);
        let mut up = command
            .stdout(file)
            .stderr(errors)
            .spawn()
            .map_err(Failure::doing("cannot run docker-compose"))?;
        let mut status = None;
        let waited = wait_until("docker-compose does not end", || {
            self.run_health_checks();
            status = up.try_wait().map_err(Failure::doing("cannot wait for docker-compose"))?;
            Ok(status.is_some())
        });
        let _ = up.kill();
        let _ = up.wait();
        if status.is_some_and(|status| status.success()) {
            return Ok(());
        }
        let printed = fs::read_to_string(log).unwrap_or_default();
        Err(Failure::new(format!("docker-compose up fails ({waited:?}): {printed}{}", self.logs()?)))
    }

    /// On a machine without systemd no timer runs them.
    fn run_health_checks(&self) {
        for service in CHECKED {
            let container = format!("{PROJECT}_{service}_1");
            let mut command = podman(self.store, &self.directory);
            // It fails until the container runs.
            let _ = command.args(["healthcheck", "run", &container]).output();
        }
    }

    /// Waits until the application has printed `text` so many times.
    fn wait_for(&self, text: &str, times: usize) -> Result<(), Failure> {
        wait_until(&format!("the application does not print {text}"), || {
            Ok(self.compose(&["logs", "--no-color", "application"])?.matches(text).count() >= times)
        })
        .map_err(|failure| Failure::new(format!("{failure}: {}", self.logs().unwrap_or_default())))
    }

    fn logs(&self) -> Result<String, Failure> {
        self.compose(&["logs", "--no-color", "--tail=20"])
    }

    fn compose(&self, arguments: &[&str]) -> Result<String, Failure> {
        cargo::read(self.docker_compose(arguments))
    }

    fn docker_compose(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker-compose");
        command.args(["--project-name", PROJECT, "--file", FILE, "--file"]);
        command.arg(self.directory.join("others.yml")).args(arguments).current_dir(cargo::workspace());
        command.env("DOCKER_HOST", format!("unix://{}", socket(&self.directory).display()));
        command.stdin(Stdio::null());
        command
    }
}

impl Drop for Services<'_> {
    fn drop(&mut self) {
        let _ = self.docker_compose(&["down", "--volumes", "--timeout=1"]).output();
        let _ = self.engine.kill();
        let _ = self.engine.wait();
    }
}

fn podman(store: &Store, directory: &Path) -> Command {
    let mut command = Command::new("podman");
    command.args(store.options()).arg("--network-config-dir").arg(directory.join("networks"));
    command.env("CONTAINERS_CONF", directory.join("containers.conf")).env("DISABLE_HC_SYSTEMD", "true");
    command
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("podman.sock")
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(Failure::doing(format!("cannot write {}", path.display())))
}

fn wait_until(fault: &str, mut condition: impl FnMut() -> Result<bool, Failure>) -> Result<(), Failure> {
    let deadline = Instant::now() + LIMIT;
    while !condition()? {
        if Instant::now() > deadline {
            return Err(Failure::new(format!("{fault} within {LIMIT:?}")));
        }
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}
