//! Copies of one object under the prefixes `1/` to `n-1/`, which share the load of a fleet.

/// The highest number of shards: beyond it a JSON number is not exact.
const MOST: f64 = 9_007_199_254_740_992.0;

/// How many shards there are, as `num_file_shards` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shards(u64);

impl Shards {
    /// Reads the JSON value by Python's rules: a number up to 1, null, true and false mean none.
    pub(super) fn parse(raw: Option<&str>) -> Result<Self, String> {
        let number = match raw {
            None | Some("null" | "true" | "false") => return Ok(Self(1)),
            Some(raw) => serde_json::from_str::<f64>(raw).ok(),
        };
        match number {
            Some(number) if number <= 1.0 => Ok(Self(1)),
            Some(number) if number.fract() == 0.0 && number <= MOST => Ok(Self(number as u64)),
            _ => Err("'num_file_shards' is not a whole number".to_owned()),
        }
    }

    /// The prefixes to try, each once: a random one first, so that a fleet spreads evenly, then the
    /// ones after it. Without shards it is the empty one.
    pub(crate) fn prefixes(self) -> impl Iterator<Item = String> + Send {
        let count = self.0.saturating_sub(1);
        let first = if count > 0 { fastrand::u64(0..count) } else { 0 };
        let sharded = (0..count).map(move |offset| format!("{}/", 1 + (first + offset) % count));
        let plain = (count == 0).then(String::new);
        plain.into_iter().chain(sharded)
    }

    /// `num_file_shards`; 1 without shards.
    pub(crate) fn count(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_mean_what_they_mean_in_python() {
        for none in ["1", "0", "-7", "1.0", "0.5", "null", "true", "false"] {
            assert_eq!(Shards::parse(Some(none)), Ok(Shards(1)), "{none}");
        }
        assert_eq!(Shards::parse(None), Ok(Shards(1)));
        assert_eq!(Shards::parse(Some("2.0")), Ok(Shards(2)));
        assert_eq!(Shards::parse(Some("1e3")), Ok(Shards(1000)));
        for wrong in ["2.5", "\"3\"", "\"\"", "[]", "{}", "\"Infinity\"", "1e300", "1e999"] {
            assert!(Shards::parse(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn without_shards_there_is_no_prefix() {
        assert_eq!(Shards(1).prefixes().collect::<Vec<_>>(), [""]);
        assert_eq!(Shards(2).prefixes().collect::<Vec<_>>(), ["1/"]);
    }

    #[test]
    fn every_shard_comes_first_at_times_and_each_has_its_turn() {
        let all: BTreeSet<_> = ["1/", "2/", "3/"].map(str::to_owned).into();
        let firsts: BTreeSet<_> = (0..1_000).filter_map(|_| Shards(4).prefixes().next()).collect();
        assert_eq!(firsts, all);
        assert_eq!(Shards(4).prefixes().collect::<BTreeSet<_>>(), all);
        assert_eq!(Shards(4).prefixes().count(), 3);
    }
}
