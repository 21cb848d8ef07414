//! One run of a hook: its program, then its signal.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ld_config::{Hook, HookSignal, SignalTarget};
use ld_program::{Ended, Programs, clear_environment, explain, explain_status};

use tracing::warn;

use crate::event::Event;
use crate::output;
use crate::pid_file;

/// How long systemctl may take.
const SYSTEMCTL_LIMIT: Duration = Duration::from_secs(10);

/// Why a run did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    Failed(String),
    /// It was killed at its limit.
    Late(String),
    /// All programs are ended.
    Interrupted,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text) | Self::Late(text) => f.write_str(text),
            Self::Interrupted => f.write_str("it was interrupted"),
        }
    }
}

/// How long all of one run may take, but for a file system that hangs.
pub(crate) fn limit(hook: &Hook) -> Duration {
    hook.timeout + SYSTEMCTL_LIMIT
}

/// Runs the hook for an event. Blocks.
pub(crate) fn run(hook: &Hook, event: &Event, programs: &Programs) -> Result<(), Failure> {
    if let Some(line) = &hook.on_change {
        let mut command = Command::new(&line.program);
        command.args(&line.arguments);
        run_program(command, hook.timeout, event, programs)?;
    }
    match &hook.signal {
        None => Ok(()),
        Some(signal) => send(signal, event, programs),
    }
}

fn send(signal: &HookSignal, event: &Event, programs: &Programs) -> Result<(), Failure> {
    match &signal.target {
        SignalTarget::PidFile(file) => {
            if let Some(directory) = pid_file::open_directory_of(file) {
                programs.warn_once(format!("the pid file {}: {directory}", file.display()));
            }
            pid_file::send(&signal.name, file).map_err(Failure::Failed)
        }
        SignalTarget::Unit(unit) => {
            let mut command = Command::new("systemctl");
            // The older spelling of this option, which all versions know.
            command.args(["kill", "--kill-who=main"]).arg(format!("--signal={}", signal.name)).arg(unit);
            run_program(command, SYSTEMCTL_LIMIT, event, programs)
        }
        _ => Err(Failure::Failed("this build cannot send a signal there".to_owned())),
    }
}

fn run_program(
    mut command: Command,
    limit: Duration,
    event: &Event,
    programs: &Programs,
) -> Result<(), Failure> {
    let active = programs.begin().ok_or(Failure::Interrupted)?;
    let program = Path::new(command.get_program()).to_owned();
    let name = program.display();
    programs.warn_of_writers(&program, format_args!("the hook {name}"));
    clear_environment(&mut command);
    event.describe_to(&mut command);
    let mut output = output::logged(event);
    let ended = active.run_with_output(command, limit, |piece| output.add(piece));
    output.finish();
    let has_succeeded = matches!(ended, Ok(Ended::Itself(status)) if status.success());
    if active.is_killed() && !has_succeeded {
        warn!(
            node = event.subject.name,
            "{}: the hook {name} was killed, since the watcher ends",
            event.label()
        );
        return Err(Failure::Interrupted);
    }
    let ended = ended.map_err(|error| {
        let explanation = explain(&program, &error);
        Failure::Failed(format!("the hook {name} cannot run: {error}{explanation}"))
    })?;
    match ended {
        Ended::Itself(status) if status.success() => Ok(()),
        Ended::Itself(status) => {
            let hint = explain_status(&program, status);
            let end = match status.code() {
                Some(code) => format!("failed with exit code {code}"),
                None => format!("was ended by signal {}", status.signal().unwrap_or_default()),
            };
            Err(Failure::Failed(format!("the hook {name} {end}{hint}")))
        }
        Ended::Late => {
            let limit = limit.as_secs_f64();
            Err(Failure::Late(format!("the hook {name} was killed after {limit} s, its limit")))
        }
    }
}
