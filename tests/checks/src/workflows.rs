//! The YAML files below `.github` parse and have the required keys. Those below `packaging` parse,
//! and so do the YAML blocks of documents.

use crate::yaml::Yaml;
use ld_workspace::Failure;
use ld_workspace::text_files::{self, TextFile};

/// Checks all YAML files below `.github` and `packaging`, and all YAML blocks of documents.
pub fn check() -> Result<(), Failure> {
    let mut files = text_files::with_extensions(&["yml", "yaml"])?;
    files.retain(|file| [".github/", "packaging/"].iter().any(|start| file.path.starts_with(start)));
    let pages = text_files::with_extensions(&["md"])?;
    let blocks: Vec<_> = pages.iter().flat_map(blocks).collect();
    let faults: Vec<_> = files.iter().chain(&blocks).flat_map(faults).collect();
    if files.is_empty() {
        return Err(Failure::new("there is no YAML file below .github and packaging"));
    }
    if faults.is_empty() {
        let (files, blocks) = (files.len(), blocks.len());
        println!("{files} YAML files below .github and packaging, and {blocks} YAML blocks are well-formed");
        return Ok(());
    }
    Err(Failure::new(format!("faults: {}\n  {}", faults.len(), faults.join("\n  "))))
}

/// The YAML blocks of a document, each under the document's path.
fn blocks(page: &TextFile) -> Vec<TextFile> {
    let texts = page.text.split("\n```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    texts.map(|text| TextFile { path: page.path.clone(), text: text.to_owned() }).collect()
}

fn faults(file: &TextFile) -> Vec<String> {
    if !file.path.starts_with(".github/") {
        return documents(file);
    }
    let faults = match Yaml::parse(&file.text) {
        Err(failure) => vec![failure.to_string()],
        Ok(yaml) if file.path.starts_with(".github/workflows/") => workflow(&yaml),
        Ok(yaml) if file.path == ".github/dependabot.yml" => missing(&yaml, "", &["version", "updates"]),
        Ok(yaml) if file.path.ends_with("ISSUE_TEMPLATE/config.yml") => {
            missing(&yaml, "", &["blank_issues_enabled"])
        }
        Ok(yaml) => missing(&yaml, "", &["name", "description", "body"]),
    };
    faults.into_iter().map(|fault| format!("{}: {fault}", file.path)).collect()
}

/// Faults of a file with one or more documents.
fn documents(file: &TextFile) -> Vec<String> {
    let documents = file.text.split("\n---\n").map(Yaml::parse);
    documents.filter_map(|parsed| Some(format!("{}: {}", file.path, parsed.err()?))).collect()
}

/// A workflow has its events and permissions. Each job has a runner, a time limit and steps.
fn workflow(yaml: &Yaml) -> Vec<String> {
    let mut faults = missing(yaml, "", &["name", "on", "permissions", "jobs"]);
    let jobs = yaml.get("jobs").map_or(&[][..], Yaml::entries);
    if jobs.is_empty() {
        faults.push("jobs: there are none".to_owned());
    }
    for (name, job) in jobs {
        let location = format!("jobs.{name}");
        faults.extend(missing(job, &format!("{location}."), &["runs-on", "timeout-minutes", "steps"]));
        let needs = job.get("needs").map_or(&[][..], Yaml::items).iter().filter_map(Yaml::text);
        let unknown = needs.filter(|needed| !jobs.iter().any(|(other, _)| other == needed));
        faults.extend(unknown.map(|needed| format!("{location}.needs: there is no job '{needed}'")));
        let steps = job.get("steps").map_or(&[][..], Yaml::items).iter().enumerate();
        faults.extend(steps.flat_map(|(index, item)| step(item, &format!("{location}.steps[{index}]"))));
    }
    faults
}

fn step(step: &Yaml, location: &str) -> Vec<String> {
    match (step.get("uses").and_then(Yaml::text), step.get("run").and_then(Yaml::text)) {
        (Some(action), None) if is_pinned(action) => Vec::new(),
        (Some(action), None) => vec![format!("{location}.uses: '{action}' is not pinned by a version")],
        (None, Some(_)) => Vec::new(),
        _ => vec![format!("{location}: needs either `uses` or `run`")],
    }
}

/// `owner/name@v4`, `@v4.1.2`, `@<40 hex digits>`, or `docker://image:1.2`. A branch is not pinned.
fn is_pinned(action: &str) -> bool {
    if let Some(image) = action.strip_prefix("docker://") {
        return image.rsplit_once(':').is_some_and(|(_, tag)| tag.starts_with(|c: char| c.is_ascii_digit()));
    }
    let Some((_, version)) = action.split_once('@') else { return action.starts_with("./") };
    let is_commit = version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = version.strip_prefix('v').unwrap_or_default();
    let is_version = number.split('.').all(|part| part.parse::<u32>().is_ok());
    is_commit || is_version
}

fn missing(yaml: &Yaml, location: &str, keys: &[&str]) -> Vec<String> {
    let absent = keys.iter().filter(|key| yaml.get(key).is_none());
    absent.map(|key| format!("{location}{key} is missing")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
name: CI
on: [push]
permissions: {contents: read}
jobs:
  test:
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    steps:
      - uses: actions/checkout@v4
      - run: cargo dev test
  after:
    needs: test
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    steps: [{run: 'true'}]
";

    fn found(text: &str) -> Vec<String> {
        let path = ".github/workflows/ci.yml".to_owned();
        faults(&TextFile { path, text: text.to_owned() })
    }

    #[test]
    fn each_document_of_a_packaged_file_must_parse() {
        let found = |text: &str| {
            let path = "packaging/pod.yml".to_owned();
            faults(&TextFile { path, text: text.to_owned() })
        };
        assert!(found("a: 1\n---\nb: 2\n").is_empty());
        let faults = found("a: 1\n---\nb: [\n");
        assert!(faults.len() == 1 && faults[0].starts_with("packaging/pod.yml: "), "{faults:?}");
    }

    #[test]
    fn each_yaml_block_of_a_document_must_parse() {
        let text = "# A\n```yaml\na: 1\n```\n```sh\nb: [\n```\n```yaml\nc: [\n```\n".to_owned();
        let blocks = blocks(&TextFile { path: "docs/a.md".to_owned(), text });
        assert_eq!(blocks.len(), 2);
        let faults: Vec<_> = blocks.iter().flat_map(faults).collect();
        assert!(faults.len() == 1 && faults[0].starts_with("docs/a.md: "), "{faults:?}");
    }

    #[track_caller]
    fn assert_fault(from: &str, to: &str, fault: &str) {
        assert!(GOOD.contains(from), "{from}");
        assert_eq!(found(&GOOD.replacen(from, to, 1)), [format!(".github/workflows/ci.yml: {fault}")]);
    }

    #[test]
    fn a_complete_workflow_passes() {
        assert_eq!(found(GOOD), Vec::<String>::new());
    }

    #[test]
    fn each_missing_key_is_named() {
        assert_fault("on: [push]\n", "", "on is missing");
        assert_fault("permissions: {contents: read}\n", "", "permissions is missing");
        assert_fault("    runs-on: ubuntu-24.04\n", "", "jobs.test.runs-on is missing");
        assert_fault("    timeout-minutes: 10\n", "", "jobs.test.timeout-minutes is missing");
    }

    #[test]
    fn an_action_without_a_version_is_a_fault() {
        let fault = |action| format!("jobs.test.steps[0].uses: '{action}' is not pinned by a version");
        assert_fault("checkout@v4", "checkout@main", &fault("actions/checkout@main"));
        assert_fault("checkout@v4", "checkout", &fault("actions/checkout"));
    }

    #[test]
    fn versions_commits_and_tagged_images_are_pins() {
        for action in ["a/b@v4", "a/b@v4.1.2", "docker://a/b:1.7.7", "./.github/actions/a"] {
            assert!(is_pinned(action), "{action}");
        }
        assert!(is_pinned(&format!("a/b@{}", "0a".repeat(20))));
        for action in ["a/b@v4.x", "a/b@stable", "a/b@0a0a", "docker://a/b:latest", "docker://a/b"] {
            assert!(!is_pinned(action), "{action}");
        }
    }

    #[test]
    fn a_needed_job_must_exist() {
        assert_fault("needs: test", "needs: [test, lint]", "jobs.after.needs: there is no job 'lint'");
    }

    #[test]
    fn a_step_either_uses_or_runs() {
        assert_fault("run: cargo dev test", "name: x", "jobs.test.steps[1]: needs either `uses` or `run`");
    }

    #[test]
    fn a_file_that_does_not_parse_is_a_fault() {
        assert_eq!(found("a: [1\n").len(), 1);
    }
}
