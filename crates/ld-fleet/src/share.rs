//! The share of a fleet that has a candidate, and which hosts belong to it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// So many parts are the whole fleet.
const WHOLE: u16 = 10_000;

/// A part of a fleet, in steps of 0.01 %: how many hosts have a candidate, or may fail.
///
/// ```
/// use ld_fleet::Share;
///
/// let share: Share = "2.5%".parse()?;
/// assert_eq!(share.to_string(), "2.5%");
/// // A host that belongs to a share belongs to every larger one of the same rollout.
/// assert!(!share.has("af31", "web-7") || Share::WHOLE.has("af31", "web-7"));
/// # Ok::<(), ld_fleet::InvalidShare>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Share(u16);

/// Why something is no share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{given}' is no share: write 0% to 100% with at most two decimals, such as 1% or 0.5%")]
pub struct InvalidShare {
    given: String,
}

impl Share {
    /// No host.
    pub const NONE: Self = Self(0);
    /// All hosts.
    pub const WHOLE: Self = Self(WHOLE);

    /// Whether `host` belongs to this share of the hosts in the rollout with the id `rollout`.
    ///
    /// It is a hash of both, so that each rollout begins with other hosts.
    pub fn has(self, rollout: &str, host: &str) -> bool {
        place(rollout, host) < self.0
    }

    /// Whether `have` of `hosts` are at least this share.
    pub fn is_reached(self, have: usize, hosts: usize) -> bool {
        have * usize::from(WHOLE) >= hosts * usize::from(self.0)
    }

    /// How many of `hosts` this is at most.
    pub fn of(self, hosts: usize) -> usize {
        hosts * usize::from(self.0) / usize::from(WHOLE)
    }
}

/// The place of a host in a rollout, from 0 to 9,999: every place is as likely as any other.
fn place(rollout: &str, host: &str) -> u16 {
    let digest = Sha256::new().chain_update(rollout).chain_update("\n").chain_update(host).finalize();
    let first = digest.iter().take(8).fold(0, |number, byte| (number << 8) | u128::from(*byte));
    // It is below WHOLE, since `first` is below 2^64.
    ((first * u128::from(WHOLE)) >> 64) as u16
}

impl TryFrom<u16> for Share {
    type Error = InvalidShare;

    /// A share of so many parts of 10,000.
    fn try_from(parts: u16) -> Result<Self, InvalidShare> {
        match parts {
            0..=WHOLE => Ok(Self(parts)),
            _ => Err(InvalidShare { given: parts.to_string() }),
        }
    }
}

impl From<Share> for u16 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl FromStr for Share {
    type Err = InvalidShare;

    /// Reads per cent, as in `0.5%`.
    fn from_str(text: &str) -> Result<Self, InvalidShare> {
        let parts = || {
            let number = text.strip_suffix('%')?;
            let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
            let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if !is_number(whole) || !is_number(decimals) || whole.len() > 3 || decimals.len() > 2 {
                return None;
            }
            let hundredths: u32 = format!("{decimals:0<2}").parse().ok()?;
            let parts = whole.parse::<u32>().ok()? * 100 + hundredths;
            Self::try_from(u16::try_from(parts).ok()?).ok()
        };
        parts().ok_or_else(|| InvalidShare { given: ld_config::escape_hidden(text).into_owned() })
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}%"),
            (whole, hundredths) if hundredths % 10 == 0 => write!(f, "{whole}.{}%", hundredths / 10),
            (whole, hundredths) => write!(f, "{whole}.{hundredths:02}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str) -> Share {
        text.parse().unwrap()
    }

    fn hosts() -> Vec<String> {
        (0..10_000).map(|number| format!("web-{number}")).collect()
    }

    #[test]
    fn a_share_is_reached_by_whole_hosts() {
        let share = |text: &str| text.parse::<Share>().unwrap();
        assert!(share("99%").is_reached(99, 100) && !share("99%").is_reached(98, 100));
        assert!(share("99%").is_reached(3, 3) && !share("99%").is_reached(2, 3));
        assert!(share("100%").is_reached(7, 7) && share("10%").is_reached(1, 10));
        assert!(share("30%").is_reached(3, 10));
    }

    #[test]
    fn shares_are_read_and_shown_in_per_cent() {
        for text in ["0%", "0.01%", "0.5%", "1%", "2.25%", "50%", "99.99%", "100%"] {
            assert_eq!(share(text).to_string(), text);
        }
        assert_eq!(share("1.50%"), share("1.5%"));
        for bad in
            ["", "%", "1", "-1%", "+1%", "101%", "100.01%", "0.001%", "1.%", ".5%", "1e2%", "١%", "700%"]
        {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_only_grow() {
        for host in hosts() {
            let mut had = false;
            for parts in (0..=WHOLE).step_by(50) {
                let has = Share(parts).has("af31", &host);
                assert!(has || !had, "{host} left the share at {parts}");
                had = has;
            }
            assert!(had, "{host} is not in the whole");
            assert!(!Share::NONE.has("af31", &host));
        }
    }

    #[test]
    fn a_share_has_about_so_many_hosts() {
        for (text, about) in [("1%", 100), ("10%", 1_000), ("50%", 5_000)] {
            let has = hosts().iter().filter(|host| share(text).has("af31", host)).count();
            assert!(has.abs_diff(about) < about / 3, "{text}: {has}");
        }
    }

    #[test]
    fn each_rollout_begins_with_other_hosts() {
        let first = |rollout| hosts().into_iter().filter(move |host| share("1%").has(rollout, host));
        let both = first("af31").filter(|host| share("1%").has("b077", host)).count();
        assert!(both < 10, "{both} hosts of 100 come first in both");
    }

    #[test]
    fn the_place_of_a_host_never_changes() {
        // Watchers of different versions must agree.
        let places = ["web-1", "web-2", ""].map(|host| place("0123456789abcdef", host));
        assert_eq!(places, [2377, 8742, 6331]);
    }
}
