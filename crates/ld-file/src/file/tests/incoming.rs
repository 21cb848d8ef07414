//! Content that comes in pieces replaces a file as a whole, too.

use std::cell::Cell;
use std::fs;
use std::rc::Rc;

use rustix::io::Errno;

use super::super::system::{Call, injected::with_effect};
use super::{Fixture, Outcome};
use crate::file::{Content, FileError, Filled, Incoming, OpenDirectories, Replacement};

fn fill(fixture: &Fixture, pieces: &[&[u8]]) -> Filled {
    let mut incoming = Incoming::create(fixture.file.target()).unwrap();
    pieces.iter().for_each(|piece| incoming.write(piece).unwrap());
    incoming.finish().unwrap()
}

fn adopt(fixture: &mut Fixture, mut filled: Filled) -> Result<Outcome, FileError> {
    let content = Content::Known(filled.digest());
    let mut directories = OpenDirectories::default();
    let target = fixture.file.target();
    let adopted = Replacement::adopt(target, &mut filled, &mut fixture.state, &mut directories)?;
    let Some(replacement) = adopted else { return Ok(Outcome::Unchanged) };
    replacement.flush()?;
    replacement.put_in_place(target, content, &mut fixture.state)?;
    Ok(Outcome::Replaced)
}

#[test]
fn pieces_become_one_file_that_is_known() {
    let mut fixture = Fixture::new();
    fixture.replace(b"old");
    let filled = fill(&fixture, &[b"ne", b"", b"w"]);
    assert_eq!((filled.bytes(), filled.read().unwrap()), (3, b"new".to_vec()));
    assert_eq!(fs::read(fixture.path()).unwrap(), b"old");
    assert_eq!(adopt(&mut fixture, filled).unwrap(), Outcome::Replaced);
    fixture.assert_holds(b"new");
    fixture.verify().unwrap();
    assert_eq!(fixture.write(b"new").unwrap(), Outcome::Unchanged);
}

#[test]
fn a_file_that_holds_the_same_stays_after_a_restart() {
    let mut fixture = Fixture::new();
    fixture.replace(&[7; 200_000]);
    let before = fs::metadata(fixture.path()).unwrap();
    fixture.state = Default::default();
    let filled = fill(&fixture, &[&[7; 100_000], &[7; 100_000]]);
    assert_eq!(adopt(&mut fixture, filled).unwrap(), Outcome::Unchanged);
    assert_eq!(fs::metadata(fixture.path()).unwrap().modified().unwrap(), before.modified().unwrap());
    assert!(fixture.state.is_known());
    assert_eq!(fixture.names(), ["dest"]);
}

#[test]
fn pieces_count_as_written_without_fsync() {
    for error in [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP] {
        let (mut fixture, flushes) = (Fixture::new(), Rc::new(Cell::new(0)));
        let count = Rc::clone(&flushes);
        let refuse = move || {
            count.set(count.get() + 1);
            Err(error)
        };
        with_effect(Call::Fsync, refuse, || {
            let filled = fill(&fixture, &[b"new"]);
            assert_eq!(flushes.get(), 1, "{error}");
            assert_eq!(adopt(&mut fixture, filled).unwrap(), Outcome::Replaced, "{error}");
        });
        fixture.assert_holds(b"new");
    }
}

#[test]
fn a_failed_fsync_of_pieces_leaves_the_old_file() {
    let mut fixture = Fixture::new();
    fixture.replace(b"old");
    let incoming = Incoming::create(fixture.file.target()).unwrap();
    let finished = with_effect(Call::Fsync, || Err(Errno::IO), || incoming.finish());
    let text = finished.unwrap_err().to_string();
    assert!(text.starts_with("cannot flush ") && text.contains("Input/output error"), "{text}");
    assert_eq!(fixture.names(), ["dest"]);
    fixture.assert_holds(b"old");
}

#[test]
fn an_abandoned_file_is_removed() {
    let mut fixture = Fixture::new();
    fixture.replace(b"old");
    let mut incoming = Incoming::create(fixture.file.target()).unwrap();
    incoming.write(b"ne").unwrap();
    assert_eq!(fixture.names().len(), 2);
    drop(incoming);
    drop(fill(&fixture, &[b"new"]));
    assert_eq!(fixture.names(), ["dest"]);
    fixture.assert_holds(b"old");
}
