//! A bound on what comes before an answer begins: interim answers (100, 103) may come without end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes that are read until an answer has begun. The first part of its body may be among
/// them, since it comes in the same buffer.
const MOST: usize = 4 * super::BUFFER;

/// A connection that fails when too much comes before the answer.
pub(super) struct HeadLimit<S> {
    stream: S,
    read: usize,
    /// The answer has begun.
    has_begun: Arc<AtomicBool>,
}

impl<S> HeadLimit<S> {
    pub(super) fn new(stream: S, has_begun: Arc<AtomicBool>) -> Self {
        Self { stream, read: 0, has_begun }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadLimit<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if !self.has_begun.load(Ordering::Relaxed) {
            self.read += buffer.filled().len() - before;
            if self.read > MOST {
                let reason = format!("no answer within the first {MOST} bytes");
                return Poll::Ready(Err(io::Error::other(reason)));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadLimit<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
