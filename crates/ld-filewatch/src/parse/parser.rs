//! The parsers that an application can choose, all with one signature.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::disk::input::Input;
use crate::error::{BoxError, Error};
use crate::parse::files::Files;
use crate::parse::text::{Text, TextOptions};

/// Turns what was read into a value; the path is for its errors.
pub(crate) type Parser<T> = Box<dyn FnMut(&Path, &Input) -> Result<T, Error> + Send>;

/// A parser of bytes.
pub(crate) fn bytes<T>(mut parse: impl FnMut(&[u8]) -> Result<T, BoxError> + Send + 'static) -> Parser<T> {
    Box::new(move |path, input| parse(&input.bytes).map_err(|source| rejected(path, source)))
}

/// A parser of text.
pub(crate) fn text<T>(
    options: TextOptions,
    mut parse: impl FnMut(&Text<'_>) -> Result<T, BoxError> + Send + 'static,
) -> Parser<T> {
    Box::new(move |path, input| {
        let text = options.decode(path, &input.bytes)?;
        parse(&text).map_err(|source| rejected(path, source))
    })
}

/// A parser of all files of a directory.
pub(crate) fn files<T>(
    mut parse: impl FnMut(Files<'_>) -> Result<T, BoxError> + Send + 'static,
) -> Parser<T> {
    Box::new(move |path, input| parse(Files::new(input)).map_err(|source| rejected(path, source)))
}

/// A parser of JSON.
#[cfg(feature = "json")]
pub(crate) fn json<T: serde::de::DeserializeOwned>() -> Parser<T> {
    bytes(|bytes| Ok(serde_json::from_slice(bytes)?))
}

/// A parser of TOML.
#[cfg(feature = "toml")]
pub(crate) fn toml<T: serde::de::DeserializeOwned>() -> Parser<T> {
    bytes(|bytes| Ok(toml::from_slice(bytes)?))
}

/// Runs a parser; a panic of it is an error.
pub(crate) fn run<T>(parser: &mut Parser<T>, path: &Path, input: &Input) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(|| parser(path, input))).unwrap_or_else(|panic| {
        Err(Error::ParserPanicked { path: path.to_path_buf(), message: message(panic.as_ref()) })
    })
}

fn rejected(path: &Path, source: BoxError) -> Error {
    Error::Parse { path: path.to_path_buf(), source }
}

fn message(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "no message".to_owned(),
    }
}
