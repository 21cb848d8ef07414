//! How figures are printed.

/// The unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Bytes,
    Count,
    /// A ratio.
    Times,
}

impl Unit {
    /// The figure with its unit and three significant digits.
    pub(crate) fn show(self, figure: f64) -> String {
        match self {
            Self::Seconds if figure.abs() < 1e-3 => format!("{:.0} µs", figure * 1e6),
            Self::Seconds if figure.abs() < 1.0 => format!("{} ms", digits(figure * 1e3)),
            Self::Seconds => format!("{} s", digits(figure)),
            Self::Bytes => format!("{} MiB", digits(figure / f64::from(1 << 20))),
            Self::Count => format!("{figure:.0}"),
            Self::Times => format!("{}×", digits(figure)),
        }
    }
}

/// Three significant digits, at most two of them after the decimal point.
fn digits(figure: f64) -> String {
    let decimals = match figure.abs() {
        0.0..9.995 => 2,
        9.995..99.95 => 1,
        _ => 0,
    };
    format!("{figure:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_and_a_fitting_unit() {
        assert_eq!(Unit::Seconds.show(0.000_594), "594 µs");
        assert_eq!(Unit::Seconds.show(0.030), "30.0 ms");
        assert_eq!(Unit::Seconds.show(12.42), "12.4 s");
        assert_eq!(Unit::Bytes.show(8.0 * 1024.0 * 1024.0), "8.00 MiB");
        assert_eq!(Unit::Bytes.show(120.0 * 1024.0 * 1024.0), "120 MiB");
        assert_eq!(Unit::Count.show(20_010.0), "20010");
        assert_eq!(Unit::Times.show(1.254), "1.25×");
    }
}
