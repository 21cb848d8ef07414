//! `fleet.*`

use super::key::{Key, set};
use crate::limits::INTERVAL;
use crate::settings::FleetConfig;
use crate::values::{host_name, timespan, words};

/// The keys of [`FleetConfig`].
pub(crate) static FLEET: &[Key<FleetConfig>] = &[
    Key {
        name: "fleet.report",
        required: false,
        read: |fleet, value| set(&mut fleet.report, words::boolean(value)),
        check: |_| Ok(()),
        show: |fleet| Some(fleet.report.to_string()),
    },
    Key {
        name: "fleet.host",
        required: false,
        read: |fleet, value| set(&mut fleet.host, host_name::parse(value).map(Some)),
        check: |fleet| fleet.host.as_deref().map_or(Ok(()), host_name::check),
        show: |fleet| fleet.host.clone(),
    },
    Key {
        name: "fleet.report_interval",
        required: false,
        read: |fleet, value| set(&mut fleet.report_interval, timespan::parse(value, INTERVAL)),
        check: |fleet| timespan::check(fleet.report_interval, INTERVAL),
        show: |fleet| Some(timespan::show(fleet.report_interval)),
    },
];
