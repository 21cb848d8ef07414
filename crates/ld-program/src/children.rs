//! Child processes: which ones this crate started and waits for, and which ones are orphans of
//! others.
//!
//! A process with the id 1 becomes the parent of every orphan of its container, and must collect
//! their exit statuses. It must not collect those of the programs that run here: the threads that
//! run them wait for these.

use std::io;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::Pid;
use process_wrap::std::{ChildWrapper, CommandWrap};

static CHILDREN: Mutex<Children> =
    Mutex::new(Children { starting: 0, own: Vec::new(), reaping_is_due: false });

/// All children of this process that this crate starts.
struct Children {
    /// Calls that may have made a child with an id that is not known yet.
    starting: usize,
    own: Vec<Pid>,
    /// Orphans may have ended while a child was being started.
    reaping_is_due: bool,
}

/// A child that only its owner waits for.
#[derive(Debug)]
pub(crate) struct OwnChild {
    child: Box<dyn ChildWrapper>,
    id: Pid,
}

impl OwnChild {
    /// Starts `command`. The call lasts until the program runs, which may take long on a file
    /// system that hangs.
    pub(crate) fn start(mut command: CommandWrap) -> io::Result<Self> {
        lock().starting += 1;
        // The wrappers' child waits for the whole group, which a process that cannot be killed
        // could hold up.
        let started = command.spawn().map(ChildWrapper::into_inner);
        let child = started.and_then(|child| {
            let id = i32::try_from(child.id()).map_err(io::Error::other)?;
            Ok(Self { child, id: Pid::from_raw(id) })
        });
        let mut children = lock();
        children.starting -= 1;
        children.own.extend(child.as_ref().map(|child| child.id));
        let reaping_is_due = std::mem::take(&mut children.reaping_is_due);
        drop(children);
        if reaping_is_due {
            reap_orphans();
        }
        child
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, without a limit.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

impl Drop for OwnChild {
    fn drop(&mut self) {
        let mut children = lock();
        children.own.retain(|id| *id != self.id);
        let reaping_is_due = std::mem::take(&mut children.reaping_is_due);
        drop(children);
        if reaping_is_due {
            reap_orphans();
        }
    }
}

/// Collects the exit status of every child that has ended, except for those of
/// [`Programs`](crate::Programs): their own threads wait for them. Returns at once. To be called
/// after each `SIGCHLD`, by a process that may have the id 1.
///
/// It takes every other child's status: do not call it in a program that starts children by itself.
pub fn reap_orphans() {
    let mut children = lock();
    loop {
        // Looks at one ended child and leaves its status where it is.
        let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        let Some(ended) = waitid(Id::All, look).ok().and_then(|status| status.pid()) else { return };
        // It may stand before orphans: these are reaped when its thread has waited for it.
        if children.starting > 0 || children.own.contains(&ended) {
            children.reaping_is_due = true;
            return;
        }
        if waitpid(ended, Some(WaitPidFlag::WNOHANG)).is_err() {
            return;
        }
    }
}

fn lock() -> MutexGuard<'static, Children> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}
