//! What a node claims its file for.

use ld_file::{Claimant, Target};

use super::{Node, State};

impl Claimant for Node {
    fn target(&self) -> Target<'_> {
        let mut target = Target::new(&self.config.dest);
        (target.mode, target.fsync) = (self.config.mode, self.config.fsync);
        target
    }

    fn name(&self) -> String {
        format!("nodes.{}.dest", self.config.name)
    }

    fn rank(&self) -> usize {
        self.index
    }

    fn lose_file(&self, reason: &str) {
        self.settle(|record| {
            record.lost_file = true;
            record.enter(State::Failing);
            reason.clone_into(&mut record.problem.get_or_insert_default().error);
        });
        self.asked.notify_one();
    }
}
