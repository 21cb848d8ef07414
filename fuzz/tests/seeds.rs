//! Every seed holds its target's property, small and grown: a finding that was fixed stays fixed.

use std::fs;
use std::path::Path;

use ld_fuzz::{TARGETS, Target};

/// How large the seeds are grown, in bytes. The fuzzer takes more, in an optimised build.
const GROWN_BYTES: usize = 1 << 14;

fn run_all(target: &Target) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target.name);
    let mut seeds = 0;
    for entry in fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
        let path = entry.unwrap().path();
        let data = fs::read(&path).unwrap();
        // The name of the seed, if it is the one that panics.
        println!("{}", path.display());
        (target.check)(&data);
        (target.check)(&(target.grow)(&data, GROWN_BYTES));
        seeds += 1;
    }
    assert!(seeds > 0, "{} has no seeds", dir.display());
}

#[test]
fn every_ini_seed_holds() {
    run_all(&ld_fuzz::INI);
}

#[test]
fn every_secrets_seed_holds() {
    run_all(&ld_fuzz::SECRETS);
}

#[test]
fn every_guards_seed_holds() {
    run_all(&ld_fuzz::GUARDS);
}

#[test]
fn every_diff_seed_holds() {
    run_all(&ld_fuzz::DIFF);
}

#[test]
fn every_session_seed_holds() {
    run_all(&ld_fuzz::SESSION);
}

#[test]
fn every_pointer_seed_holds() {
    run_all(&ld_fuzz::POINTER);
}

#[test]
fn every_signature_seed_holds() {
    run_all(&ld_fuzz::SIGNATURE);
}

#[test]
fn every_report_seed_holds() {
    run_all(&ld_fuzz::REPORT);
}

#[test]
fn every_plan_seed_holds() {
    run_all(&ld_fuzz::PLAN);
}

#[test]
fn every_target_has_its_files_and_accepts_empty_input() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let nightly = fs::read_to_string(here.join("../.github/workflows/nightly.yml")).unwrap();
    let fuzzed = nightly.lines().find_map(|line| line.trim().strip_prefix("target: [")).unwrap();
    let fuzzed: Vec<&str> = fuzzed.trim_end_matches(']').split(", ").collect();
    for target in TARGETS {
        assert!(fuzzed.contains(&target.name), "{} is not in nightly.yml: {fuzzed:?}", target.name);
        (target.check)(b"");
        (target.check)(&(target.grow)(b"", GROWN_BYTES));
        let program =
            fs::read_to_string(here.join("fuzz_targets").join(target.name).with_extension("rs")).unwrap();
        assert!(
            program.contains(&format!("ld_fuzz::{}.fuzz(data)", target.name.to_uppercase())),
            "{program}"
        );
        assert!(here.join("dict").join(target.name).with_extension("dict").is_file(), "{}", target.name);
    }
}
