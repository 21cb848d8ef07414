//! The files of a watched directory, as its parser gets them.

use std::fmt;
use std::path::Path;

use crate::disk::input::{Input, Part};
use crate::error::{BoxError, FileError};

/// All files of a watched directory at one moment, sorted by path, from
/// [`DirectoryBuilder::build`](crate::DirectoryBuilder::build).
#[derive(Clone, Copy)]
pub struct Files<'a> {
    input: &'a Input,
}

impl<'a> Files<'a> {
    pub(crate) fn new(input: &'a Input) -> Self {
        Self { input }
    }

    /// The files, sorted by path.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = FileContent<'a>> + use<'a> {
        let Self { input } = *self;
        input.files.iter().map(move |part| FileContent { part, bytes: &input.bytes })
    }

    /// The file with this path relative to the directory.
    #[must_use]
    pub fn get(&self, path: impl AsRef<Path>) -> Option<FileContent<'a>> {
        let path = path.as_ref();
        let index = self.input.files.binary_search_by(|part| part.path.as_path().cmp(path)).ok()?;
        Some(FileContent { part: &self.input.files[index], bytes: &self.input.bytes })
    }

    /// The number of files.
    #[must_use]
    pub fn len(&self) -> usize {
        self.input.files.len()
    }

    /// Whether no file matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.input.files.is_empty()
    }
}

impl fmt::Debug for Files<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// One file of a watched directory.
#[derive(Clone, Copy)]
pub struct FileContent<'a> {
    part: &'a Part,
    bytes: &'a [u8],
}

impl<'a> FileContent<'a> {
    /// The path relative to the directory.
    #[must_use]
    pub fn path(&self) -> &'a Path {
        &self.part.path
    }

    /// The content.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        &self.bytes[self.part.range.clone()]
    }

    /// The content as UTF-8.
    ///
    /// # Errors
    ///
    /// If it is not UTF-8. The error names the file.
    pub fn text(&self) -> Result<&'a str, FileError> {
        std::str::from_utf8(self.bytes()).map_err(|error| self.rejected(error.into()))
    }

    /// What `parse` makes of the content as UTF-8. `?` converts any error within, as in
    /// [`build`](crate::DirectoryBuilder::build).
    ///
    /// # Errors
    ///
    /// If it is not UTF-8, or the error of `parse`. The error names the file, which an error that
    /// comes from the content alone does not.
    pub fn parse<T>(&self, parse: impl FnOnce(&'a str) -> Result<T, BoxError>) -> Result<T, FileError> {
        parse(self.text()?).map_err(|source| self.rejected(source))
    }

    fn rejected(&self, source: BoxError) -> FileError {
        FileError { path: self.path().to_path_buf(), source }
    }
}

impl fmt::Debug for FileContent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.path().display(), self.bytes().len())
    }
}
