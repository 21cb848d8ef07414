//! What must be in each package.

use ld_workspace::Failure;

/// Files of both packages. Debian compresses manual pages and has other names for completions of
/// zsh.
const FILES: [&str; 21] = [
    "/etc/live-data/live-data.ini",
    "/usr/bin/live-data-ctl",
    "/usr/bin/live-data-watcher",
    "/usr/bin/live-data-writer",
    "/usr/lib/systemd/system/live-data-watcher.service",
    "/usr/lib/systemd/system/live-data-watcher@.service",
    "/usr/lib/sysusers.d/live-data.conf",
    "/usr/share/bash-completion/completions/live-data-ctl",
    "/usr/share/bash-completion/completions/live-data-watcher",
    "/usr/share/bash-completion/completions/live-data-writer",
    // Debian's policy names this directory for what users copy.
    "/usr/share/doc/live-data/examples/grafana/live-data.json",
    "/usr/share/doc/live-data/examples/prometheus/live-data.rules.test.yml",
    "/usr/share/doc/live-data/examples/prometheus/live-data.rules.yml",
    "/usr/share/fish/vendor_completions.d/live-data-ctl.fish",
    "/usr/share/fish/vendor_completions.d/live-data-watcher.fish",
    "/usr/share/fish/vendor_completions.d/live-data-writer.fish",
    "/usr/share/man/man1/live-data-ctl-create.1",
    "/usr/share/man/man1/live-data-watcher-check.1",
    "/usr/share/man/man1/live-data-watcher-status.1",
    "/usr/share/man/man1/live-data-watcher.1",
    "/usr/share/man/man1/live-data-writer.1",
];

/// Checks that `listing`, which has a path in each line, has all files.
pub(crate) fn check(listing: &str) -> Result<(), Failure> {
    let listed: Vec<_> = listing.lines().map(|path| path.trim_end_matches(".gz")).collect();
    let missing: Vec<_> = FILES.into_iter().filter(|file| !listed.contains(file)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("the package lacks {}; it has\n{listing}", missing.join(", "))))
}
