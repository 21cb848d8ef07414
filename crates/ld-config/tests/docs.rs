//! The documents name every key, and their examples are read.

use std::fs;
use std::path::Path;

use ld_config::{Config, Environment, Scope};

#[test]
fn every_key_is_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/config.md");
    let text = std::fs::read_to_string(path).expect("docs/config.md of the repository");
    let missing: Vec<String> = ld_config::keys().filter(|key| !text.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "not in docs/config.md: {missing:?}");
}

#[test]
fn examples_in_documents_have_no_error_and_no_warning() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let listed = [root.to_path_buf(), root.join("docs")].into_iter().flat_map(|directory| {
        fs::read_dir(directory).expect("a directory of the repository").map(|entry| entry.unwrap().path())
    });
    let mut count = 0;
    for document in listed.filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(&document).expect("a document of the repository");
        // Every second piece between fences is what they enclose.
        for block in text.split("\n```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("ini\n")) {
            let origin = document.display().to_string();
            let parsed = Config::parse(block, &origin, &Environment::default(), Scope::Watcher);
            let parsed = parsed.unwrap_or_else(|error| panic!("{error}"));
            assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
            count += 1;
        }
    }
    assert!(count >= 2, "README.md and docs/config.md have an example each, {count} were found");
}
