//! Line charts as SVG files, readable on a light and on a dark page.

use std::fmt::Display;
use std::fs;
use std::ops::Range;
use std::path::Path;

pub(super) use plotters::chart::SeriesLabelPosition;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use ld_workspace::Failure;

const WIDTH: u32 = 960;
const CHART_HEIGHT: u32 = 440;
/// A line below the charts that names the machine.
const FOOTER_HEIGHT: u32 = 32;
const FONT: &str = "sans-serif";
const TEXT: RGBColor = RGBColor(34, 34, 34);
const GRID: RGBColor = RGBColor(221, 221, 221);
/// Colours that differ for colour-blind readers too.
const COLORS: [RGBColor; 3] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 132, 97)];
/// Up to this many points, each point of a line is marked.
const MARKED_POINTS: usize = 12;

/// A chart with lines.
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
    /// A corner without lines.
    pub(super) legend: SeriesLabelPosition,
}

/// A line.
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// An axis that fits its values.
pub(super) struct Axis {
    label: &'static str,
    scale: Scale,
    format: fn(f64) -> String,
}

#[derive(Clone, Copy)]
enum Scale {
    /// From zero.
    Linear,
    Log,
}

impl Axis {
    /// A linear axis that begins at zero. `format` prints a value.
    pub(super) fn linear(label: &'static str, format: fn(f64) -> String) -> Self {
        Self { label, scale: Scale::Linear, format }
    }

    /// A logarithmic axis for positive values.
    pub(super) fn log(label: &'static str, format: fn(f64) -> String) -> Self {
        Self { label, scale: Scale::Log, format }
    }

    fn fit(&self, values: impl Iterator<Item = f64> + Clone) -> Fitted {
        let most = values.clone().fold(f64::MIN_POSITIVE, f64::max);
        let range = match self.scale {
            Scale::Linear => 0.0..most * 1.05,
            Scale::Log => values.fold(most, f64::min) / 1.2..most * 1.2,
        };
        Fitted { scale: self.scale, range }
    }
}

/// A scale with its range.
struct Fitted {
    scale: Scale,
    range: Range<f64>,
}

impl Ranged for Fitted {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let position = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Log => value.ln(),
        };
        let (start, end) = (position(self.range.start), position(self.range.end));
        let share = (position(*value) - start) / (end - start);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match self.scale {
            Scale::Linear => RangedCoordf64::from(self.range.clone()).key_points(hint),
            Scale::Log => log_ticks(&self.range),
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// Powers of ten; with 2 and 5 times those if there are few.
fn log_ticks(range: &Range<f64>) -> Vec<f64> {
    let decades = range.start.log10().floor() as i32..=range.end.log10().ceil() as i32;
    let ticks = |factors: &[f64]| -> Vec<f64> {
        let all = decades.clone().flat_map(|decade| factors.iter().map(move |factor| (decade, factor)));
        let values = all.map(|(decade, factor)| {
            // A division gives 0.001 where a product gives 0.0010000000000000000208.
            if decade < 0 { factor / 10_f64.powi(-decade) } else { factor * 10_f64.powi(decade) }
        });
        values.filter(|value| range.contains(value)).collect()
    };
    let powers = ticks(&[1.0]);
    if powers.len() > 3 { powers } else { ticks(&[1.0, 2.0, 5.0]) }
}

/// Draws charts below each other into one file.
pub(super) fn draw(file: &Path, machine: &str, charts: &[Chart<'_>]) -> Result<(), Failure> {
    let height = CHART_HEIGHT * charts.len() as u32 + FOOTER_HEIGHT;
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        // Without a background, the text would be unreadable on a dark page.
        area.fill(&WHITE).map_err(cannot(file))?;
        let (upper, footer) = area.split_vertically(height - FOOTER_HEIGHT);
        for (chart, area) in charts.iter().zip(upper.split_evenly((charts.len(), 1))) {
            draw_chart(chart, &area).map_err(cannot(file))?;
        }
        let style = (FONT, 13).into_font().color(&TEXT);
        footer.draw(&Text::new(machine, (16, 8), style)).map_err(cannot(file))?;
        area.present().map_err(cannot(file))?;
    }
    fs::write(file, text).map_err(cannot(file))?;
    println!("Drew {}.", file.display());
    Ok(())
}

fn draw_chart<DB: DrawingBackend>(
    chart: &Chart<'_>,
    area: &DrawingArea<DB, Shift>,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let points = || chart.series.iter().flat_map(|series| series.points.iter().copied());
    let mut builder = ChartBuilder::on(area);
    builder.margin(16).margin_right(32).x_label_area_size(48).y_label_area_size(84);
    if !chart.title.is_empty() {
        builder.caption(chart.title, (FONT, 20).into_font().color(&TEXT));
    }
    let mut context = builder.build_cartesian_2d(
        chart.x.fit(points().map(|point| point.0)),
        chart.y.fit(points().map(|point| point.1)),
    )?;
    context
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(TEXT)
        .label_style((FONT, 14).into_font().color(&TEXT))
        .axis_desc_style((FONT, 15).into_font().color(&TEXT))
        .x_desc(chart.x.label)
        .y_desc(chart.y.label)
        .x_label_formatter(&|value| (chart.x.format)(*value))
        .y_label_formatter(&|value| (chart.y.format)(*value))
        .draw()?;
    for (series, color) in chart.series.iter().zip(COLORS) {
        let style = color.stroke_width(2);
        context
            .draw_series(LineSeries::new(series.points.iter().copied(), style))?
            .label(series.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], style));
        if series.points.len() <= MARKED_POINTS {
            let marks = series.points.iter().map(|point| Circle::new(*point, 4, color.filled()));
            context.draw_series(marks)?;
        }
    }
    if chart.series.len() < 2 {
        return Ok(());
    }
    context
        .configure_series_labels()
        .position(chart.legend.clone())
        .background_style(WHITE)
        .border_style(GRID)
        .label_font((FONT, 15).into_font().color(&TEXT))
        .draw()
}

fn cannot<E: Display>(file: &Path) -> impl FnOnce(E) -> Failure {
    Failure::doing(format!("cannot draw {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_axis_has_ticks_at_powers_of_ten() {
        assert_eq!(log_ticks(&(0.9..120_000.0)), [1.0, 10.0, 100.0, 1e3, 1e4, 1e5]);
        assert_eq!(log_ticks(&(0.0008..0.03)), [0.001, 0.002, 0.005, 0.01, 0.02]);
    }

    #[test]
    fn axes_hold_all_values() {
        let values = [3.0, 40.0, 7.0];
        let log = Axis::log("x", |x| x.to_string()).fit(values.into_iter());
        assert!(values.iter().all(|value| log.range.contains(value)));
        assert!(log.range.start > 2.0 && log.range.end < 50.0, "{:?}", log.range);
        let linear = Axis::linear("x", |x| x.to_string()).fit(values.into_iter());
        assert_eq!(linear.range.start, 0.0);
        assert_eq!((log.map(&log.range.start, (100, 0)), log.map(&log.range.end, (100, 0))), (100, 0));
    }
}
