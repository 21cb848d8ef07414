//! Nodes that point to objects in S3.

use std::path::Path;
use std::process::Command;

use ld_testkit::TempDir;

use super::measure::Round;
use super::start::figures;
use super::update::delay;
use crate::environment::{Environment, NodeSize, TMPFS};
use crate::programs::Subject;
use crate::system::{Usage, forget_peak};
use ld_workspace::Failure;

/// Seconds to the last file of 50 pointers, CPU seconds, resident bytes once the subject is idle.
pub(super) fn start(environment: &mut Environment, subject: Subject) -> Result<Round, Failure> {
    let workload = environment.start_with(subject, NodeSize::Pointer, 50)?;
    Ok(figures(&workload)?.into())
}

/// Replaces an object of 300 MiB by another one, once the subject is idle.
///
/// Yields the seconds from the acknowledged pointer to the file, their ratio to those of `curl`,
/// the CPU seconds, and the bytes by which the resident ones grow at their peak.
pub(super) fn large(environment: &mut Environment, subject: Subject) -> Result<Round, Failure> {
    let mut workload = environment.start_with(subject, NodeSize::Object, 1)?;
    let before = workload.usage_when_idle()?;
    forget_peak(workload.process.id())?;
    let seconds = delay(environment, &mut workload, NodeSize::Object)?;
    let after = Usage::of(workload.process.id())?;
    workload.verify(environment.node_set(NodeSize::Object))?;
    let curl = f64::min(curl(environment)?, curl(environment)?);
    let grown = (after.peak - before.resident).max(0.0);
    Ok([seconds, seconds / curl, after.cpu - before.cpu, grown].into())
}

/// The seconds in which `curl` loads the same object into a file beside, without its own start.
fn curl(environment: &Environment) -> Result<f64, Failure> {
    let directory = TempDir::new_in(Path::new(TMPFS));
    let (url, headers) = environment.node_set(NodeSize::Object).request(0);
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail", "--write-out", "%{time_total}", "--output"]);
    command.arg(directory.join("object")).arg(url).env_remove("http_proxy");
    for header in headers {
        command.arg("--header").arg(header);
    }
    let output = command.output().map_err(Failure::doing("cannot run curl (apt-get install curl)"))?;
    let seconds = String::from_utf8_lossy(&output.stdout).parse();
    match seconds {
        Ok(seconds) if output.status.success() => Ok(seconds),
        _ => Err(Failure::new(format!("curl failed: {}", String::from_utf8_lossy(&output.stderr)))),
    }
}
