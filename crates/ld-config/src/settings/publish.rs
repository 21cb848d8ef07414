//! `publish.*`: where the tools keep what belongs to a publication.

/// Where the tools keep what belongs to a publication (`publish.*`).
///
/// All of it lies below one node, beside what is published.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishConfig {
    /// The node that all of it lies below, as a path below the chroot.
    pub root: String,
    /// How many publications of each node are kept: 0 (none, the default) to 1,000. The present one
    /// and the one before it are kept in any case.
    pub history: usize,
}

impl Default for PublishConfig {
    fn default() -> Self {
        Self { root: "/live-data".to_owned(), history: 0 }
    }
}

impl PublishConfig {
    /// The node of what concerns the node at `path`, in the directory `kind` below the root:
    /// `/live-data/history/app%2Fflags`.
    ///
    /// ```
    /// let publish = ld_config::PublishConfig::default();
    /// assert_eq!(publish.place_of("history", "/app/flags"), "/live-data/history/app%2Fflags");
    /// ```
    pub fn place_of(&self, kind: &str, path: &str) -> String {
        format!("{}/{}", self.directory(kind), flat_name(path))
    }

    /// A directory below the root: `/live-data/history`.
    pub fn directory(&self, kind: &str) -> String {
        format!("{}/{kind}", self.root)
    }
}

/// A path as the name of one node: without its first slash, and with `%2F` for the others.
fn flat_name(path: &str) -> String {
    path.trim_start_matches('/').replace('%', "%25").replace('/', "%2F")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_paths_have_one_place() {
        let publish = PublishConfig::default();
        let places = ["/a/b", "/a%2Fb", "/a%252Fb", "/a"].map(|path| publish.place_of("history", path));
        let expected =
            ["a%2Fb", "a%252Fb", "a%25252Fb", "a"].map(|name| format!("/live-data/history/{name}"));
        assert_eq!(places, expected);
    }
}
