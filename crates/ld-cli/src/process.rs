//! The frame of a binary's `main`.

use std::io;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::event::Timespec;
use signal_hook::consts::SIGXFSZ;
use tracing::{error, warn};

use crate::core_dumps;
use crate::exit::Exit;
use crate::log_writer;
use crate::logging::{self, FLUSH_LIMIT, LogOptions};

/// Starts logging, calls `prepare` and then `program` with its result, writes out what was logged,
/// and gives the exit code.
///
/// - Core dumps are off, and the process is not dumpable: its memory holds credentials.
/// - While `prepare` runs the process has no other thread. What must bind all threads, such as a
///   sandbox, belongs there. Its log lines are written when it has ended; beyond
///   [`MAX_LOG_LINES`](crate::MAX_LOG_LINES) and [`MAX_LOG_BYTES`](crate::MAX_LOG_BYTES) they are
///   dropped and counted.
/// - A panic is logged as one line. It ends a process only in `prepare` or `program`, with 1.
/// - A write beyond the limit of a file's size (`RLIMIT_FSIZE`) is an error of that write: it kills
///   no process.
/// - Without a thread for the log lines `program` does not run: one line says so, and the exit code
///   is 1.
pub fn run_main<T>(
    options: LogOptions,
    prepare: impl FnOnce() -> Result<T, Exit>,
    program: impl FnOnce(T) -> Result<Exit, Exit>,
) -> ExitCode {
    if let Err(cause) = start(options) {
        return refused(&cause);
    }
    let prepared = caught(prepare);
    if let Err(cause) = logging::start_writing() {
        return refused(&cause);
    }
    let exit = prepared.and_then(|prepared| caught(|| program(prepared)));
    logging::flush_log();
    exit.unwrap_or_else(|exit| exit).into()
}

fn caught<T>(part: impl FnOnce() -> Result<T, Exit>) -> Result<T, Exit> {
    panic::catch_unwind(AssertUnwindSafe(part)).unwrap_or(Err(Exit::Failed))
}

fn start(options: LogOptions) -> io::Result<()> {
    // A handler that does nothing of note: unlike an ignored signal, it is not inherited by the
    // programs that we start.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    logging::start(options);
    panic::set_hook(Box::new(log_panic));
    if let Err(cause) = core_dumps::forbid() {
        warn!("core dumps cannot be switched off ({cause}): they would hold credentials");
    }
    Ok(())
}

fn refused(cause: &io::Error) -> ExitCode {
    let line = format!(
        "cannot start: the system refuses what every process needs: {cause}; raise the limit of processes and \
         threads (ulimit -u, pids.max)\n"
    );
    let limit = Timespec::try_from(FLUSH_LIMIT).unwrap_or_default();
    log_writer::write_one(&line, limit);
    Exit::Failed.into()
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let reason = text.unwrap_or("no reason is given").replace(['\r', '\n'], " ");
    match panic.location() {
        Some(place) => error!("panicked at {place}: {reason}; please report this as a bug"),
        None => error!("panicked: {reason}; please report this as a bug"),
    }
}
