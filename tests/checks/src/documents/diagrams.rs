//! The diagrams of the book, as a browser draws them.

use std::fs;
use std::path::Path;
use std::process::Command;

use ld_workspace::{Failure, cargo};

use super::rendered::find_pages;

/// A diagram in a page that mdbook made.
const DIAGRAM: &str = "<pre class=\"mermaid\"";

/// Checks that a browser without a network draws each diagram of the pages in `directory`, and
/// returns the number of diagrams.
pub fn check_diagrams(directory: &Path) -> Result<usize, Failure> {
    let mut pages = Vec::new();
    find_pages(directory, &mut pages)?;
    let (mut count, mut faults) = (0, Vec::new());
    for page in &pages {
        let read = fs::read_to_string(page);
        let html = read.map_err(Failure::doing(format!("cannot read {}", page.display())))?;
        let mut fault = |what: &str| faults.push(format!("{}: {what}", page.display()));
        if html.contains("language-mermaid") {
            fault("a diagram is shown as text");
        }
        let expected = html.matches(DIAGRAM).count();
        if expected > 0 {
            let drawn = drawn(&browse(page)?);
            if drawn != expected {
                fault(&format!("{drawn} of {expected} diagrams are drawn"));
            }
        }
        count += expected;
    }
    if count == 0 {
        faults.push(format!("there are no diagrams in {}", directory.display()));
    }
    if faults.is_empty() {
        return Ok(count);
    }
    Err(Failure::new(format!("diagrams of the book:\n  {}", faults.join("\n  "))))
}

/// The number of diagrams that are pictures. A diagram with a mistake is a picture of an error.
fn drawn(dom: &str) -> usize {
    let diagrams = dom.split(DIAGRAM).skip(1).filter_map(|rest| rest.split("</pre>").next());
    diagrams
        .filter(|diagram| diagram.contains("<svg") && !diagram.contains("aria-roledescription=\"error\""))
        .count()
}

/// The page after its scripts ran.
fn browse(page: &Path) -> Result<String, Failure> {
    let profile = cargo::target_directory()?.join("browser");
    let mut command = Command::new("timeout");
    command
        .args(["120", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=10000"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", page.display()));
    cargo::read(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagram_is_drawn_if_it_is_a_picture_without_error() {
        let picture = r#"<pre class="mermaid" data-processed="true"><svg id="a"></svg></pre>"#;
        let text = r#"<pre class="mermaid">flowchart TD</pre><svg></svg>"#;
        let error = r#"<pre class="mermaid"><svg aria-roledescription="error"></svg></pre>"#;
        assert_eq!(drawn(&[picture, text, error, picture].concat()), 2);
    }
}
