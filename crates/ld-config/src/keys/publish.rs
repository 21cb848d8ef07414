//! `publish.*`

use super::key::{Key, set};
use crate::limits::MAX_HISTORY;
use crate::settings::PublishConfig;
use crate::values::{number, znode};

/// The keys of [`PublishConfig`].
pub(crate) static PUBLISH: &[Key<PublishConfig>] = &[
    Key {
        name: "publish.root",
        required: false,
        read: |publish, value| {
            let (root, warning) = znode::parse_with_warning(value)?;
            set(&mut publish.root, not_the_root(root))?;
            Ok(warning)
        },
        check: |publish| {
            znode::check(&publish.root)?;
            not_the_root(publish.root.clone()).map(drop)
        },
        show: |publish| Some(publish.root.clone()),
    },
    Key {
        name: "publish.history",
        required: false,
        read: |publish, value| set(&mut publish.history, number::parse(value, 0..=MAX_HISTORY)),
        check: |publish| number::check(publish.history, 0..=MAX_HISTORY),
        show: |publish| Some(publish.history.to_string()),
    },
];

fn not_the_root(path: String) -> Result<String, String> {
    match path.as_str() {
        "/" => Err("'/' cannot be used: name a node below it, such as /live-data".to_owned()),
        _ => Ok(path),
    }
}
