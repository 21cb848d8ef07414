//! The configurations that packages, the container and Kubernetes bring.

use std::fs;

use ld_testkit::{SOON, TempDir, TestCommand, binary};

const PACKAGE: &str = include_str!("../../../packaging/etc/live-data.ini");
const CONTAINER: &str = include_str!("../../../packaging/container/live-data.ini");
const KUBERNETES: &str = include_str!("../../../packaging/kubernetes/sidecar.yml");

/// The block of `live-data.ini` in the ConfigMap.
fn in_config_map() -> String {
    let (_, rest) = KUBERNETES.split_once("live-data.ini: |\n").unwrap();
    let lines = rest.lines().map_while(|line| line.strip_prefix("    "));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn check(directory: &TempDir, text: &str, options: &[&str]) {
    assert!(text.contains("zookeeper.hosts"), "{text}");
    let file = directory.join("live-data.ini");
    fs::write(&file, text).unwrap();
    let command = TestCommand::new(binary("live-data-watcher")).arg("check");
    let output = command.args(options).arg(&file).run(SOON);
    assert_eq!(output.code, Some(0), "{text}{}{}", output.stdout, output.stderr);
}

#[test]
fn packaged_configurations_are_right() {
    let directory = TempDir::new();
    // With all examples switched on. Prose has a blank after its semicolon.
    let switched_on = PACKAGE.replace("\n;", "\n").replace("\n ", "\n; ");
    [PACKAGE, &switched_on, CONTAINER].iter().for_each(|text| check(&directory, text, &["--strict"]));
    // The kubelet asks from outside the pod, and that warns.
    check(&directory, &in_config_map(), &[]);
}

#[test]
fn the_base_for_kustomize_has_the_pod_and_its_configuration() {
    let spec = |document: &str, start: &str, indent: &str| {
        let (_, spec) = document.split_once(start).unwrap();
        let lines = spec.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| line.strip_prefix(indent).unwrap().to_owned()).collect::<Vec<_>>()
    };
    let pod = spec(KUBERNETES, "\nspec:\n", "");
    assert_eq!(
        spec(include_str!("../../../packaging/kubernetes/base/deployment.yml"), "\n    spec:\n", "    "),
        pod
    );
    assert_eq!(include_str!("../../../packaging/kubernetes/base/live-data.ini"), in_config_map());
}

#[test]
fn the_probes_of_the_pod_are_paths_that_are_served() {
    let document = include_str!("../../../docs/operations.md");
    let paths: Vec<_> = KUBERNETES.lines().filter_map(|line| line.trim().strip_prefix("path: ")).collect();
    assert_eq!(paths, ["/readyz", "/healthz"]);
    paths.iter().for_each(|path| assert!(document.contains(&format!("| `{path}` |")), "{path}"));
}

#[test]
fn a_pod_waits_a_day_for_zookeeper_before_a_restart() {
    let (_, probe) = KUBERNETES.split_once("startupProbe:\n").unwrap();
    let (probe, _) = probe.split_once("livenessProbe:\n").unwrap();
    let number = |key: &str| {
        let mut values = probe.lines().filter_map(|line| line.trim().strip_prefix(key));
        values.next().and_then(|value| value.trim().parse::<u32>().ok()).unwrap()
    };
    assert_eq!(number("periodSeconds:") * number("failureThreshold:"), 24 * 60 * 60);
}
