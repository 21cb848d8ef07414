//! The metadata of all packages, and the order in which they are published.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use ld_workspace::Failure;
use ld_workspace::cargo;

/// Keys that each published package must have.
const REQUIRED: [&str; 6] = ["description", "license", "repository", "homepage", "readme", "rust_version"];

/// The texts that go with each published package.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// The names of the workspace's packages.
pub struct Packages {
    /// Packages that are published.
    pub published: Vec<String>,
    /// Packages with `publish = false`.
    pub private: Vec<String>,
}

/// Reads the workspace's packages.
pub fn packages() -> Result<Packages, Failure> {
    let metadata = cargo::metadata()?;
    let (published, private): (Vec<_>, Vec<_>) =
        members(&metadata).partition(|package| package["publish"].is_null());
    let names = |packages: Vec<&Value>| packages.into_iter().map(|package| text(package, "name")).collect();
    Ok(Packages { published: names(published), private: names(private) })
}

/// Checks that each dependency builds with the Rust version of the workspace, that each published
/// package is described, and that RELEASING.md publishes each after its dependencies.
pub fn check() -> Result<(), Failure> {
    let metadata = cargo::metadata()?;
    let promised = members(&metadata)
        .filter_map(|package| version(&package["rust_version"]))
        .min()
        .ok_or_else(|| Failure::new("no package of the workspace states a rust-version"))?;
    let mut faults = Vec::new();
    for package in array(&metadata["packages"]) {
        if let Some(needed) = version(&package["rust_version"]).filter(|needed| *needed > promised) {
            let (name, version) = (text(package, "name"), text(package, "version"));
            let (promised, needed) = (rust(promised), rust(needed));
            faults.push(format!("{name} {version} needs {needed}, but the workspace has {promised}"));
        }
    }
    for package in members(&metadata).filter(|package| package["publish"].is_null()) {
        let name = text(package, "name");
        let missing = REQUIRED.iter().filter(|key| package[**key].as_str().is_none_or(str::is_empty));
        faults.extend(missing.map(|key| format!("{name} has no {key}")));
        let manifest = PathBuf::from(text(package, "manifest_path"));
        let lacks = |licence: &&&str| !manifest.with_file_name(licence).is_file();
        faults.extend(LICENCES.iter().filter(lacks).map(|licence| format!("{name} has no {licence}")));
        let lists = ["keywords", "categories"].into_iter().filter(|key| array(&package[*key]).is_empty());
        faults.extend(lists.map(|key| format!("{name} has no {key}")));
    }
    let releasing = fs::read_to_string(cargo::workspace().join("RELEASING.md"))
        .map_err(Failure::doing("cannot read RELEASING.md"))?;
    faults.extend(order_faults(&publish_order(&releasing), &needs(&metadata)));
    if faults.is_empty() {
        let count = array(&metadata["packages"]).len();
        println!("{count} packages build with {} by their metadata", rust(promised));
        return Ok(());
    }
    Err(Failure::new(format!("faults: {}\n  {}", faults.len(), faults.join("\n  "))))
}

/// The items of a numbered list that consist of a name in backquotes.
fn publish_order(releasing: &str) -> Vec<&str> {
    let items = releasing.lines().filter_map(|line| line.trim().split_once(". "));
    let numbered = items.filter(|(number, _)| number.parse::<u32>().is_ok());
    numbered.filter_map(|(_, name)| name.strip_prefix('`')?.strip_suffix('`')).collect()
}

/// Each published package, with its dependencies in the workspace except those for tests.
fn needs(metadata: &Value) -> Vec<(String, Vec<String>)> {
    let is_need = |dependency: &&Value| dependency["path"].is_string() && dependency["kind"] != "dev";
    let published = members(metadata).filter(|package| package["publish"].is_null());
    published
        .map(|package| {
            let dependencies = array(&package["dependencies"]).iter().filter(is_need);
            (text(package, "name"), dependencies.map(|dependency| text(dependency, "name")).collect())
        })
        .collect()
}

/// Packages that are missing in the order, unknown, or before one of their dependencies.
fn order_faults(order: &[&str], needs: &[(String, Vec<String>)]) -> Vec<String> {
    let position = |name: &str| order.iter().position(|listed| *listed == name);
    let mut faults = Vec::new();
    for (name, needed) in needs {
        let Some(own) = position(name) else {
            faults.push(format!("RELEASING.md does not publish {name}"));
            continue;
        };
        let late = needed.iter().filter(|needed| position(needed).is_some_and(|position| position > own));
        faults.extend(late.map(|needed| format!("RELEASING.md publishes {name} before {needed}")));
    }
    let unknown = order.iter().filter(|name| !needs.iter().any(|(known, _)| known == *name));
    faults.extend(
        unknown.map(|name| format!("RELEASING.md publishes {name}, which is not a published package")),
    );
    faults
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

fn rust((major, minor): (u32, u32)) -> String {
    format!("Rust {major}.{minor}")
}

/// Parses `1.88` or `1.88.0`. Patch releases add no feature.
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
    fn the_publish_order_is_a_numbered_list_of_names() {
        let releasing = "1. `a`\n- `b`\n      2. `c`\n3. run `d` now\n`e`\n";
        assert_eq!(publish_order(releasing), ["a", "c"]);
    }

    #[test]
    fn each_package_is_published_after_its_dependencies() {
        let needs = [("a".to_owned(), vec![]), ("b".to_owned(), vec!["a".to_owned()])];
        assert_eq!(order_faults(&["a", "b"], &needs), Vec::<String>::new());
        assert_eq!(order_faults(&["b", "a"], &needs), ["RELEASING.md publishes b before a"]);
        assert_eq!(order_faults(&["a"], &needs), ["RELEASING.md does not publish b"]);
        let unknown = "RELEASING.md publishes c, which is not a published package";
        assert_eq!(order_faults(&["a", "b", "c"], &needs), [unknown]);
    }

    #[test]
    fn the_workspace_has_published_and_private_packages() {
        let packages = packages().unwrap();
        assert!(packages.published.contains(&"ld-sync".to_owned()), "{:?}", packages.published);
        assert!(packages.private.contains(&"ld-dev".to_owned()), "{:?}", packages.private);
    }
}
