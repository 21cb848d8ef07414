//! The argument that is a percentage.

/// A share of all, given as a percentage: `99.5%`. It is above 0 and at most 1.
///
/// ```
/// let share: ld_cli::Share = "99.5%".parse().unwrap();
/// assert_eq!((share.fraction(), share.to_string()), (0.995, "99.5%".to_owned()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(f64);

impl Share {
    /// The share as a part of 1.
    pub fn fraction(self) -> f64 {
        self.0
    }
}

impl std::str::FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').ok_or("it is a percentage, such as 99%")?;
        match number.parse::<f64>() {
            Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(Self(percent / 100.0)),
            _ => Err("it is a percentage above 0% and up to 100%".to_owned()),
        }
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The division leaves a trace in the last digits.
        write!(f, "{}%", (self.0 * 1e8).round() / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage() {
        for (text, shown) in [("99%", "99%"), ("99.5%", "99.5%"), ("100%", "100%"), ("0.1%", "0.1%")] {
            assert_eq!(text.parse::<Share>().unwrap().to_string(), shown);
        }
        for text in ["99", "0%", "101%", "-1%", "%", "nan%", "inf%"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
