//! `cargo dev test`: runs the chosen steps until one fails.

use std::time::{Duration, Instant};

use crate::steps::{ON_REQUEST, STEPS, Step};
use crate::test_counts::TestCounts;
use ld_workspace::Failure;

/// The names that `--only` takes.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.name)
}

/// Runs the steps named in `only`. If it is empty, runs all but those that run on request.
pub(crate) fn run(only: &[String]) -> Result<(), Failure> {
    let start = Instant::now();
    let steps = select(only);
    set_up(&steps)?;
    let (count, mut counts, mut times) = (steps.len(), TestCounts::default(), Vec::new());
    for (index, step) in steps.iter().enumerate() {
        println!("\n=== {} of {count}: {} ({})", index + 1, step.name, step.about);
        let step_start = Instant::now();
        let result = (step.check)(&mut counts);
        times.push(step_start.elapsed());
        if let Err(failure) = result {
            println!("\n{}", table(&steps, &times, true));
            return Err(failed(index, &steps, &failure));
        }
        println!("--- {}: ok, {}", step.name, seconds(times[index]));
    }
    println!("\n{}", table(&steps, &times, false));
    let all = if count == 1 { "1 check" } else { &format!("All {count} checks") };
    println!("{all} passed, {} tests among them, in {}.", counts.passed(), seconds(start.elapsed()));
    if only.is_empty() {
        let names = ON_REQUEST.join(",");
        println!("Not run: {names}. To run these: cargo dev test --only {names}");
    }
    Ok(())
}

/// The chosen steps, in the order of the suite.
fn select(only: &[String]) -> Vec<&'static Step> {
    let chosen = |step: &&Step| {
        let is_named = only.iter().any(|name| name == step.name);
        is_named || (only.is_empty() && !ON_REQUEST.contains(&step.name))
    };
    STEPS.iter().filter(chosen).collect()
}

/// Installs what the steps need, before the first one runs.
fn set_up(steps: &[&Step]) -> Result<(), Failure> {
    let mut needs: Vec<_> = steps.iter().flat_map(|step| step.needs).collect();
    needs.sort_unstable();
    needs.dedup();
    needs.into_iter().try_for_each(|need| need.install())
}

/// The failure, with the command that repeats its step.
fn failed(index: usize, steps: &[&Step], failure: &Failure) -> Failure {
    let (number, count, name) = (index + 1, steps.len(), steps[index].name);
    Failure::new(format!(
        "FAILED in step {number} of {count}, {name}: {failure}\n\
         Repeat this step alone with: cargo dev test --only {name}"
    ))
}

/// A table with the time and the result of each step. `times` has the times of those that ran.
fn table(steps: &[&Step], times: &[Duration], last_failed: bool) -> String {
    let mut lines = String::from("step              time  result\n");
    for (index, step) in steps.iter().enumerate() {
        let time = times.get(index).map_or_else(|| "-".to_owned(), |time| seconds(*time));
        let result = match (index + 1).cmp(&times.len()) {
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
    fn without_names_all_steps_run_but_those_on_request() {
        assert_eq!(named(&[]).len() + ON_REQUEST.len(), STEPS.len());
        assert_eq!(named(ON_REQUEST).len(), ON_REQUEST.len());
    }

    #[test]
    fn chosen_steps_run_once_in_the_order_of_the_suite() {
        let names: Vec<_> = named(&["clippy", "fmt", "clippy"]).into_iter().map(|step| step.name).collect();
        assert_eq!(names, ["fmt", "clippy"]);
    }

    #[test]
    fn step_names_are_unique() {
        let mut names: Vec<_> = names().collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn the_table_shows_the_result_of_each_step() {
        let steps = named(&["fmt", "manifests", "documents"]);
        let times = [Duration::from_millis(1_250), Duration::from_secs(125)];
        let table = table(&steps, &times, true);
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
