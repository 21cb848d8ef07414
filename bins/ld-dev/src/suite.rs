//! `cargo dev test`: the chosen steps, one after the other, up to the first that fails.

use std::time::{Duration, Instant};

use crate::steps::{Need, STEPS, Step};
use crate::tally::Tally;
use ld_workspace::Failure;
use ld_workspace::setup;

/// The names that `--only` takes.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.name)
}

/// Runs the steps named in `only`, or all of them when it is empty.
pub(crate) fn run(only: &[String]) -> Result<(), Failure> {
    let start = Instant::now();
    let steps = select(only);
    set_up(&steps)?;
    let (count, mut tally, mut taken) = (steps.len(), Tally::default(), Vec::new());
    for (index, step) in steps.iter().enumerate() {
        println!("\n=== {} of {count}: {} ({})", index + 1, step.name, step.about);
        let step_start = Instant::now();
        let result = (step.check)(&mut tally);
        taken.push(step_start.elapsed());
        if let Err(failure) = result {
            println!("\n{}", table(&steps, &taken, true));
            return Err(failed(index, &steps, &failure));
        }
        println!("--- {}: ok, {}", step.name, seconds(taken[index]));
    }
    println!("\n{}", table(&steps, &taken, false));
    let all = if count == 1 { "1 check" } else { &format!("All {count} checks") };
    println!("{all} passed, {} tests among them, in {}.", tally.passed(), seconds(start.elapsed()));
    Ok(())
}

/// The steps in the order of the suite, whatever the order of `only`.
fn select(only: &[String]) -> Vec<&'static Step> {
    let chosen = |step: &&Step| only.is_empty() || only.iter().any(|name| name == step.name);
    STEPS.iter().filter(chosen).collect()
}

/// Installs what the steps need before the first of them runs, so that a lack is known at once.
fn set_up(steps: &[&Step]) -> Result<(), Failure> {
    let needed = |need| steps.iter().any(|step| step.needs.contains(&need));
    if needed(Need::Servers) {
        setup::for_tests()?;
    }
    if needed(Need::Components) {
        setup::install_components()?;
    }
    if needed(Need::CargoDeny) {
        setup::install_cargo_deny()?;
    }
    Ok(())
}

/// What failed, and how to repeat that step alone.
fn failed(index: usize, steps: &[&Step], failure: &Failure) -> Failure {
    let (number, count, name) = (index + 1, steps.len(), steps[index].name);
    Failure::new(format!(
        "FAILED in step {number} of {count}, {name}: {failure}\n\
         Repeat this step alone with: cargo dev test --only {name}"
    ))
}

/// One line a step: how long it took and how it ended. `taken` holds the steps that ran.
fn table(steps: &[&Step], taken: &[Duration], last_failed: bool) -> String {
    let mut lines = String::from("step              time  result\n");
    for (index, step) in steps.iter().enumerate() {
        let time = taken.get(index).map_or_else(|| "-".to_owned(), |time| seconds(*time));
        let result = match (index + 1).cmp(&taken.len()) {
            std::cmp::Ordering::Greater => "not run",
            std::cmp::Ordering::Equal if last_failed => "FAILED",
            _ => "ok",
        };
        lines.push_str(&format!("{:<12}{time:>10}  {result}\n", step.name));
    }
    lines
}

fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..120 => format!("{:.1} s", duration.as_secs_f64()),
        total => format!("{} min {:02} s", total / 60, total % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<&'static Step> {
        select(&names.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn without_names_all_steps_run() {
        assert_eq!(named(&[]).len(), STEPS.len());
    }

    #[test]
    fn chosen_steps_run_once_in_the_suites_order() {
        let names: Vec<_> = named(&["clippy", "fmt", "clippy"]).into_iter().map(|step| step.name).collect();
        assert_eq!(names, ["fmt", "clippy"]);
    }

    #[test]
    fn each_step_has_a_name_of_its_own() {
        let mut names: Vec<_> = names().collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn the_table_says_what_passed_failed_and_did_not_run() {
        let steps = named(&["fmt", "manifests", "documents"]);
        let taken = [Duration::from_millis(1_250), Duration::from_secs(125)];
        let table = table(&steps, &taken, true);
        let lines: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            lines[1..],
            [
                vec!["fmt", "1.2", "s", "ok"],
                vec!["manifests", "2", "min", "05", "s", "FAILED"],
                vec!["documents", "-", "not", "run"],
            ]
        );
    }

    #[test]
    fn a_failure_names_the_command_that_repeats_the_step() {
        let failure = failed(1, &named(&["fmt", "clippy"]), &Failure::new("cargo clippy failed"));
        assert_eq!(
            failure.to_string(),
            "FAILED in step 2 of 2, clippy: cargo clippy failed\n\
             Repeat this step alone with: cargo dev test --only clippy"
        );
    }
}
