//! Content that comes in pieces replaces a file as a whole, too.

use std::fs;

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
