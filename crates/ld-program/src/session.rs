//! The processes that a program started: its session, which is killed as a whole.

use std::fs;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};

/// How often new processes of one session are looked for, if there are more each time.
const MOST_LOOKS: usize = 10;

/// Kills the process group that `leader` leads. One that is gone is no error.
pub(crate) fn kill_group(leader: Pid) {
    let _ = kill_process_group(leader, Signal::KILL);
}

/// Kills all processes of the session that `leader` leads, in whatever group they are. A process
/// that has made a session of its own has left it. `leader` must not be reaped before this returns:
/// until then the id is its own.
pub(crate) fn kill_session(leader: Pid) {
    kill_group(leader);
    let mut killed = Vec::new();
    for _ in 0..MOST_LOOKS {
        // What was started while the others were being killed.
        let new: Vec<_> = members(leader).filter(|id| !killed.contains(id)).collect();
        if new.is_empty() {
            return;
        }
        new.iter().for_each(|id| kill_member(*id, leader));
        killed.extend(new);
    }
}

fn kill_member(id: Pid, leader: Pid) {
    // The descriptor names this process even when it ends and its id is given to another one.
    let Ok(process) = pidfd_open(id, PidfdFlags::empty()) else { return };
    if is_member(id, leader) {
        let _ = pidfd_send_signal(process, Signal::KILL);
    }
}

/// The processes of the session that run. Without a `/proc` of this process's own namespace there
/// are none to see.
fn members(leader: Pid) -> impl Iterator<Item = Pid> {
    let numbers_are_ours =
        fs::read_link("/proc/self").is_ok_and(|name| name == *std::process::id().to_string());
    let entries = numbers_are_ours.then(|| fs::read_dir("/proc")).into_iter().flatten().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw));
    ids.filter(move |id| is_member(*id, leader))
}

fn is_member(id: Pid, leader: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero())).unwrap_or_default();
    runs_in_session(&stat, leader)
}

/// Behind the name, which is in parentheses and may hold some itself, stand state, parent, group
/// and session.
fn runs_in_session(stat: &str, leader: Pid) -> bool {
    let Some((_, fields)) = stat.rsplit_once(") ") else { return false };
    let fields: Vec<_> = fields.split(' ').take(4).collect();
    matches!(fields[..], [state, _, _, session] if !matches!(state, "Z" | "X")
        && session.parse() == Ok(leader.as_raw_nonzero()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_told_by_state_and_session() {
        let leader = Pid::from_raw(7).unwrap();
        for (stat, is_member) in [
            ("9 (sh) S 1 8 7 0 -1", true),
            ("9 (a) S 1 1 1 (b) R 1 8 7 0", true),
            ("9 (sh) Z 1 8 7 0 -1", false),
            ("9 (sh) S 7 7 8 0 -1", false),
            ("9 (sh) S 1", false),
            ("", false),
        ] {
            assert_eq!(runs_in_session(stat, leader), is_member, "{stat}");
        }
    }
}
