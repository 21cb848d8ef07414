//! The body of a request: a few bytes, or a part of a file that is read while it is sent.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use ld_blocking::Spawner;
use tokio::sync::{mpsc, watch};

use super::SILENCE_LIMIT;

/// A file is read in pieces of this size.
const PIECE: usize = 64 * 1024;

/// So many pieces are read ahead.
const AHEAD: usize = 4;

/// How long the answer to a large body may take, or to a request that is much work. What the system
/// has taken for sending may still be on its way then.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// A part of a file.
#[derive(Debug, Clone)]
pub(crate) struct FilePart {
    pub(crate) file: Arc<File>,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    /// How many bytes of all parts were sent, for the user.
    pub(crate) sent: Arc<AtomicU64>,
    /// What `sent` was before this part.
    pub(crate) sent_before: u64,
}

/// The body of a request.
pub(crate) struct RequestBody {
    content: Content,
    remaining: u64,
    /// The bytes that were taken so far. It ends with the body.
    taken: watch::Sender<u64>,
    pub(super) answer_limit: Duration,
}

enum Content {
    Whole(Bytes),
    Pieces(mpsc::Receiver<io::Result<Bytes>>, FilePart),
}

impl RequestBody {
    /// No body.
    pub(crate) fn empty() -> Self {
        Self::whole(Bytes::new())
    }

    pub(crate) fn whole(bytes: Bytes) -> Self {
        let remaining = bytes.len() as u64;
        let content = Content::Whole(bytes);
        Self { content, remaining, taken: watch::Sender::new(0), answer_limit: SILENCE_LIMIT }
    }

    /// A few bytes that the server takes long to answer.
    pub(crate) fn whole_and_slow(bytes: Bytes) -> Self {
        Self { answer_limit: ANSWER_LIMIT, ..Self::whole(bytes) }
    }

    /// A part of a file. A thread reads it.
    ///
    /// # Errors
    ///
    /// The system refuses the thread.
    pub(crate) fn of_file(part: FilePart) -> io::Result<Self> {
        let (pieces, receiver) = mpsc::channel(AHEAD);
        let FilePart { file, offset, bytes, .. } = part.clone();
        Spawner::Threads.spawn("reading the source", move || send_pieces(&file, offset, bytes, &pieces))?;
        let remaining = part.bytes;
        let content = Content::Pieces(receiver, part);
        Ok(Self { content, remaining, taken: watch::Sender::new(0), answer_limit: ANSWER_LIMIT })
    }

    pub(super) fn taken(&self) -> watch::Receiver<u64> {
        self.taken.subscribe()
    }
}

/// Reads until the end, a failure, or the end of the body, which no longer takes any.
fn send_pieces(file: &File, mut offset: u64, mut bytes: u64, pieces: &mpsc::Sender<io::Result<Bytes>>) {
    while bytes > 0 {
        let mut piece = vec![0; PIECE.min(usize::try_from(bytes).unwrap_or(PIECE))];
        let read = file.read_exact_at(&mut piece, offset);
        (offset, bytes) = (offset + piece.len() as u64, bytes - piece.len() as u64);
        let has_failed = read.is_err();
        if pieces.blocking_send(read.map(|()| piece.into())).is_err() || has_failed {
            return;
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let piece = match &mut self.content {
            Content::Whole(bytes) => std::mem::take(bytes),
            Content::Pieces(pieces, _) => match ready!(pieces.poll_recv(context)) {
                Some(piece) => piece?,
                None => return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
            },
        };
        self.remaining = self.remaining.saturating_sub(piece.len() as u64);
        let taken = *self.taken.borrow() + piece.len() as u64;
        self.taken.send_replace(taken);
        if let Content::Pieces(_, part) = &self.content {
            part.sent.store(part.sent_before + taken, Ordering::Relaxed);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use http_body_util::BodyExt;

    use super::*;

    fn part(content: &[u8], offset: u64, bytes: u64) -> FilePart {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        FilePart { file: Arc::new(file), offset, bytes, sent: Arc::default(), sent_before: 10 }
    }

    #[tokio::test]
    async fn a_part_of_a_file_is_read_and_counted() {
        let content: Vec<u8> = (0..300_000_u32).map(|i| i as u8).collect();
        let part = part(&content, 7, 200_000);
        let sent = Arc::clone(&part.sent);
        let body = RequestBody::of_file(part).unwrap();
        assert_eq!(body.size_hint().exact(), Some(200_000));
        assert!(body.collect().await.unwrap().to_bytes() == content[7..200_007]);
        assert_eq!(sent.load(Ordering::Relaxed), 200_010);
    }

    #[tokio::test]
    async fn a_file_that_became_shorter_is_an_error() {
        let body = RequestBody::of_file(part(b"short", 0, 6)).unwrap();
        assert_eq!(body.collect().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
