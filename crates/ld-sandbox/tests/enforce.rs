//! What a sandboxed thread may and may not do. A sandbox binds one thread, so each test has one.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use ld_config::{Config, Environment, Scope};
use ld_sandbox::Rules;
use tempfile::TempDir;

/// Directories for one configuration, and one that it does not name.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for directory in ["conf", "secrets", "live", "elsewhere", "real"] {
            fs::create_dir(place.path(directory)).unwrap();
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn rules(&self, more: &str) -> Rules {
        let (secrets, dest) = (self.path("secrets/all.json"), self.path("live/a"));
        let text = format!(
            "[live-data]\nzookeeper.hosts = zk\nzookeeper.credentials = x\nsecrets.path = {}\n\
             nodes.a.source = /a\nnodes.a.dest = {}\n{more}",
            secrets.display(),
            dest.display()
        );
        let parsed = Config::parse(text, "test.ini", &Environment::empty(), Scope::Watcher).unwrap();
        Rules::new(&self.path("conf/live.ini"), &parsed.config)
    }
}

/// Runs `work` on a thread that has enforced `rules`, and gives what could not be opened.
fn sandboxed(rules: Rules, work: impl FnOnce() + Send + 'static) -> Vec<String> {
    let run = move || {
        let open = |directory: &Path| File::open(directory).map(Into::into);
        let unusable = rules.enforce(open).expect("these tests need Linux 6.2 or later with Landlock");
        work();
        unusable.iter().map(ToString::to_string).collect()
    };
    thread::spawn(run).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[track_caller]
fn assert_denied<T>(result: io::Result<T>) {
    assert_eq!(result.err().map(|error| error.kind()), Some(ErrorKind::PermissionDenied));
}

#[test]
fn files_are_replaced_below_destinations_only() {
    let place = Place::new();
    let (live, elsewhere) = (place.path("live"), place.path("elsewhere"));
    fs::write(elsewhere.join("other"), "other").unwrap();
    let unusable = sandboxed(place.rules(""), move || {
        fs::write(live.join(".new"), "1").unwrap();
        fs::rename(live.join(".new"), live.join("a")).unwrap();
        fs::write(live.join(".new"), "2").unwrap();
        fs::rename(live.join(".new"), live.join("a")).unwrap();
        assert_eq!(fs::read_to_string(live.join("a")).unwrap(), "2");
        fs::create_dir(live.join("below")).unwrap();
        fs::write(live.join("below/b"), "").unwrap();
        fs::remove_file(live.join("a")).unwrap();

        assert_denied(fs::write(elsewhere.join("new"), ""));
        assert_denied(fs::write(elsewhere.join("other"), ""));
        assert_denied(fs::remove_file(elsewhere.join("other")));
        assert_denied(fs::create_dir(elsewhere.join("directory")));
        assert_denied(symlink("/etc", live.join("link")));
        assert_denied(File::open(elsewhere.join("other")));
        assert_denied(fs::write("/dev/shm/ld-sandbox-test", ""));
    });
    assert_eq!(unusable, Vec::<String>::new());
}

#[test]
fn replaced_secrets_and_linked_ones_are_read() {
    let place = Place::new();
    let (conf, secrets) = (place.path("conf/live.ini"), place.path("secrets/all.json"));
    fs::write(place.path("real/all.json"), "first").unwrap();
    symlink(place.path("real/all.json"), &secrets).unwrap();
    fs::write(&conf, "conf").unwrap();
    let (new, go) = (place.path("real/new"), place.path("real/all.json"));
    // Not bound by the sandbox, it replaces the file meanwhile.
    let (ask, asked) = std::sync::mpsc::channel();
    let (answer, answered) = std::sync::mpsc::channel();
    let rotate = thread::spawn(move || {
        asked.recv().unwrap();
        fs::write(&new, "second").unwrap();
        fs::rename(&new, &go).unwrap();
        answer.send(()).unwrap();
    });
    let unusable = sandboxed(place.rules(""), move || {
        assert_eq!(fs::read_to_string(&conf).unwrap(), "conf");
        assert_eq!(fs::read_to_string(&secrets).unwrap(), "first");
        ask.send(()).unwrap();
        answered.recv().unwrap();
        assert_eq!(fs::read_to_string(&secrets).unwrap(), "second");
        assert_denied(fs::write(&secrets, ""));
        assert_denied(fs::write(&conf, ""));
    });
    rotate.join().unwrap();
    assert_eq!(unusable, Vec::<String>::new());
}

#[test]
fn the_system_is_read_but_runs_no_program() {
    let place = Place::new();
    sandboxed(place.rules(""), || {
        assert!(!fs::read("/etc/passwd").unwrap().is_empty());
        assert!(!fs::read("/proc/self/mountinfo").unwrap().is_empty());
        fs::write("/dev/null", "thrown away").unwrap();
        assert_denied(Command::new("/bin/true").status());
        assert_denied(fs::write("/etc/ld-sandbox-test", ""));
    });
}

#[test]
fn checks_read_and_run_everything_but_write_no_more() {
    let place = Place::new();
    let (program, elsewhere) = (place.path("real/check"), place.path("elsewhere/seen"));
    fs::write(place.path("elsewhere/rules"), "rules").unwrap();
    let script = "#!/bin/sh\ncat \"$1/rules\" > /dev/null && ! touch \"$1/seen\" 2> /dev/null\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let rules = place.rules(&format!("nodes.a.check = {}\n", program.display()));
    sandboxed(rules, move || {
        let status = Command::new(&program).arg(elsewhere.parent().unwrap()).status().unwrap();
        assert!(status.success(), "{status}");
        assert!(!elsewhere.exists());
    });
}

#[test]
fn new_threads_are_bound_and_get_no_privileges() {
    let place = Place::new();
    let elsewhere = place.path("elsewhere/new");
    sandboxed(place.rules(""), move || {
        let child = thread::spawn(move || {
            assert_denied(fs::write(&elsewhere, ""));
            let status = fs::read_to_string("/proc/thread-self/status").unwrap();
            assert!(status.contains("NoNewPrivs:\t1"), "{status}");
        });
        child.join().unwrap();
    });
}

#[test]
fn what_cannot_be_opened_is_told() {
    let place = Place::new();
    fs::remove_dir(place.path("secrets")).unwrap();
    fs::remove_dir(place.path("live")).unwrap();
    let (secrets, live) = (place.path("secrets"), place.path("live"));
    let unusable = sandboxed(place.rules(""), || ());
    let told = |path: &Path| {
        format!(
            "the sandbox keeps '{}' closed until a restart: cannot open it now: No such file or directory \
             (os error 2)",
            path.display()
        )
    };
    assert_eq!(unusable, [told(&secrets), told(&live)]);
}
