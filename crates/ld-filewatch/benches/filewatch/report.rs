//! The table that is printed at the end.

/// Measures with their floors and goals.
#[derive(Default)]
pub(crate) struct Report(Vec<[String; 4]>);

impl Report {
    /// A measure that is judged by itself.
    pub(crate) fn row(&mut self, measure: &str, value: f64, unit: &str, most: f64) {
        self.push(measure, format!("{value:.2} {unit}"), format!("at most {most} {unit}"), value <= most);
    }

    /// A measure that is judged by its ratio to a floor.
    pub(crate) fn ratio(&mut self, measure: &str, value: f64, floor: f64, unit: &str, most: f64) {
        let ratio = value / floor;
        let shown = format!("{value:.2} {unit} / floor {floor:.2} {unit} = {ratio:.2}x");
        self.push(measure, shown, format!("at most {most}x"), ratio <= most);
    }

    /// A figure without a goal.
    pub(crate) fn note(&mut self, measure: &str, value: String) {
        self.0.push([measure.to_owned(), value, "-".to_owned(), "-".to_owned()]);
    }

    fn push(&mut self, measure: &str, value: String, goal: String, met: bool) {
        self.0.push([measure.to_owned(), value, goal, if met { "met" } else { "MISSED" }.to_owned()]);
    }

    pub(crate) fn print(&self) {
        println!("\n| measure | value | goal | |\n|---|---|---|---|");
        for row in &self.0 {
            println!("| {} |", row.join(" | "));
        }
    }
}
