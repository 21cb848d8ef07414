//! A [`Config`] as the INI text that reads back to it.

use std::fmt;

use crate::keys::{FLEET, Key, NODE, NODE_PREFIX, PUBLISH, S3, SECRETS, STATUS, WATCHER, ZOOKEEPER};
use crate::settings::Config;

/// Prints every setting, defaults too.
///
/// What [`Config::parse`] returned parses back to the same value under an empty environment. A
/// value made by hand that no file can say (such as a path with a line break) does not.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[live-data]")?;
        write_keys(f, "", ZOOKEEPER, &self.zookeeper)?;
        write_keys(f, "", SECRETS, &self.secrets)?;
        write_keys(f, "", WATCHER, &self.watcher)?;
        write_keys(f, "", S3, &self.s3)?;
        write_keys(f, "", PUBLISH, &self.publish)?;
        write_keys(f, "", FLEET, &self.fleet)?;
        write_keys(f, "", STATUS, &self.status)?;
        for node in &self.nodes {
            writeln!(f)?;
            write_keys(f, &format!("{NODE_PREFIX}{}.", node.name), NODE, node)?;
        }
        Ok(())
    }
}

fn write_keys<T>(f: &mut fmt::Formatter<'_>, prefix: &str, keys: &[Key<T>], settings: &T) -> fmt::Result {
    keys.iter().try_for_each(|key| match (key.show)(settings) {
        Some(value) => writeln!(f, "{prefix}{} = {value}", key.name),
        None => Ok(()),
    })
}
