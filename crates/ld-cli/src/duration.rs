//! Durations on the command line.

use std::time::Duration;

/// The shortest duration that an option takes.
const SHORTEST: Duration = Duration::from_millis(1);

/// Parses the value of an option, by [`ld_config::parse_duration`]: `3s`, `1.5s`, `2m`, `500ms`,
/// `5 seconds`, or plain seconds.
///
/// # Errors
///
/// A sentence about the duration, for the user: it cannot be parsed, is shorter than a millisecond,
/// or is longer than `longest`.
///
/// ```
/// use std::time::Duration;
///
/// let day = Duration::from_secs(86_400);
/// assert_eq!(ld_cli::parse_duration("1.5s", day), Ok(Duration::from_millis(1_500)));
/// assert_eq!(ld_cli::parse_duration("90", day), Ok(Duration::from_secs(90)));
/// assert!(ld_cli::parse_duration("2 days", day).is_err());
/// ```
pub fn parse_duration(text: &str, longest: Duration) -> Result<Duration, String> {
    ld_config::parse_duration(text, SHORTEST..=longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_too_long_ones_are_errors_that_name_the_bounds() {
        for text in ["0", "0s", "0.0", "0ms", "61m", "3600.001", "18446744073709551615s"] {
            let error = parse_duration(text, Duration::from_secs(3_600)).unwrap_err();
            assert!(error.ends_with("is out of range (allowed: 1 millisecond to 1 hour)"), "{text}: {error}");
        }
    }
}
