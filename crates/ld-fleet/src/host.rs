//! The name of this host in its fleet.

use ld_config::{FleetConfig, is_host_name};

/// The system's host name cannot be the name of a host in a fleet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the system's host name '{}' cannot be used: set fleet.host", ld_config::escape_hidden(.0))]
pub struct UnusableHostName(String);

/// `fleet.host`, or else the system's host name.
///
/// # Errors
///
/// The system's host name has a character that the name of a node cannot have.
pub fn host_name(fleet: &FleetConfig) -> Result<String, UnusableHostName> {
    if let Some(host) = &fleet.host {
        return Ok(host.clone());
    }
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if is_host_name(&name) { Ok(name) } else { Err(UnusableHostName(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_name_of_the_system_is_the_default() {
        let mut fleet = FleetConfig::default();
        let system = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(host_name(&fleet).unwrap(), system.trim_end());
        fleet.host = Some("web-1".to_owned());
        assert_eq!(host_name(&fleet).unwrap(), "web-1");
    }
}
