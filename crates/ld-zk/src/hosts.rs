//! The configured hosts, for messages.

use ld_config::Host;

/// The hosts as a person reads them.
pub(crate) fn host_list(hosts: &[Host]) -> String {
    let names: Vec<String> = hosts.iter().map(Host::to_string).collect();
    names.join(", ")
}
