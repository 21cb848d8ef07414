//! The text files of the repository, for its checks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo;
use crate::failure::Failure;

/// The directories to read, in addition to files at the root.
const DIRECTORIES: [&str; 7] = [".github", "bins", "crates", "docs", "fuzz", "packaging", "tests"];
/// Directories that builds and fuzzers create.
const GENERATED: [&str; 4] = ["artifacts", "corpus", "coverage", "target"];

/// A file of the repository.
#[derive(Debug)]
pub struct TextFile {
    /// The path from the root of the repository, with `/` between its parts.
    pub path: String,
    /// The whole content.
    pub text: String,
}

/// All files with one of these extensions, sorted by path.
pub fn with_extensions(extensions: &[&str]) -> Result<Vec<TextFile>, Failure> {
    let root = cargo::workspace();
    let mut paths = Vec::new();
    collect(&root, false, &mut paths)?;
    for directory in DIRECTORIES.iter().map(|name| root.join(name)).filter(|path| path.is_dir()) {
        collect(&directory, true, &mut paths)?;
    }
    paths.retain(|path| path.extension().is_some_and(|end| extensions.iter().any(|wanted| end == *wanted)));
    paths.sort();
    paths.iter().map(|path| read(&root, path)).collect()
}

fn collect(directory: &Path, deep: bool, paths: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let cannot = || format!("cannot read {}", directory.display());
    for entry in fs::read_dir(directory).map_err(Failure::doing(cannot()))? {
        let entry = entry.map_err(Failure::doing(cannot()))?;
        let kind = entry.file_type().map_err(Failure::doing(cannot()))?;
        if kind.is_file() {
            paths.push(entry.path());
        } else if deep && kind.is_dir() && !GENERATED.iter().any(|name| entry.file_name() == *name) {
            collect(&entry.path(), true, paths)?;
        }
    }
    Ok(())
}

fn read(root: &Path, path: &Path) -> Result<TextFile, Failure> {
    let text = fs::read_to_string(path).map_err(Failure::doing(format!("cannot read {}", path.display())))?;
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
    Ok(TextFile { path: parts.join("/"), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_documents_are_found_without_builds() {
        let files = with_extensions(&["rs", "md"]).unwrap();
        let has = |path: &str| files.iter().any(|file| file.path == path);
        assert!(has("README.md") && has("docs/config.md") && has("tests/workspace/src/text_files.rs"));
        assert!(!files.iter().any(|file| file.path.contains("target/")));
        let packaging = with_extensions(&["yml"]).unwrap();
        assert!(packaging.iter().any(|file| file.path == "packaging/kubernetes/sidecar.yml"));
    }
}
