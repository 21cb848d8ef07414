//! Links between documents are valid.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use ld_workspace::Failure;
use ld_workspace::cargo;
use ld_workspace::text_files::{self, TextFile};

/// Checks all links within the repository, with their anchors, and returns their number.
pub(super) fn check() -> Result<usize, Failure> {
    let documents = text_files::with_extensions(&["md"])?;
    let root = cargo::workspace();
    let (mut count, mut faults) = (0, Vec::new());
    for document in &documents {
        for (line, target) in links(&document.text).into_iter().filter(|(_, target)| is_local(target)) {
            count += 1;
            let exists = |path: &Path| root.join(path).exists();
            if let Err(fault) = follow(document, &target, &documents, exists) {
                faults.push(format!("{}:{line}: {target}: {fault}", document.path));
            }
        }
    }
    if faults.is_empty() {
        return Ok(count);
    }
    Err(Failure::new(format!("broken links: {}\n  {}", faults.len(), faults.join("\n  "))))
}

/// Whether a target lies in the repository. A chapter without a page has an empty target.
pub(super) fn is_local(target: &str) -> bool {
    !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")
}

fn follow(
    from: &TextFile,
    target: &str,
    documents: &[TextFile],
    exists: impl Fn(&Path) -> bool,
) -> Result<(), String> {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let here = Path::new(&from.path);
    let path = match path {
        "" => here.to_owned(),
        path => normalize(&here.parent().unwrap_or(Path::new("")).join(path)),
    };
    if !exists(&path) {
        return Err(format!("there is no {}", path.display()));
    }
    if anchor.is_empty() {
        return Ok(());
    }
    let document = documents.iter().find(|document| Path::new(&document.path) == path);
    match document {
        Some(document) if anchors(&document.text).contains(anchor) => Ok(()),
        Some(document) => Err(format!("{} has no heading #{anchor}", document.path)),
        None => Err(format!("{} is not a document with headings", path.display())),
    }
}

/// Turns `a/../b` into `b`.
pub(super) fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// The line and target of each link. Links in code do not count.
pub(super) fn links(document: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (line, text) in prose(document) {
        let code_free: String = text.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for part in code_free.split("](").skip(1) {
            links.extend(part.split_once(')').map(|(target, _)| (line, target.to_owned())));
        }
        if let Some((_, target)) = text.split_once("]: ").filter(|(name, _)| name.starts_with('[')) {
            links.push((line, target.to_owned()));
        }
    }
    links
}

/// The anchors that GitHub gives to the headings of a document.
fn anchors(document: &str) -> HashSet<String> {
    let mut anchors = HashSet::new();
    for (_, text) in prose(document).filter(|(_, text)| text.starts_with('#')) {
        let heading = text.trim_start_matches('#').trim().to_lowercase();
        let keep = |character: &char| character.is_alphanumeric() || " -_".contains(*character);
        let anchor: String = heading.chars().filter(keep).collect::<String>().replace(' ', "-");
        let twin = (1..).map(|number| format!("{anchor}-{number}"));
        let first = std::iter::once(anchor.clone()).chain(twin).find(|anchor| !anchors.contains(anchor));
        anchors.extend(first);
    }
    anchors
}

/// The lines outside of code blocks, with their numbers.
fn prose(document: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    document.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        (!in_code && !fence).then_some((index + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A page\n## What's *new*, and `code`\n## Twice\n## Twice\n```\n# code\n```\n";

    fn followed(target: &str) -> Result<(), String> {
        let file = |path: &str| TextFile { path: path.to_owned(), text: PAGE.to_owned() };
        let documents = [file("README.md"), file("docs/page.md")];
        let exists = |path: &Path| {
            documents.iter().any(|document| Path::new(&document.path) == path) || path == "src/a.rs"
        };
        follow(&documents[1], target, &documents, exists)
    }

    #[test]
    fn links_are_read_with_their_lines() {
        let text = "[a](b.md) and [c](d.md#e)\n`[x](y)`\n```\n[x](y)\n```\n[z]: w.md\n";
        let links = links(text);
        let expected = [(1, "b.md"), (1, "d.md#e"), (6, "w.md")];
        assert_eq!(links, expected.map(|(line, target)| (line, target.to_owned())));
    }

    #[test]
    fn links_to_files_and_headings_are_valid() {
        for target in ["../README.md", "#a-page", "page.md#whats-new-and-code", "page.md#twice-1"] {
            assert_eq!(followed(target), Ok(()), "{target}");
        }
        assert_eq!(followed("../src/a.rs"), Ok(()));
    }

    #[test]
    fn a_broken_link_is_explained() {
        assert_eq!(followed("gone.md"), Err("there is no docs/gone.md".to_owned()));
        assert_eq!(followed("#code"), Err("docs/page.md has no heading #code".to_owned()));
        assert_eq!(followed("../README.md#gone"), Err("README.md has no heading #gone".to_owned()));
        assert!(followed("../src/a.rs#L1").is_err());
    }
}
