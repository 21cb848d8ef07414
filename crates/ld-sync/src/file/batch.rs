//! A batch of destinations on their way: what one disk has to do for all of them it does once.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::rc::Rc;

use rustix::io::Errno;

use super::apply::{Applied, Outcome, is_right};
use super::compare::holds;
use super::directory::{Directory, split};
use super::principal::Principals;
use super::temp::{Dressed, Temp};
use super::{FileError, Identity, Target, Write, doubt};

/// Directories that a batch holds open at one time, out of the 1,024 descriptors that a process usually has.
const MAX_OPEN_DIRECTORIES: usize = 64;

/// Bytes that may wait beside their destinations for the rest of a batch: they take room on the disk twice.
const MAX_READY_BYTES: usize = 1 << 20;

/// Destinations on their way. What is to be replaced waits until its content shares the way to the disk with that of others.
pub(super) struct Batch<'a, F> {
    flush: F,
    /// By their paths as they are written: a `Path` takes long to hash.
    open: HashMap<OsString, Opened>,
    principals: Principals,
    ready: Vec<Ready<'a>>,
    ready_bytes: usize,
    /// In the order of the destinations; `None` for those that are ready.
    results: Vec<Option<Result<Applied, FileError>>>,
}

/// A directory of the batch.
struct Opened {
    directory: Rc<Directory>,
    /// Results that stand only once it is flushed.
    unflushed: Vec<usize>,
}

/// A destination whose new file only has to be put in place.
struct Ready<'a> {
    index: usize,
    target: &'a Target,
    content: &'a [u8],
    owner: (u32, u32),
    place: Place,
    file: Dressed,
}

/// What stands at a destination.
enum Place {
    /// The file, right already.
    Right(Identity),
    /// Something else, or nothing.
    Other(Option<Identity>),
    /// It was not looked at. Nothing does, probably.
    Unseen,
}

/// What a destination needs.
enum Need<'a> {
    Nothing(Applied),
    Replacing(Ready<'a>),
}

impl<'a, F: Fn(&Directory) -> Result<(), Errno>> Batch<'a, F> {
    pub(super) fn new(flush: F) -> Self {
        Self {
            flush,
            open: HashMap::new(),
            principals: Principals::default(),
            ready: Vec::new(),
            ready_bytes: 0,
            results: Vec::new(),
        }
    }

    /// Takes over a directory that somebody has opened.
    pub(super) fn know(&mut self, opened: Option<Rc<Directory>>) {
        self.open.extend(
            opened.map(|directory| (directory.path.clone().into_os_string(), Opened::new(directory))),
        );
    }

    pub(super) fn apply(&mut self, write: Write<'a>) {
        let mut need = self.prepare(write);
        if matches!(need, Err(FileError::System { .. })) && !self.ready.is_empty() {
            // What is ready holds descriptors and room on the disk that this one may lack.
            self.put_in_place();
            need = self.prepare(write);
        }
        let result = match need {
            Ok(Need::Nothing(applied)) => Some(Ok(applied)),
            Ok(Need::Replacing(ready)) => {
                self.ready.push(ready);
                self.ready_bytes += write.content.len();
                None
            }
            Err(error) => Some(Err(error)),
        };
        self.results.push(result);
        if self.ready_bytes > MAX_READY_BYTES {
            self.put_in_place();
        }
    }

    fn prepare(&mut self, write: Write<'a>) -> Result<Need<'a>, FileError> {
        let Write { target, content, left } = write;
        let (parent, _) = split(&target.path)?;
        let directory = self.open(parent, target.settings.fsync)?;
        let owner = self.principals.of(target, &directory)?;
        let is_new = left.is_none() && directory.is_vacant.get();
        let place = if is_new { Place::Unseen } else { look(&write, &directory, owner)? };
        if let Place::Right(found) = place {
            return Ok(Need::Nothing(unchanged(found, &directory)));
        }
        let mut temp = Temp::create(&directory, &target.path, target.settings.mode)?;
        temp.file
            .write_all(content)
            .map_err(FileError::system("write a temporary file for", &target.path))?;
        let file = temp.dress(owner, target.settings.mode, &target.path)?;
        Ok(Need::Replacing(Ready { index: self.results.len(), target, content, owner, place, file }))
    }

    fn open(&mut self, path: &Path, durable: bool) -> Result<Rc<Directory>, FileError> {
        if let Some(opened) = self.open.get(path.as_os_str()) {
            return Ok(Rc::clone(&opened.directory));
        }
        if self.open.len() >= MAX_OPEN_DIRECTORIES {
            self.settle();
        }
        let directory = Rc::new(Directory::open_or_create(path, durable)?);
        self.open.insert(path.into(), Opened::new(Rc::clone(&directory)));
        Ok(directory)
    }

    /// Puts everything in place that is ready.
    fn put_in_place(&mut self) {
        self.ready_bytes = 0;
        let ready = std::mem::take(&mut self.ready);
        // The first flush then finds all of them on their way, and the others find theirs done.
        if ready.len() > 1 {
            ready
                .iter()
                .filter(|ready| ready.target.settings.fsync)
                .for_each(|ready| ready.file.begin_flush());
        }
        let flushed: Vec<_> = ready.into_iter().map(|ready| (ready.index, ready.flush())).collect();
        for (index, flushed) in flushed {
            let result = flushed.and_then(|ready| {
                let target = ready.target;
                let applied = ready.put_in_place()?;
                if target.settings.fsync && applied.outcome == Outcome::Replaced {
                    let (parent, _) = split(&target.path)?;
                    let opened = self.open.get_mut(parent.as_os_str());
                    opened.into_iter().for_each(|opened| opened.unflushed.push(index));
                }
                Ok(applied)
            });
            self.results[index] = Some(result);
        }
    }

    /// Puts everything in place, and flushes and closes all directories.
    fn settle(&mut self) {
        self.put_in_place();
        for (path, Opened { directory, unflushed }) in self.open.drain() {
            if unflushed.is_empty() {
                continue;
            }
            let Err(error) = (self.flush)(&directory) else { continue };
            for index in unflushed {
                let failed = Err(FileError::system("flush the directory", Path::new(&path))(error));
                if let Some(Ok(applied)) = self.results[index].replace(failed) {
                    doubt::add(&applied.identity);
                }
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<Result<Applied, FileError>> {
        self.settle();
        self.results.into_iter().flatten().collect()
    }
}

impl Opened {
    fn new(directory: Rc<Directory>) -> Self {
        Self { directory, unflushed: Vec::new() }
    }
}

impl Ready<'_> {
    fn flush(self) -> Result<Self, FileError> {
        let target = self.target;
        if target.settings.fsync {
            self.file.flush(&target.path)?;
        }
        Ok(self)
    }

    fn put_in_place(self) -> Result<Applied, FileError> {
        let Self { target, content, owner, mut place, mut file, .. } = self;
        let path = &target.path;
        let (_, name) = split(path)?;
        let in_memory = file.is_in_memory();
        let replaced = |identity| Applied { identity, outcome: Outcome::Replaced, in_memory };
        if let Place::Unseen = place {
            file = match file.put_if_vacant(name, path) {
                Ok(left) => return left.map(replaced),
                Err(file) => file,
            };
            place = look(&Write { target, content, left: None }, file.directory(), owner)?;
        }
        if let Place::Right(found) = place {
            return Ok(unchanged(found, file.directory()));
        }
        let identity = file.put_in_place(name, path)?;
        if let Place::Other(Some(found)) = &place {
            doubt::remove(found);
        }
        Ok(replaced(identity))
    }
}

/// Looks at what stands at a destination whose file must have this `owner`.
fn look(write: &Write<'_>, directory: &Directory, owner: (u32, u32)) -> Result<Place, FileError> {
    let Write { target, content, left } = write;
    let (_, name) = split(&target.path)?;
    let found = directory.look(name)?;
    directory.is_vacant.set(found.is_none());
    let Some(found) = found else { return Ok(Place::Other(None)) };
    if found.is_directory() {
        return Err(FileError::DirectoryInTheWay(target.path.to_path_buf()));
    }
    let differs = left.is_some_and(|left| left.differs(&found, content));
    let right = !differs && is_right(&found, owner, target) && holds(directory, name, &found, content);
    Ok(if right { Place::Right(found) } else { Place::Other(Some(found)) })
}

fn unchanged(identity: Identity, directory: &Directory) -> Applied {
    Applied { identity, outcome: Outcome::Unchanged, in_memory: directory.in_memory }
}
