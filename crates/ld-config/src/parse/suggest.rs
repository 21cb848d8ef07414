//! The nearest known key for one that is not known.

/// The candidate that begins with the key, or else the one with the fewest edits; the first one
/// among equals.
pub(crate) fn nearest<'a>(key: &str, candidates: impl Iterator<Item = &'a str>) -> &'a str {
    // A key of a whole file's length would make this a long computation.
    let key: String = key.chars().take(64).collect();
    let rank = |candidate: &&str| {
        let begins_with_it = !key.is_empty() && candidate.starts_with(&key);
        (!begins_with_it, strsim::osa_distance(&key, candidate))
    };
    candidates.min_by_key(rank).unwrap_or_default()
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

    #[test]
    fn a_key_that_was_cut_short_is_completed() {
        let known = ["watcher.sandbox", "watcher.drift_interval"];
        assert_eq!(nearest("watcher.drift", known.into_iter()), "watcher.drift_interval");
    }
}
