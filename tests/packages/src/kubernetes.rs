//! The files for Kubernetes: made by kustomize, and held against the schemas of Kubernetes.

use std::fs;

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::root::fresh_directory;
use crate::tool;

/// The requirement for pip. It brings the schemas.
const VALIDATOR: &str = "kubernetes-validate==1.37.0";

/// The pod of the documents.
const SIDECAR: &str = "packaging/kubernetes/sidecar.yml";

/// The base for kustomize.
const BASE: &str = "packaging/kubernetes/base";

/// Checks all files for Kubernetes. Needs an index of Python packages.
pub fn check() -> Result<(), Failure> {
    let directory = fresh_directory(&cargo::target_directory()?, "kubernetes")?;
    let venv = directory.join("venv");
    tool::run("python3", &["-m", "venv", &venv.to_string_lossy()])?;
    let python = venv.join("bin/python");
    tool::run(&python.to_string_lossy(), &["-m", "pip", "install", "--quiet", VALIDATOR])?;

    let base = tool::run("kubectl", &["kustomize", BASE])?;
    // The generator gives the ConfigMap a name with a hash, which the volume must have, too.
    let names: Vec<_> =
        base.lines().filter_map(|line| line.trim().strip_prefix("name: live-data-")).collect();
    let hashes: Vec<_> = names.into_iter().filter(|name| *name != "watcher").collect();
    if hashes.len() != 2 || hashes[0] != hashes[1] {
        return Err(Failure::new(format!("the volume has another ConfigMap than is made: {hashes:?}")));
    }
    let made = directory.join("base.yml");
    fs::write(&made, &base).map_err(Failure::doing("cannot write what kustomize made"))?;
    let validator = venv.join("bin/kubernetes-validate");
    let arguments = ["--strict", SIDECAR, &made.to_string_lossy()];
    tool::run(&validator.to_string_lossy(), &arguments)?;
    println!("the pod and what kustomize makes fit the schemas of Kubernetes");
    fs::remove_dir_all(&directory).map_err(Failure::doing("cannot remove what the check made"))
}
