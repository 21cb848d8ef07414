//! What runs after a change: a program with its arguments, or a signal.

use std::path::Path;

use super::path;
use crate::quote::{Text, quoted};
use crate::settings::{CommandLine, HookSignal, SignalTarget};

/// The signals that programs take as a request. SIGKILL and those of faults are left out.
const SIGNALS: [&str; 7] = ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGINT", "SIGQUIT", "SIGTERM", "SIGWINCH"];

/// The units that have processes.
const UNIT_TYPES: [&str; 2] = [".service", ".scope"];

/// The longest name of a unit, as in systemd.
const MAX_UNIT: usize = 255;

/// A program and its arguments, between white space.
pub(crate) fn parse_command(value: Text<'_>) -> Result<CommandLine, String> {
    let mut words = path::one_line(value)?.split_whitespace();
    let program = words.next().unwrap_or_default();
    check_program(value, Path::new(program))?;
    Ok(CommandLine::new(program, words))
}

fn check_program(value: Text<'_>, program: &Path) -> Result<(), String> {
    let text = program.to_string_lossy();
    if !program.is_absolute() || text.ends_with('/') {
        return Err(format!("{value} does not begin with the absolute path of a program"));
    }
    Ok(())
}

/// Checks a command line made by hand. Its arguments may hold spaces.
pub(crate) fn check_command(command: &CommandLine) -> Result<(), String> {
    let line = command.to_string();
    let value = Text::literal(&line);
    path::one_line(value)?;
    check_program(value, &command.program)
}

/// `SIGHUP:/run/app.pid` or `SIGHUP:app.service`.
pub(crate) fn parse_signal(value: Text<'_>) -> Result<HookSignal, String> {
    let text = path::one_line(value)?;
    let (name, target) = text.split_once(':').unwrap_or((text, ""));
    let (name, target) = (name.trim(), target.trim());
    let Some(name) = SIGNALS.into_iter().find(|known| known.eq_ignore_ascii_case(name)) else {
        let allowed = SIGNALS.join(", ");
        return Err(format!("{value} does not begin with a signal and a colon (allowed: {allowed})"));
    };
    let target = if target.starts_with('/') {
        SignalTarget::PidFile(path::parse_file(value.piece(target))?)
    } else {
        SignalTarget::Unit(target.to_owned())
    };
    check_target(value, &target)?;
    Ok(HookSignal::new(name, target))
}

fn check_target(value: Text<'_>, target: &SignalTarget) -> Result<(), String> {
    match target {
        SignalTarget::PidFile(file) if file.is_absolute() => Ok(()),
        SignalTarget::Unit(unit) if is_unit(unit) => Ok(()),
        _ => Err(format!(
            "{value} names neither the absolute path of a pid file nor a systemd unit, such as app.service"
        )),
    }
}

/// A name that systemctl takes for a unit, never for an option.
fn is_unit(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte);
    let stem = UNIT_TYPES.iter().find_map(|kind| name.strip_suffix(kind));
    stem.is_some_and(|stem| !stem.is_empty() && !stem.starts_with('-'))
        && name.len() <= MAX_UNIT
        && name.bytes().all(is_allowed)
}

/// Checks a signal made by hand.
pub(crate) fn check_signal(signal: &HookSignal) -> Result<(), String> {
    let text = signal.to_string();
    parse_signal(Text::literal(&text)).and_then(|parsed| {
        check_target(Text::literal(&text), &signal.target)?;
        if parsed == *signal { Ok(()) } else { Err(format!("{} is read differently", quoted(&text))) }
    })
}

/// The name of a group: a word.
pub(crate) fn parse_group(value: Text<'_>) -> Result<String, String> {
    let name = path::one_line(value)?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(format!("{value} is not the name of a group (one word)"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> Result<CommandLine, String> {
        parse_command(Text::literal(text))
    }

    fn signal(text: &str) -> Result<HookSignal, String> {
        parse_signal(Text::literal(text))
    }

    #[test]
    fn a_command_is_a_program_and_words() {
        assert_eq!(command("/a"), Ok(CommandLine::new("/a", [""; 0])));
        assert_eq!(command("/n  -s reload $X 'a"), Ok(CommandLine::new("/n", ["-s", "reload", "$X", "'a"])));
        for bad in ["nginx -s reload", "/ -s", "/bin/", "", " ", "/a\nb", "/a\tb"] {
            assert!(command(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_signal_has_a_known_name_and_a_target() {
        let hup = |target| Ok(HookSignal::new("SIGHUP", target));
        assert_eq!(signal("sighup:/run/a.pid"), hup(SignalTarget::PidFile("/run/a.pid".into())));
        assert_eq!(signal("SIGHUP: a@b\\x2d.service"), hup(SignalTarget::Unit("a@b\\x2d.service".into())));
        for bad in [
            "SIGKILL:/run/a.pid",
            "HUP:/run/a.pid",
            "SIGHUP",
            "SIGHUP:",
            "SIGHUP:run/a.pid",
            "SIGHUP:/run/",
            "SIGHUP:a.socket",
            "SIGHUP:.service",
            "SIGHUP:--all.service",
            "SIGHUP:a b.service",
            "SIGHUP:a;b.service",
        ] {
            assert!(signal(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hooks_made_by_hand_are_checked() {
        assert_eq!(check_command(&CommandLine::new("/a", ["one word", ""])), Ok(()));
        assert!(check_command(&CommandLine::new("a", [""; 0])).is_err());
        assert!(check_command(&CommandLine::new("/a", ["a\0"])).is_err());
        let unit = |name: &str, unit: &str| HookSignal::new(name, SignalTarget::Unit(unit.to_owned()));
        assert_eq!(check_signal(&unit("SIGHUP", "a.service")), Ok(()));
        assert!(check_signal(&unit("SIGHUP", "/a.service")).is_err());
        assert!(check_signal(&unit("sighup", "a.service")).is_err());
        assert!(check_signal(&HookSignal::new("SIGHUP", SignalTarget::PidFile("a".into()))).is_err());
    }
}
