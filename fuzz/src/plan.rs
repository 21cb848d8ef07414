//! The plan of a rollout: what is read of it is whole, its shares only grow, and it reads back.

use std::time::Duration;

use ld_fleet::{MAX_PLAN_BYTES, RolloutPlan, Share};

use crate::limit::within;
use crate::panics;
use crate::terminal::assert_one_line_but_tabs;

const PATH: &str = "/app/flags";

/// For [`crate::GROWN_BYTES`].
const LIMIT: Duration = Duration::from_secs(2);

/// A refusal quotes a path or a word of the plan, in which each byte may be escaped.
const MAX_MESSAGE_BYTES: usize = 10 * MAX_PLAN_BYTES;

pub(crate) fn check(data: &[u8]) {
    panics::watch();
    match within(LIMIT, "reading a plan", || RolloutPlan::parse(data, PATH)) {
        Ok(plan) => {
            assert!(data.len() <= MAX_PLAN_BYTES && plan.path == PATH);
            assert!(plan.steps.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", plan.steps);
            assert!(plan.next_share().is_none_or(|next| next > plan.share && next <= Share::WHOLE));
            assert!(plan.share != Share::NONE || !plan.includes("web-1"), "no host is in no share");
            let stored = plan.to_bytes();
            if stored.len() <= MAX_PLAN_BYTES {
                assert_eq!(RolloutPlan::parse(&stored, PATH).as_ref(), Ok(&plan));
            }
        }
        Err(refused) => assert_one_line_but_tabs(&refused.to_string(), MAX_MESSAGE_BYTES),
    }
    panics::assert_none();
}
