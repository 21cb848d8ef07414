//! The frames of ZooKeeper's protocol in a stream: a length of four bytes, then that many bytes.

/// Bytes that are kept of each frame: a request's header, or the connect response without its
/// read-only flag.
const PREFIX: usize = 36;
/// A stream with a longer "frame" is a four-letter command or TLS.
const LONGEST_FRAME: usize = 256 << 20;

/// Finds the frames in one direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    length: Vec<u8>,
    prefix: Vec<u8>,
    /// Bytes of the current frame that are still to come, including the prefix.
    remaining: usize,
    /// The stream is not ZooKeeper's binary protocol.
    is_foreign: bool,
}

impl Frames {
    /// Takes the next bytes of the stream, and calls `on_frame` with the first 36 bytes (or all) of
    /// each frame.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut on_frame: impl FnMut(&[u8])) {
        while !bytes.is_empty() && !self.is_foreign {
            if self.length.len() < 4 {
                let (head, rest) = bytes.split_at(bytes.len().min(4 - self.length.len()));
                self.length.extend_from_slice(head);
                bytes = rest;
                if let Ok(length) = <[u8; 4]>::try_from(self.length.as_slice()) {
                    self.remaining = u32::from_be_bytes(length) as usize;
                    self.is_foreign = self.remaining > LONGEST_FRAME;
                    self.prefix.clear();
                    self.finish_empty(&mut on_frame);
                }
                continue;
            }
            let (body, rest) = bytes.split_at(bytes.len().min(self.remaining));
            bytes = rest;
            self.remaining -= body.len();
            if self.prefix.len() < PREFIX {
                let wanted = body.len().min(PREFIX - self.prefix.len());
                self.prefix.extend_from_slice(&body[..wanted]);
                if self.prefix.len() == PREFIX || self.remaining == 0 {
                    on_frame(&self.prefix);
                }
            }
            if self.remaining == 0 {
                self.length.clear();
            }
        }
    }

    fn finish_empty(&mut self, on_frame: &mut impl FnMut(&[u8])) {
        if self.remaining == 0 {
            on_frame(&[]);
            self.length.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(body: &[u8]) -> Vec<u8> {
        [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], body].concat()
    }

    #[test]
    fn frames_are_found_in_parts_of_any_size() {
        let stream = [frame(b"one"), frame(b""), frame(&[7; 100]), frame(&[8; 36]), frame(b"last")].concat();
        for size in 1..=stream.len() {
            let mut found = Vec::new();
            let mut frames = Frames::default();
            for part in stream.chunks(size) {
                frames.feed(part, |prefix| found.push(prefix.to_vec()));
            }
            let expected: Vec<Vec<u8>> =
                vec![b"one".to_vec(), vec![], vec![7; 36], vec![8; 36], b"last".to_vec()];
            assert_eq!(found, expected, "in parts of {size} bytes");
        }
    }

    #[test]
    fn a_four_letter_command_is_not_a_frame() {
        let mut frames = Frames::default();
        frames.feed(b"srvrwhatever", |_| panic!("a frame"));
    }
}
