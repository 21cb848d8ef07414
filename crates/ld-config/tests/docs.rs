//! docs/config.md names every key and every limit of the key table.

#[test]
fn every_key_is_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/config.md");
    let text = std::fs::read_to_string(path).expect("docs/config.md of the repository");
    let missing: Vec<String> = ld_config::keys().filter(|key| !text.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "not in docs/config.md: {missing:?}");
}
