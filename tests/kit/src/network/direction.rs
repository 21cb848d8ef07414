//! One direction of a proxied connection: bytes that wait to be written, with their due times.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Most bytes of one read.
const CHUNK: usize = 64 << 10;
/// Reading pauses while so many bytes wait, so a slow reader slows its writer, as in TCP.
const MOST_QUEUED: usize = 4 << 20;

#[derive(Debug)]
struct Chunk {
    due: Instant,
    bytes: Vec<u8>,
    written: usize,
}

/// The queue of one direction.
#[derive(Debug, Default)]
pub(crate) struct Direction {
    queue: VecDeque<Chunk>,
    queued: usize,
    /// When the end of the stream is to be passed on.
    end_due: Option<Instant>,
    ended: bool,
}

impl Direction {
    /// Whether to read: the source has not ended and the queue has room.
    pub(crate) fn wants_input(&self) -> bool {
        self.end_due.is_none() && self.queued < MOST_QUEUED
    }

    /// When the next bytes are due; `None` when nothing waits.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.queue.front().map(|chunk| chunk.due).or(self.end_due.filter(|_| !self.ended))
    }

    /// Whether the end of the stream has been passed on.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Reads once; the bytes are due after `delay`. First `inspect` sees them.
    pub(crate) fn read(
        &mut self,
        mut source: &TcpStream,
        delay: Duration,
        inspect: impl FnOnce(&[u8]),
    ) -> io::Result<()> {
        let mut bytes = vec![0; CHUNK];
        let due = Instant::now() + delay;
        match source.read(&mut bytes) {
            Ok(0) => self.end_due = Some(due),
            Ok(count) => {
                bytes.truncate(count);
                inspect(&bytes);
                self.queued += count;
                self.queue.push_back(Chunk { due, bytes, written: 0 });
            }
            Err(error) if is_transient(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Writes the bytes that are due, as far as the destination takes them; then passes on the end.
    pub(crate) fn write(&mut self, mut destination: &TcpStream, now: Instant) -> io::Result<()> {
        while let Some(chunk) = self.queue.front_mut().filter(|chunk| chunk.due <= now) {
            match destination.write(&chunk.bytes[chunk.written..]) {
                Ok(count) => {
                    chunk.written += count;
                    self.queued -= count;
                    if chunk.written == chunk.bytes.len() {
                        self.queue.pop_front();
                    }
                }
                Err(error) if is_transient(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        if self.queue.is_empty() && !self.ended && self.end_due.is_some_and(|due| due <= now) {
            self.ended = true;
            destination.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
