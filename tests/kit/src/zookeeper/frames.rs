//! The frames of ZooKeeper's protocol in a stream: a length of four bytes, then so many bytes.

/// How much of each frame is kept: enough for a request's header and for a connect response without its read-only flag.
const PREFIX: usize = 36;
/// Where in a request's frame the last byte of its operation code is. The codes of all operations but one are below 256.
const OPERATION: usize = 7;
/// A longer "frame" is none: a four-letter command or TLS.
const LONGEST_FRAME: usize = 256 << 20;

/// Follows one direction of a connection and hands over the start of each frame.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    length: Vec<u8>,
    prefix: Vec<u8>,
    /// Bytes of the current frame that are still to come; the prefix's included.
    remaining: usize,
    foreign: bool,
}

impl Frames {
    /// Takes the next bytes of the stream; calls `on_frame` with the first 36 bytes (or all) of each frame as it came, and `edit`
    /// with the byte of it that tells a request's operation, to be changed in place.
    pub(crate) fn feed(
        &mut self,
        mut bytes: &mut [u8],
        mut on_frame: impl FnMut(&[u8]),
        mut edit: impl FnMut(&mut u8),
    ) {
        while !bytes.is_empty() && !self.foreign {
            if self.length.len() < 4 {
                let middle = bytes.len().min(4 - self.length.len());
                let (head, rest) = bytes.split_at_mut(middle);
                self.length.extend_from_slice(head);
                bytes = rest;
                if let Ok(length) = <[u8; 4]>::try_from(self.length.as_slice()) {
                    self.remaining = u32::from_be_bytes(length) as usize;
                    self.foreign = self.remaining > LONGEST_FRAME;
                    self.prefix.clear();
                    self.finish_empty(&mut on_frame);
                }
                continue;
            }
            let middle = bytes.len().min(self.remaining);
            let (body, rest) = bytes.split_at_mut(middle);
            bytes = rest;
            self.remaining -= body.len();
            if self.prefix.len() < PREFIX {
                let before = self.prefix.len();
                let wanted = body.len().min(PREFIX - before);
                self.prefix.extend_from_slice(&body[..wanted]);
                OPERATION.checked_sub(before).and_then(|at| body.get_mut(at)).into_iter().for_each(&mut edit);
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
    fn frames_are_found_however_the_stream_is_cut() {
        let stream = [frame(b"one"), frame(b""), frame(&[7; 100]), frame(&[8; 36]), frame(b"last")].concat();
        for size in 1..=stream.len() {
            let mut found = Vec::new();
            let mut frames = Frames::default();
            for part in stream.clone().chunks_mut(size) {
                frames.feed(part, |prefix| found.push(prefix.to_vec()), |_| {});
            }
            let expected: Vec<Vec<u8>> =
                vec![b"one".to_vec(), vec![], vec![7; 36], vec![8; 36], b"last".to_vec()];
            assert_eq!(found, expected, "in parts of {size} bytes");
        }
    }

    #[test]
    fn a_four_letter_command_is_no_frame() {
        let mut frames = Frames::default();
        frames.feed(&mut b"srvrwhatever".to_owned(), |_| panic!("a frame"), |_| {});
    }

    #[test]
    fn a_byte_of_each_frame_is_changed_in_place_however_the_stream_is_cut() {
        let stream = [frame(b"0123456789"), frame(b"short"), frame(&[b'x'; 100])].concat();
        let changed = [frame(b"0123456-89"), frame(b"short"), frame(&[b'x'; 100])].concat();
        for size in 1..=stream.len() {
            let mut edited = stream.clone();
            let mut frames = Frames::default();
            for part in edited.chunks_mut(size) {
                frames.feed(part, |_| {}, |byte| *byte = if *byte == b'7' { b'-' } else { *byte });
            }
            assert_eq!(edited, changed, "in parts of {size} bytes");
        }
    }
}
