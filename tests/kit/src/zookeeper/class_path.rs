//! Where the ZooKeeper under test is: Debian's package, or the class path that the user gives.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

/// The environment variable with the class path of another ZooKeeper, in Java's notation.
pub(super) const VARIABLE: &str = "LD_TEST_ZOOKEEPER_CLASSPATH";

/// Debian's ZooKeeper. Its manifest names every other jar that a server needs, but for TLS.
const ZOOKEEPER_JAR: &str = "/usr/share/java/zookeeper.jar";
/// Logs to standard error. Without a logger the server is silent.
const LOGGER_JAR: &str = "/usr/share/java/slf4j-simple.jar";
/// A TLS port needs it, and the manifest of ZooKeeper's jar does not name it.
const TLS_JAR: &str = "/usr/share/java/netty-codec.jar";

/// Whether the user chose another ZooKeeper than Debian's.
pub(super) fn is_given() -> bool {
    given().is_some()
}

/// Whether Debian's package is there.
pub(super) fn is_debian_installed() -> bool {
    Path::new(ZOOKEEPER_JAR).exists()
}

/// The class path of a server; an error if the one that the user gives cannot be right.
pub(super) fn class_path() -> Result<String, String> {
    let Some(given) = given() else { return Ok(format!("{ZOOKEEPER_JAR}:{LOGGER_JAR}:{TLS_JAR}")) };
    match check(&given) {
        Ok(()) => Ok(given),
        Err(reason) => Err(format!(
            "{VARIABLE}: {reason}; set it to the jars of a ZooKeeper server, such as \
             '/opt/apache-zookeeper-3.9.5-bin/lib/*', or unset it to use Debian's package"
        )),
    }
}

fn given() -> Option<String> {
    let value = env::var_os(VARIABLE).filter(|value| !value.is_empty())?;
    Some(value.into_string().unwrap_or_else(|value| panic!("{VARIABLE}: {value:?} is not UTF-8")))
}

/// Java ignores entries that do not exist and then only misses a class.
fn check(class_path: &str) -> Result<(), String> {
    for entry in class_path.split(':') {
        let path = Path::new(entry);
        // Each server runs in a directory of its own.
        if !path.is_absolute() {
            return Err(format!("'{entry}' is not an absolute path"));
        }
        if path.file_name() == Some(OsStr::new("*")) {
            let directory = path.parent().unwrap_or(path);
            if !has_jars(directory) {
                return Err(format!("there are no jars in '{}'", directory.display()));
            }
        } else if !path.exists() {
            return Err(format!("'{entry}' does not exist"));
        }
    }
    Ok(())
}

fn has_jars(directory: &Path) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| path.extension() == Some(OsStr::new("jar")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TempDir;

    #[test]
    fn files_and_directories_of_jars_are_accepted() {
        let directory = TempDir::new();
        let jar = directory.join("server.jar");
        fs::write(&jar, "").unwrap();
        let all = directory.join("*");
        assert_eq!(check(&format!("{}:{}", jar.display(), all.display())), Ok(()));
    }

    #[test]
    fn the_error_names_the_wrong_entry() {
        let directory = TempDir::new();
        let path = directory.path().display();
        assert_eq!(check("lib/*"), Err("'lib/*' is not an absolute path".to_owned()));
        assert_eq!(check(&format!("{path}/*")), Err(format!("there are no jars in '{path}'")));
        assert_eq!(check(&format!("{path}:{path}/x.jar")), Err(format!("'{path}/x.jar' does not exist")));
    }
}
