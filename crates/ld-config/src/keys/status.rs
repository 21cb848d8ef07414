//! `status.*`

use super::key::{Key, set};
use crate::settings::StatusConfig;
use crate::values::{listen, words};

/// The keys of [`StatusConfig`].
pub(crate) static STATUS: &[Key<StatusConfig>] = &[
    Key {
        name: "status.listen",
        required: false,
        read: |status, value| {
            let address = listen::parse(value)?;
            let warning = listen::warning(&address);
            status.listen = Some(address);
            Ok(warning)
        },
        check: |status| status.listen.as_ref().map_or(Ok(()), listen::check),
        show: |status| status.listen.as_ref().map(ToString::to_string),
    },
    Key {
        name: "status.per_node",
        required: false,
        read: |status, value| set(&mut status.per_node, words::boolean(value)),
        check: |_| Ok(()),
        show: |status| Some(status.per_node.to_string()),
    },
];
