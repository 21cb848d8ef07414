//! What others may write, and what lets them: warned of, and an error with `--strict`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use ld_testkit::hostile::HostileServer;
use ld_testkit::{Host, SOON, TestCommand, TestOutput, install_script};

/// Runs `--once`, and `--once --strict`: the first succeeds with `warning`, the second fails.
#[track_caller]
fn assert_warned(once: TestCommand, warning: &str) {
    let TestOutput { code, stderr, .. } = once.run(SOON);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(stderr.matches(warning).count(), 1, "{warning:?} in {stderr}");
    let TestOutput { code, stderr, .. } = once.arg("--strict").run(SOON);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains(" absent, 1 warning"), "{stderr}");
}

fn host(server: &HostileServer) -> Host {
    Host::new(server.connect_string()).node("flags", "/flags")
}

fn server() -> HostileServer {
    let server = HostileServer::start();
    server.set("/flags", "on");
    server
}

fn chmod(path: impl AsRef<std::path::Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_configuration_that_others_may_write_warns() {
    let server = server();
    let host = host(&server);
    let once = host.once();
    chmod(host.path("config.ini"), 0o646);
    assert_warned(once, "others may change this file: its mode 0646 lets every local user write");
}

#[test]
fn secrets_that_others_may_write_warn() {
    let server = server();
    let host = host(&server).credentials(&["live-data:planted-password"]);
    chmod(host.path("secrets.json"), 0o620);
    let once = host.once();
    assert_warned(once, "others may change this file: its mode 0620 lets its group write");
}

#[test]
fn a_check_that_others_may_write_warns_once() {
    let server = server();
    let host = host(&server).node("other", "/flags");
    let program = host.path("check");
    install_script(&program, 0o777, "#!/bin/sh\n");
    let name = program.to_str().unwrap();
    let host = host.setting("nodes.flags.check", name).setting("nodes.other.check", name);
    let warning = format!("the check {name}: others may change this file: its mode 0777 lets");
    assert_warned(host.once(), &warning);
}

/// What `check --strict` prints of `host`, which it must not accept.
#[track_caller]
fn checked(host: &Host) -> String {
    let check = TestCommand::new(ld_testkit::binary("live-data-watcher")).args(["check", "--strict"]);
    let TestOutput { code, stdout, .. } = check.arg(host.config()).run(SOON);
    assert_eq!(code, Some(1), "{stdout}");
    stdout
}

#[test]
fn a_check_that_never_ran_and_others_may_write_warns() {
    let server = HostileServer::start();
    let host = host(&server).node("absent", "/absent");
    server.set("/other", "");
    let program = host.path("check");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    chmod(&program, 0o757);
    let host = host.without("nodes.flags.").setting("nodes.absent.check", program.to_str().unwrap());
    let warning = "others may change this file: its mode 0757 lets every local user write";
    assert!(checked(&host).contains(&format!("nodes.absent.check: {warning}")));
    let TestOutput { code, stderr, .. } = host.once().run(SOON);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(stderr.matches(warning).count(), 1, "{stderr}");
    let TestOutput { code, stderr, .. } = host.once().arg("--strict").run(SOON);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("1 node absent, 1 warning"), "{stderr}");
}

#[test]
fn directories_of_trusted_files_that_others_may_write_warn() {
    let server = server();
    for what in ["config.ini", "secrets.json", "check"] {
        let host = host(&server).credentials(&["live-data:planted-password"]);
        let (open, program) = (host.path("open"), host.path("open/check"));
        fs::create_dir(&open).unwrap();
        install_script(&program, 0o755, "#!/bin/sh\n");
        chmod(&open, 0o777);
        let host = match what {
            "check" => host.setting("nodes.flags.check", program.to_str().unwrap()),
            "secrets.json" => {
                fs::rename(host.path(what), open.join(what)).unwrap();
                host.without("secrets.path").setting("secrets.path", open.join(what).to_str().unwrap())
            }
            _ => host,
        };
        let warning = format!("{} can be written by every user, so what is below it", open.display());
        if what == "config.ini" {
            let config = open.join(what);
            fs::rename(host.config(), &config).unwrap();
            let once = TestCommand::new(ld_testkit::binary("live-data-watcher")).arg("--once").arg(config);
            assert_warned(once, &warning);
        } else {
            assert_warned(host.once(), &warning);
            assert!(checked(&host).contains(&warning), "{what}");
        }
        // In a shared directory nothing of root can be replaced.
        chmod(&open, 0o1777);
        let once = host.once().arg("--strict").run(SOON);
        assert_eq!(once.code, Some(0), "{what}: {}", once.stderr);
    }
}

#[test]
fn modes_that_give_rights_away_warn() {
    let server = server();
    for (mode, warning) in [
        ("4755", "4755 makes the file set-uid"),
        ("2755", "2755 makes the file set-gid"),
        ("0646", "0646 makes the file writable by every local user"),
    ] {
        let host = host(&server).setting("nodes.flags.mode", mode);
        assert_warned(host.once(), warning);
    }
    let once = host(&server).setting("nodes.flags.mode", "1644").once().arg("--strict").run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
}
