//! A [`Config`] as the INI text that reads back to it.

use std::fmt;

use crate::keys;
use crate::nodes::PREFIX;
use crate::settings::Config;

/// Prints every setting, defaults too. What [`Config::parse`] returned parses back to the same value under an empty
/// environment. A hand-made value that no file can say (a path with a line break, a host without a name) does not.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[live-data]")?;
        for key in keys::GLOBAL {
            if let Some(value) = (key.show)(self) {
                writeln!(f, "{} = {value}", key.name)?;
            }
        }
        for node in &self.nodes {
            writeln!(f)?;
            for key in keys::NODE {
                if let Some(value) = (key.show)(node) {
                    writeln!(f, "{PREFIX}{}.{} = {value}", node.name, key.name)?;
                }
            }
        }
        Ok(())
    }
}
