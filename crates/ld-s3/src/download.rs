//! The content of one reply, streamed into a sink and verified.

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use ld_sync::Sink;
use tokio::time::{Instant, timeout};

use crate::checksum::Checksums;
use crate::failure::Failure;
use crate::pace::Pace;
use crate::transport::{Reply, SILENCE_LIMIT, cause};

/// The sink gets pieces of this size. While it writes one, the next one comes.
const PIECE: usize = 1024 * 1024;

/// The limit on the size of an object, with the name of its setting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) bytes: u64,
    pub(crate) key: &'static str,
}

impl Limit {
    fn check(self, bytes: u64) -> Result<(), Failure> {
        if bytes <= self.bytes {
            return Ok(());
        }
        let Self { bytes: limit, key } = self;
        Err(Failure::too_large(format!("the object has {bytes} bytes or more, and {key} is {limit}")))
    }
}

/// Streams a good reply. `length` is what it announces.
pub(crate) async fn stream(
    mut reply: Reply,
    length: Option<u64>,
    limit: Limit,
    mut checksums: Checksums,
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    limit.check(length.unwrap_or(0))?;
    sink.start().await?;
    let mut source = Source { body: &mut reply.body, pace: Pace::default(), total: 0, rest: Bytes::new() };
    let mut piece = source.piece(limit).await?;
    while !piece.is_empty() {
        checksums.update(&piece);
        let (written, next) = tokio::join!(sink.write(piece), source.piece(limit));
        written?;
        piece = next?;
    }
    let total = source.total;
    if length.is_some_and(|length| length != total) {
        return Err(Failure::transient(format!("{total} bytes came instead of {}", length.unwrap_or(0))));
    }
    checksums.finish().map_err(Failure::lasting)
}

struct Source<'a> {
    body: &'a mut Incoming,
    pace: Pace,
    total: u64,
    /// What did not fit into the last piece.
    rest: Bytes,
}

impl Source<'_> {
    /// The next piece, full but for the last one; empty at the end.
    async fn piece(&mut self, limit: Limit) -> Result<Vec<u8>, Failure> {
        let mut piece = Vec::with_capacity(PIECE);
        loop {
            let fits = self.rest.len().min(PIECE - piece.len());
            piece.extend_from_slice(&self.rest.split_to(fits));
            if piece.len() == PIECE {
                return Ok(piece);
            }
            match self.data().await? {
                Some(data) => self.rest = data,
                None => return Ok(piece),
            }
            self.total += self.rest.len() as u64;
            limit.check(self.total)?;
        }
    }

    async fn data(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let began = Instant::now();
            let frame = timeout(SILENCE_LIMIT, self.body.frame()).await.map_err(|_| {
                let (limit, total) = (SILENCE_LIMIT.as_secs(), self.total);
                Failure::transient(format!("nothing came for {limit} s after {total} bytes"))
            })?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|error| {
                Failure::transient(format!(
                    "the connection broke after {} bytes: {}",
                    self.total,
                    cause(&error)
                ))
            })?;
            // Other frames are trailers.
            if let Ok(data) = frame.into_data() {
                self.pace.note(began.elapsed(), data.len()).map_err(Failure::transient)?;
                return Ok(Some(data));
            }
        }
    }
}
