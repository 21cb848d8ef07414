//! The nodes as the writer needs them: it applies their guards, and nothing else of them.

use super::group::Group;
use super::nodes::{self, Named};
use crate::error::ConfigError;
use crate::ini::Entries;
use crate::keys::{GUARD_NAMES, NODE_PREFIX};
use crate::problem::{NodeProblems, Problem};
use crate::problems::{MAX_PROBLEMS, Problems};
use crate::settings::NodeConfig;

/// Reads the nodes with their sources and guards. A node of which these cannot be read is left out
/// and told in `found`. Its other settings may have mistakes.
pub(super) fn read(entries: &Entries, problems: &Problems, found: &mut Vec<NodeProblems>) -> Vec<NodeConfig> {
    let order = nodes::gather(entries, &mut problems.of_part());
    let mut read = Vec::new();
    for group in nodes::groups(entries, &order) {
        let mut own = problems.of_part();
        let node = nodes::read_one(&group, &mut Named::with_capacity(1), &mut own);
        let (mut errors, warnings) = match own.finish() {
            Ok(warnings) => (Vec::new(), warnings),
            Err(ConfigError::Invalid { errors, warnings }) => (errors, warnings),
            // A part of a file has no other errors.
            Err(_) => continue,
        };
        errors.retain(|error| concerns_guards(error, &group));
        let is_known = errors.is_empty() && !node.source.is_empty();
        if !errors.is_empty() || (is_known && !warnings.is_empty() && found.len() < MAX_PROBLEMS) {
            found.push(NodeProblems { source: node.source.clone(), errors, warnings });
        }
        read.extend(is_known.then_some(node));
    }
    read
}

/// Whether the mistake leaves open which content a guard of the node would reject.
fn concerns_guards(error: &Problem, group: &Group<'_>) -> bool {
    let key = error.key.as_deref().and_then(|key| key.strip_prefix(NODE_PREFIX));
    let field = key.and_then(|key| key.strip_prefix(group.name)).and_then(|rest| rest.strip_prefix('.'));
    match field {
        Some("source") => group.entries.iter().any(|(name, _)| GUARD_NAMES.contains(name)),
        Some(field) => GUARD_NAMES.contains(&field),
        None => false,
    }
}
