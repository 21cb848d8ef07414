//! docs/ as a book: its table of contents, and links that leave it.

use std::path::Path;

use ld_workspace::Failure;
use ld_workspace::text_files::{self, TextFile};
use serde_json::Value;

use super::links;

/// The directory of the pages.
const PAGES: &str = "docs";
const SUMMARY: &str = "docs/SUMMARY.md";
/// Where a link leads that leaves the pages.
const REPOSITORY: &str = "https://github.com/live-data/live-data/blob/main/";

/// Checks that the table of contents lists each page once, and returns their number. That each of
/// its entries is a page, the check of links shows.
pub(super) fn check_summary() -> Result<usize, Failure> {
    let documents = text_files::with_extensions(&["md"])?;
    let faults = faults(&documents);
    if faults.is_empty() {
        return Ok(pages(&documents).count());
    }
    Err(Failure::new(format!("{SUMMARY}:\n  {}", faults.join("\n  "))))
}

fn pages(documents: &[TextFile]) -> impl Iterator<Item = &str> {
    let paths = documents.iter().map(|document| document.path.as_str());
    paths.filter_map(|path| path.strip_prefix("docs/")).filter(|path| *path != "SUMMARY.md")
}

fn faults(documents: &[TextFile]) -> Vec<String> {
    let summary = documents.iter().find(|document| document.path == SUMMARY);
    let Some(summary) = summary else { return vec!["is missing".to_owned()] };
    let listed: Vec<_> = links::links(&summary.text).into_iter().map(|(_, target)| target).collect();
    let count = |page: &str| listed.iter().filter(|target| *target == page).count();
    let faults = pages(documents).filter_map(|page| match count(page) {
        1 => None,
        0 => Some(format!("{page} is not listed")),
        count => Some(format!("{page} is listed {count} times")),
    });
    faults.collect()
}

/// Reads a book from `mdbook`, as a preprocessor does, and returns it with links that work.
pub fn with_repository_links(input: &str) -> Result<String, Failure> {
    let not_a_book = || Failure::new("mdbook sent no book on standard input");
    let input: Value = serde_json::from_str(input).map_err(Failure::doing("cannot read the book"))?;
    let mut book = input.as_array().and_then(|pair| pair.get(1)).cloned().ok_or_else(not_a_book)?;
    rewrite(&mut book);
    Ok(book.to_string())
}

/// Rewrites all chapters in a part of the book.
fn rewrite(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(rewrite),
        Value::Object(fields) => {
            let path = fields.get("source_path").and_then(Value::as_str).map(str::to_owned);
            if let (Some(path), Some(Value::String(content))) = (path, fields.get_mut("content")) {
                *content = rewrite_page(&path, content);
            }
            fields.values_mut().for_each(rewrite);
        }
        _ => {}
    }
}

/// The page at `path` below docs/, with links that lead to where the book has their targets.
fn rewrite_page(path: &str, content: &str) -> String {
    let here = Path::new(PAGES).join(path);
    let mut text = content.to_owned();
    for (_, target) in links::links(content).into_iter().filter(|(_, target)| links::is_local(target)) {
        let linked = links::normalize(&here.parent().unwrap_or(Path::new("")).join(&target));
        let place = if linked.starts_with(PAGES) {
            in_book(&target)
        } else {
            format!("{REPOSITORY}{}", linked.display())
        };
        text = text.replace(&format!("]({target})"), &format!("]({place})"));
    }
    text
}

/// mdbook makes README.md an index, and SUMMARY.md a list of its own.
fn in_book(target: &str) -> String {
    target.replace("README.md", "index.md").replace("SUMMARY.md", "toc.html")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(path: &str, text: &str) -> TextFile {
        TextFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_page_is_listed_once() {
        let summary = document(SUMMARY, "- [A](a.md)\n- [B](sub/b.md)\n- [B](sub/b.md)\n");
        let pages = ["docs/a.md", "docs/sub/b.md", "docs/c.md", "README.md"].map(|path| document(path, ""));
        let documents: Vec<_> = pages.into_iter().chain([summary]).collect();
        assert_eq!(faults(&documents), ["sub/b.md is listed 2 times", "c.md is not listed"]);
        assert_eq!(faults(&documents[..1]), ["is missing"]);
    }

    #[test]
    fn links_that_leave_the_book_become_addresses() {
        let page = "[a](../src/a.rs), [b](b.md#c), [d](https://e.org/f), [g](#h)";
        let expected = format!("[a]({REPOSITORY}src/a.rs), [b](b.md#c), [d](https://e.org/f), [g](#h)");
        assert_eq!(rewrite_page("page.md", page), expected);
        assert_eq!(
            rewrite_page("sub/page.md", "[a](../../README.md#b)"),
            format!("[a]({REPOSITORY}README.md#b)")
        );
        assert_eq!(rewrite_page("sub/page.md", "[a](../b.md)"), "[a](../b.md)");
        assert_eq!(rewrite_page("a.md", "[b](sub/README.md#c)"), "[b](sub/index.md#c)");
    }

    #[test]
    fn chapters_are_rewritten_at_any_depth() {
        let chapter = |path: &str, items: &str| {
            format!(
                r#"{{"Chapter":{{"content":"[a](../a.rs)","source_path":"{path}","sub_items":[{items}]}}}}"#
            )
        };
        let input = format!(r#"[{{}},{{"items":[{}]}}]"#, chapter("p.md", &chapter("q.md", "")));
        let book = with_repository_links(&input).unwrap();
        assert_eq!(book.matches(&format!("[a]({REPOSITORY}a.rs)")).count(), 2, "{book}");
        assert!(with_repository_links("{}").is_err());
    }
}
