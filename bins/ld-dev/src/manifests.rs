//! What every package of the tree must say about itself.

use serde_json::Value;

use crate::cargo;
use crate::failure::Failure;

/// What publishing and its documentation want of each package.
const WANTED: [&str; 6] = ["description", "license", "repository", "homepage", "readme", "rust_version"];

/// The packages of the workspace, published ones and others.
pub(crate) struct Packages {
    pub(crate) published: Vec<String>,
    pub(crate) private: Vec<String>,
}

/// Reads the workspace's packages.
pub(crate) fn packages() -> Result<Packages, Failure> {
    let metadata = cargo::metadata()?;
    let (published, private): (Vec<_>, Vec<_>) =
        members(&metadata).partition(|package| package["publish"].is_null());
    let names = |packages: Vec<&Value>| packages.into_iter().map(|package| text(package, "name")).collect();
    Ok(Packages { published: names(published), private: names(private) })
}

/// Every dependency builds with the compiler that the workspace promises, and every published package is described.
pub(crate) fn check() -> Result<(), Failure> {
    let metadata = cargo::metadata()?;
    let promised = members(&metadata)
        .filter_map(|package| version(&package["rust_version"]))
        .min()
        .ok_or_else(|| Failure::new("no package of the workspace states a rust-version"))?;
    let mut faults = Vec::new();
    for package in array(&metadata["packages"]) {
        if let Some(needed) = version(&package["rust_version"]).filter(|needed| *needed > promised) {
            let (name, version) = (text(package, "name"), text(package, "version"));
            faults.push(format!("{name} {version} needs Rust {}.{}", needed.0, needed.1));
        }
    }
    for package in members(&metadata).filter(|package| package["publish"].is_null()) {
        let name = text(package, "name");
        let missing = WANTED.iter().filter(|key| package[**key].as_str().is_none_or(str::is_empty));
        faults.extend(missing.map(|key| format!("{name} has no {key}")));
        let lists = ["keywords", "categories"].into_iter().filter(|key| array(&package[*key]).is_empty());
        faults.extend(lists.map(|key| format!("{name} has no {key}")));
    }
    if faults.is_empty() {
        let count = array(&metadata["packages"]).len();
        println!("{count} packages build with Rust {}.{}, as far as they say", promised.0, promised.1);
        return Ok(());
    }
    let promise = format!("the workspace promises Rust {}.{}", promised.0, promised.1);
    Err(Failure::new(format!("{promise}; but: {}", faults.join("; "))))
}

fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    let members = array(&metadata["workspace_members"]);
    array(&metadata["packages"]).iter().filter(move |package| members.contains(&package["id"]))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(package: &Value, key: &str) -> String {
    package[key].as_str().unwrap_or_default().to_owned()
}

/// `1.88` or `1.88.0`; patch releases change no feature.
fn version(value: &Value) -> Option<(u32, u32)> {
    let mut parts = value.as_str()?.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version(&"1.100".into()) > version(&"1.88.0".into()));
        assert_eq!(version(&Value::Null), None);
    }

    #[test]
    fn the_workspace_has_published_and_private_packages() {
        let packages = packages().unwrap();
        assert!(packages.published.contains(&"ld-sync".to_owned()), "{:?}", packages.published);
        assert!(packages.private.contains(&"ld-dev".to_owned()), "{:?}", packages.private);
    }
}
