//! The nodes above a node.

use ld_zk::zookeeper;

use crate::Error;
use crate::request::find_stat;

/// The parents of `path` that do not exist, from the top.
pub(super) async fn missing_parents(session: &zookeeper::Client, path: &str) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    let mut parent = parent_of(path);
    while parent != "/" && find_stat(session, parent).await?.is_none() {
        missing.push(parent.to_owned());
        parent = parent_of(parent);
    }
    missing.reverse();
    Ok(missing)
}

/// The path without its last part; `/` for a node below the root.
pub(super) fn parent_of(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(slash) => &path[..slash],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_the_path_without_its_last_part() {
        for (path, parent) in [("/a", "/"), ("/a/b", "/a"), ("/a/b/c", "/a/b")] {
            assert_eq!(parent_of(path), parent);
        }
    }
}
