//! Several writes at one moment.

use std::io;

use crate::error::Error;
use crate::operation;
use crate::zookeeper::admin::{ANY_VERSION, Admin};
use crate::zookeeper::node::Acl;
use crate::zookeeper::record::{Fields, Record};

/// One step of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Creates a node that every client may read, write and delete.
    Create {
        /// The node.
        path: String,
        /// Its data.
        data: Vec<u8>,
    },
    /// Sets a node's data, whatever its version.
    Set {
        /// The node.
        path: String,
        /// Its data.
        data: Vec<u8>,
    },
    /// Deletes a node, whatever its version.
    Delete {
        /// The node.
        path: String,
    },
}

impl Step {
    /// [`Step::Create`].
    pub fn create(path: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self::Create { path: path.into(), data: data.into() }
    }

    /// [`Step::Set`].
    pub fn set(path: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self::Set { path: path.into(), data: data.into() }
    }

    /// [`Step::Delete`].
    pub fn delete(path: impl Into<String>) -> Self {
        Self::Delete { path: path.into() }
    }

    fn path(&self) -> &str {
        match self {
            Self::Create { path, .. } | Self::Set { path, .. } | Self::Delete { path } => path,
        }
    }

    /// Appends the step's header and fields to the record of a multi.
    fn write(&self, record: Record) -> Record {
        match self {
            Self::Create { path, data } => {
                let record = header(record, operation::CREATE, false).string(path).buffer(data);
                Acl::write(&[Acl::anyone(Acl::ALL)], record).int(0)
            }
            Self::Set { path, data } => {
                header(record, operation::SET_DATA, false).string(path).buffer(data).int(ANY_VERSION)
            }
            Self::Delete { path } => header(record, operation::DELETE, false).string(path).int(ANY_VERSION),
        }
    }
}

impl Admin {
    /// Does all steps at one moment (one zxid), or none of them.
    ///
    /// # Errors
    ///
    /// The error of the first step that cannot be done, and the errors of every call.
    pub fn transaction(&self, steps: &[Step]) -> Result<(), Error> {
        let record = steps.iter().fold(Record::default(), |record, step| step.write(record));
        let response = self.call(operation::MULTI, "/", header(record, -1, true))?;
        match first_error(&mut response.fields(), steps.len()) {
            Ok(None) => Ok(()),
            Ok(Some((index, code))) => Err(Error::from_code(code, steps[index].path())),
            Err(source) => Err(self.connection_error(source)),
        }
    }
}

fn header(record: Record, code: i32, is_last: bool) -> Record {
    record.int(code).boolean(is_last).int(-1)
}

/// The index and the error code of the step that failed.
///
/// After a failure the server sends an error record for each step: 0 before the failed step, then
/// its code, then -2.
fn first_error(fields: &mut Fields<'_>, steps: usize) -> io::Result<Option<(usize, i32)>> {
    for index in 0..steps {
        let (code, _is_last, _error) = (fields.int()?, fields.boolean()?, fields.int()?);
        if code != operation::ERROR {
            return Ok(None);
        }
        match fields.int()? {
            0 => {}
            code => return Ok(Some((index, code))),
        }
    }
    Ok(None)
}
