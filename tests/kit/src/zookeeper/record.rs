//! ZooKeeper's records: big-endian integers; strings and buffers follow their `i32` length.
//!
//! The kit has its own encoder, so that a bug of the client under test cannot hide behind it.

use std::io;

/// A record under construction.
#[derive(Debug, Default)]
pub(crate) struct Record(Vec<u8>);

impl Record {
    pub(crate) fn int(mut self, value: i32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn long(mut self, value: i64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn boolean(mut self, value: bool) -> Self {
        self.0.push(value.into());
        self
    }

    pub(crate) fn buffer(self, value: &[u8]) -> Self {
        let length = i32::try_from(value.len()).expect("a buffer of a test is below 2 GiB");
        let mut record = self.int(length);
        record.0.extend_from_slice(value);
        record
    }

    pub(crate) fn string(self, value: &str) -> Self {
        self.buffer(value.as_bytes())
    }

    pub(crate) fn strings(self, values: &[String]) -> Self {
        let count = i32::try_from(values.len()).expect("a list of a test is short");
        values.iter().fold(self.int(count), |record, value| record.string(value))
    }

    /// Appends the fields of another record.
    pub(crate) fn record(mut self, other: Self) -> Self {
        self.0.extend_from_slice(&other.0);
        self
    }

    /// The bytes without a length in front.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The bytes as a frame: their length, then the bytes.
    pub(crate) fn into_frame(self) -> Vec<u8> {
        Self::default().buffer(&self.0).0
    }
}

/// Reads the fields of a record from front to back.
#[derive(Debug)]
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn new(record: &'a [u8]) -> Self {
        Self(record)
    }

    /// The bytes that were not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn boolean(&mut self) -> io::Result<bool> {
        Ok(self.split::<1>()? != [0])
    }

    pub(crate) fn int(&mut self) -> io::Result<i32> {
        Ok(i32::from_be_bytes(self.split()?))
    }

    pub(crate) fn long(&mut self) -> io::Result<i64> {
        Ok(i64::from_be_bytes(self.split()?))
    }

    /// A buffer; null reads as empty.
    pub(crate) fn buffer(&mut self) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.int()?).unwrap_or(0);
        let (head, rest) = self.0.split_at_checked(length).ok_or_else(too_short)?;
        self.0 = rest;
        Ok(head.to_vec())
    }

    pub(crate) fn string(&mut self) -> io::Result<String> {
        let invalid = |_| io::Error::new(io::ErrorKind::InvalidData, "a string is not UTF-8");
        String::from_utf8(self.buffer()?).map_err(invalid)
    }

    pub(crate) fn strings(&mut self) -> io::Result<Vec<String>> {
        (0..self.int()?).map(|_| self.string()).collect()
    }

    fn split<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or_else(too_short)?;
        self.0 = rest;
        Ok(*head)
    }
}

fn too_short() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "a record is too short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_were_written() {
        let list = ["a".to_owned(), String::new()];
        let bytes =
            Record::default().int(-1).long(7).boolean(true).buffer(b"data").strings(&list).into_bytes();
        let mut fields = Fields::new(&bytes);
        assert_eq!((fields.int().unwrap(), fields.long().unwrap()), (-1, 7));
        assert!(fields.boolean().unwrap());
        assert_eq!(fields.buffer().unwrap(), b"data");
        assert_eq!(fields.strings().unwrap(), list);
        assert!(fields.rest().is_empty());
    }

    #[test]
    fn a_null_buffer_is_empty_and_a_short_record_is_an_error() {
        assert_eq!(Fields::new(&[0xff; 4]).buffer().unwrap(), b"");
        let error = Fields::new(&[0, 0, 0, 2, b'x']).buffer().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_frame_is_a_record_behind_its_length() {
        assert_eq!(Record::default().boolean(true).into_frame(), [0, 0, 0, 1, 1]);
    }
}
