//! The nearest known key for one that is not known.

/// The candidate with the fewest edits; the first one among equals.
pub(crate) fn nearest<'a>(key: &str, candidates: impl Iterator<Item = &'a str>) -> &'a str {
    // A key of a whole file's length would make this a long computation.
    let key: String = key.chars().take(64).collect();
    candidates.min_by_key(|candidate| strsim::osa_distance(&key, candidate)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_edits_win() {
        let known = ["source", "dest", "owner", "mode"];
        for (typo, meant) in [("sorce", "source"), ("dst", "dest"), ("onwer", "owner"), ("modes", "mode")] {
            assert_eq!(nearest(typo, known.into_iter()), meant);
        }
    }
}
