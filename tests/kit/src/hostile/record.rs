//! Fields of a record: integers are big-endian, strings and buffers have an `i32` length in front.

use std::io;

/// A record under construction.
#[derive(Debug, Default)]
pub(super) struct Record(pub(super) Vec<u8>);

impl Record {
    pub(super) fn int(mut self, value: i32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn long(mut self, value: i64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn boolean(mut self, value: bool) -> Self {
        self.0.push(value.into());
        self
    }

    pub(super) fn buffer(self, value: &[u8]) -> Self {
        let length = i32::try_from(value.len()).expect("a buffer of a test is below 2 GiB");
        let mut record = self.int(length);
        record.0.extend_from_slice(value);
        record
    }

    pub(super) fn string(self, value: &str) -> Self {
        self.buffer(value.as_bytes())
    }

    pub(super) fn strings(self, values: &[String]) -> Self {
        let count = i32::try_from(values.len()).expect("a list of a test is short");
        values.iter().fold(self.int(count), |record, value| record.string(value))
    }
}

/// A record that is being taken apart.
#[derive(Debug)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn new(record: &'a [u8]) -> Self {
        Self(record)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(io::ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn boolean(&mut self) -> io::Result<bool> {
        Ok(self.take::<1>()? != [0])
    }

    pub(super) fn int(&mut self) -> io::Result<i32> {
        Ok(i32::from_be_bytes(self.take()?))
    }

    pub(super) fn long(&mut self) -> io::Result<i64> {
        Ok(i64::from_be_bytes(self.take()?))
    }

    pub(super) fn buffer(&mut self) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.int()?).unwrap_or(0);
        let (head, rest) = self.0.split_at_checked(length).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(head.to_vec())
    }

    pub(super) fn string(&mut self) -> io::Result<String> {
        String::from_utf8(self.buffer()?).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    pub(super) fn strings(&mut self) -> io::Result<Vec<String>> {
        (0..self.int()?).map(|_| self.string()).collect()
    }
}
