//! Judges how the share of a rollout grows, by successive reads of its plan.

use std::time::Duration;

use super::truth::Plan;

/// What is known of the plan that was read last.
#[derive(Debug, Clone)]
struct Last {
    id: String,
    share: u64,
    version: i32,
    /// The share is not older than this.
    since: Duration,
}

/// The plan of one node.
#[derive(Debug, Default)]
pub(super) struct Pace(Option<Last>);

/// What is known beside the plan when it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    /// When the read before began. What was not there then is not older.
    pub(super) before: Duration,
    /// When this read ended.
    pub(super) now: Duration,
    /// Whether the watchers reject the candidate.
    pub(super) is_bad: bool,
    /// Whether the ensemble may have been restored from a backup.
    pub(super) may_roll_back: bool,
}

impl Pace {
    /// Judges a plan. `is_watched` says of a share whether a host of it has reported of late that
    /// it takes part: a share without one is passed. Returns whether the share has grown, or what
    /// is wrong.
    pub(super) fn see(
        &mut self,
        plan: &Plan,
        around: Around,
        is_watched: impl Fn(u64) -> bool,
    ) -> Result<bool, String> {
        let (share, version) = (plan.share, plan.version);
        let known = self.0.take().filter(|last| last.id == plan.id && !around.may_roll_back);
        let is_new = known.is_none();
        let start = || Last {
            id: plan.id.clone(),
            share: plan.steps.first().copied().unwrap_or_default(),
            version: 0,
            since: around.before,
        };
        let last = known.unwrap_or_else(start);
        let same = Last { share, version, ..last.clone() };
        let since = if share == last.share { last.since } else { around.before };
        self.0 = Some(Last { since, ..same });
        // What a backup holds may be in the middle of a rollout.
        if share == last.share || is_new && around.may_roll_back {
            return Ok(false);
        }
        let way = format!("from {} to {share} of 10,000", last.share);
        if share < last.share {
            return Err(format!("the share shrank {way}"));
        }
        if !plan.steps.contains(&share) {
            return Err(format!("the share grew {way}, which is no step of {:?}", plan.steps));
        }
        let passed: Vec<u64> =
            plan.steps.iter().copied().filter(|step| (last.share..share).contains(step)).collect();
        if i64::from(version) - i64::from(last.version) < passed.len() as i64 {
            return Err(format!("the share grew {way} at once; the steps are {:?}", plan.steps));
        }
        if is_watched(last.share) {
            let elapsed = around.now.saturating_sub(last.since);
            if elapsed < plan.soak {
                let (elapsed, soak) = (elapsed.as_secs_f64(), plan.soak.as_secs());
                return Err(format!("the share grew {way} after {elapsed:.2} s of a soak of {soak} s"));
            }
            if around.is_bad {
                return Err(format!("the share grew {way} although its hosts reject the candidate"));
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn plan(share: u64, version: i32) -> Plan {
        Plan {
            id: "0123456789abcdef".to_owned(),
            version,
            share,
            steps: vec![3_000, 6_000, 10_000],
            soak: SECOND,
            is_paused: false,
            candidate: 2,
        }
    }

    /// The read of second `now`, after one of the second before.
    fn at(now: u32, is_bad: bool) -> Around {
        Around { before: SECOND * (now - 1), now: SECOND * now, is_bad, may_roll_back: false }
    }

    #[test]
    fn a_share_that_grows_by_its_steps_is_right() {
        let mut pace = Pace::default();
        assert_eq!(pace.see(&plan(3_000, 0), at(1, false), |_| true), Ok(false));
        assert_eq!(pace.see(&plan(6_000, 1), at(3, false), |_| true), Ok(true));
        assert_eq!(pace.see(&plan(6_000, 2), at(4, false), |_| true), Ok(false), "it is paused");
        assert_eq!(pace.see(&plan(10_000, 4), at(5, false), |_| true), Ok(true));
    }

    #[test]
    fn a_share_that_grows_past_a_step_is_found() {
        let mut pace = Pace::default();
        assert_eq!(pace.see(&plan(3_000, 0), at(1, false), |_| true), Ok(false));
        let found = pace.see(&plan(10_000, 1), at(9, false), |_| true);
        assert!(found.unwrap_err().contains("at once"));
        let other = Pace::default().see(&plan(5_000, 3), at(9, false), |_| true);
        assert!(other.unwrap_err().contains("no step"));
    }

    #[test]
    fn a_share_that_grows_before_its_soak_is_found() {
        let mut pace = Pace::default();
        let sight = |before: u32, now: u32| Around {
            before: Duration::from_millis(before.into()),
            now: Duration::from_millis(now.into()),
            ..at(1, false)
        };
        assert_eq!(pace.see(&plan(3_000, 0), sight(0, 20), |_| true), Ok(false));
        let found = pace.see(&plan(6_000, 1), sight(600, 700), |_| true);
        assert!(found.unwrap_err().contains("soak"));
        assert_eq!(pace.see(&plan(10_000, 2), sight(800, 900), |_| false), Ok(true), "no host is in it");
    }

    #[test]
    fn a_bad_candidate_beyond_a_share_with_hosts_is_found() {
        let mut pace = Pace::default();
        assert_eq!(pace.see(&plan(3_000, 0), at(1, true), |_| false), Ok(false));
        assert_eq!(pace.see(&plan(6_000, 1), at(40, true), |share| share > 3_000), Ok(true));
        let found = pace.see(&plan(10_000, 2), at(80, true), |share| share > 3_000);
        assert!(found.unwrap_err().contains("reject"));
    }

    #[test]
    fn a_share_from_a_backup_may_be_smaller() {
        let mut pace = Pace::default();
        assert_eq!(pace.see(&plan(10_000, 2), at(9, false), |_| false), Ok(true));
        let restored = Around { may_roll_back: true, ..at(10, false) };
        assert_eq!(pace.see(&plan(3_000, 0), restored, |_| true), Ok(false));
        assert!(pace.see(&plan(3_000, 0), at(11, false), |_| true).is_ok());
        let mut other = Pace::default();
        assert_eq!(other.see(&plan(10_000, 2), at(9, false), |_| false), Ok(true));
        assert!(other.see(&plan(3_000, 3), at(10, false), |_| true).unwrap_err().contains("shrank"));
    }
}
