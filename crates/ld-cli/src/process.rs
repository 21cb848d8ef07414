//! The frame of a binary's `main`.

use std::io;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::event::Timespec;
use signal_hook::consts::SIGXFSZ;
use tracing::error;

use crate::exit::Exit;
use crate::log_writer;
use crate::logging::{self, FLUSH_LIMIT, LogOptions};

/// Starts logging, runs `program`, writes out what was logged, and gives the exit code.
///
/// - A panic is logged as one line. It ends a process only in `program` itself, with 1.
/// - A write beyond the limit of a file's size (`RLIMIT_FSIZE`) is an error of that write: it kills
///   no process.
/// - Without a thread for the log lines `program` does not run: one line says so, and the exit code
///   is 1.
pub fn run_main(options: LogOptions, program: impl FnOnce() -> Result<Exit, Exit>) -> ExitCode {
    if let Err(cause) = prepare(options) {
        let line = format!(
            "cannot start: the system refuses what every process needs: {cause}; raise the limit of processes \
             and threads (ulimit -u, pids.max)\n"
        );
        let limit = Timespec::try_from(FLUSH_LIMIT).unwrap_or_default();
        log_writer::write_one(&line, limit);
        return Exit::Failed.into();
    }
    let exit = panic::catch_unwind(AssertUnwindSafe(program)).unwrap_or(Err(Exit::Failed));
    logging::flush_log();
    exit.unwrap_or_else(|exit| exit).into()
}

fn prepare(options: LogOptions) -> io::Result<()> {
    // A handler that does nothing of note: unlike an ignored signal, it is not inherited by the
    // programs that we start.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    logging::start(options)?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
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
