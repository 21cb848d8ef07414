//! Plots of measured figures, and the files in which the figures are stored.
//!
//! `NAME.json` in a directory holds the figures, so that the SVG files beside it can be drawn again
//! without measuring.

mod chart;
mod fleet_return;
mod growth_curve;
mod latency;
mod stored;

use std::path::Path;

pub(crate) use fleet_return::{FleetReturn, StoredReturn};
pub(crate) use growth_curve::{Growth, GrowthStep};
pub(crate) use latency::Latency;
use ld_workspace::Failure;
use stored::redraw;
pub(crate) use stored::save;

/// Draws all figures that are stored in a directory.
pub(crate) fn draw_all(directory: &Path) -> Result<(), Failure> {
    let drawn =
        [redraw::<Growth>(directory)?, redraw::<Latency>(directory)?, redraw::<FleetReturn>(directory)?];
    if drawn.contains(&true) {
        return Ok(());
    }
    let directory = directory.display();
    Err(Failure::new(format!("{directory} holds no figures; measure with --plot {directory}")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ld_testkit::TempDir;

    use super::*;

    fn svg_files(directory: &Path) -> Vec<(String, String)> {
        let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
        let svg = entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "svg"));
        let read = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        };
        let mut files: Vec<_> = svg.map(read).collect();
        files.sort();
        files
    }

    fn save_all(directory: &Path) {
        let step = |nodes, seconds| GrowthStep {
            nodes,
            seconds,
            cpu_seconds: 0.1,
            memory_bytes: 5e6,
            requests: 4.0,
            sessions: 1.0,
        };
        let machine = "a machine".to_owned();
        let steps = vec![step(1, 0.008), step(10, 0.012), step(100, 0.04)];
        save(directory, &Growth { machine: machine.clone(), steps }).unwrap();
        let ours = (0..=100).map(|percent| 2e-4 + f64::from(percent) * 1e-6).collect();
        let floor = (0..=100).map(|percent| 1e-4 + f64::from(percent) * 1e-6).collect();
        let latency = Latency { machine: machine.clone(), ours, original: Vec::new(), floor };
        save(directory, &latency).unwrap();
        let stored = |jitter, sessions| StoredReturn {
            servers: "one server".to_owned(),
            outage: "away for 30 s".to_owned(),
            jitter,
            sessions,
        };
        let returns = vec![stored(true, vec![3, 2, 1]), stored(false, vec![6])];
        save(directory, &FleetReturn { machine, hosts: 6, step_seconds: 0.1, returns }).unwrap();
    }

    #[test]
    fn stored_figures_draw_the_same_plots_again() {
        let directory = TempDir::new();
        save_all(directory.path());
        let first = svg_files(directory.path());
        let names: Vec<_> = first.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["fleet-return.svg", "latency.svg", "memory.svg", "start-time.svg"]);
        for (name, _) in &first {
            fs::remove_file(directory.join(name)).unwrap();
        }
        draw_all(directory.path()).unwrap();
        assert_eq!(svg_files(directory.path()), first);
    }

    #[test]
    fn each_plot_has_a_background_a_title_and_its_series() {
        let directory = TempDir::new();
        save_all(directory.path());
        for (name, text) in svg_files(directory.path()) {
            assert!(text.contains("fill=\"#FFFFFF\""), "{name} has no background");
            assert!(text.contains("a machine"), "{name} does not name the machine");
            assert!(text.contains("<polyline"), "{name} has no line");
        }
    }

    #[test]
    fn a_directory_without_figures_is_an_error() {
        let error = draw_all(TempDir::new().path()).unwrap_err().to_string();
        assert!(error.contains("holds no figures; measure with --plot"), "{error}");
    }
}
