//! The pages that mdbook made.

use std::fs;
use std::path::{Path, PathBuf};

use ld_workspace::Failure;

use super::links;

/// Checks that each link of the pages in `directory` leads to a file and its heading, and returns
/// the number of links.
pub fn check_book(directory: &Path) -> Result<usize, Failure> {
    let mut pages = Vec::new();
    find_pages(directory, &mut pages)?;
    let (mut count, mut faults) = (0, Vec::new());
    for page in &pages {
        let read = fs::read_to_string(page);
        let text = read.map_err(Failure::doing(format!("cannot read {}", page.display())))?;
        for target in targets(&text) {
            count += 1;
            if !leads_somewhere(page, target) {
                faults.push(format!("{}: {target}", page.display()));
            }
        }
    }
    if pages.is_empty() {
        return Err(Failure::new(format!("there are no pages in {}", directory.display())));
    }
    if faults.is_empty() {
        return Ok(count);
    }
    Err(Failure::new(format!("broken links of the book: {}\n  {}", faults.len(), faults.join("\n  "))))
}

/// Adds each page below `directory`.
pub(super) fn find_pages(directory: &Path, pages: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let cannot = || Failure::doing(format!("cannot list {}", directory.display()));
    for entry in fs::read_dir(directory).map_err(cannot())? {
        let path = entry.map_err(cannot())?.path();
        if path.is_dir() {
            find_pages(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            pages.push(path);
        }
    }
    Ok(())
}

/// The files that a page of HTML names.
fn targets(html: &str) -> impl Iterator<Item = &str> {
    let values = ["href=\"", "src=\""].into_iter().flat_map(|attribute| html.split(attribute).skip(1));
    let targets = values.filter_map(|rest| rest.split('"').next());
    targets.filter(|target| links::is_local(target) && !target.starts_with('#'))
}

fn leads_somewhere(page: &Path, target: &str) -> bool {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    // The page for addresses that do not exist names files from the root of its server.
    if path.starts_with('/') {
        return true;
    }
    let linked = page.parent().unwrap_or(Path::new("")).join(path);
    let is_there =
        || fs::read_to_string(&linked).is_ok_and(|html| html.contains(&format!("id=\"{anchor}\"")));
    linked.is_file() && (anchor.is_empty() || is_there())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_are_followed_and_others_are_not() {
        let html = r##"<a href="a.html#b"><img src="c.svg"><a href="#d"><a href="https://e.org">"##;
        assert_eq!(targets(html).collect::<Vec<_>>(), ["a.html#b", "c.svg"]);
    }

    #[test]
    fn a_link_without_its_file_is_a_fault() {
        let directory = std::env::temp_dir().join(format!("ld-checks-{}", std::process::id()));
        fs::create_dir_all(directory.join("sub")).unwrap();
        fs::write(directory.join("a.html"), r#"<a href="sub/b.html#c">"#).unwrap();
        fs::write(directory.join("sub/b.html"), r#"<h1 id="c"><a href="../a.html">"#).unwrap();
        let good = check_book(&directory);
        fs::write(directory.join("sub/b.html"), r#"<h1 id="d"><a href="../gone.html">"#).unwrap();
        let broken = check_book(&directory);
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(good.unwrap(), 2);
        let broken = broken.unwrap_err().to_string();
        assert!(broken.contains("a.html: sub/b.html#c"), "{broken}");
        assert!(broken.contains("sub/b.html: ../gone.html"), "{broken}");
    }
}
