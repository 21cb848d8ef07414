//! Durations on the command line.

use std::time::Duration;

/// Parses `3s`, `1.5s`, `2m`, `500ms`, `1h 30m`, or plain seconds such as `90` and `1.5`. Units are
/// those of [`humantime::parse_duration`].
///
/// # Errors
///
/// A sentence about the duration, for the user: it cannot be parsed, is zero, or is longer than
/// `longest`.
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
    let text = text.trim();
    let is_plain_seconds = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let parsed = if is_plain_seconds {
        humantime::parse_duration(&format!("{text}s"))
    } else {
        humantime::parse_duration(text)
    };
    let Ok(duration) = parsed else {
        return Err("a duration is a number with a unit, such as 500ms, 1.5s or 2m, or plain seconds".into());
    };
    if duration.is_zero() {
        return Err("it must be longer than 0".into());
    }
    if duration > longest {
        return Err(format!("it may be at most {}", humantime::format_duration(longest)));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn units_fractions_and_plain_seconds_are_parsed() {
        for (text, millis) in [
            ("3s", 3_000),
            ("1.5s", 1_500),
            ("2m", 120_000),
            ("500ms", 500),
            ("1m 30s", 90_000),
            ("1m30s", 90_000),
            ("15", 15_000),
            ("1.5", 1_500),
            ("0.25", 250),
            (" 3s ", 3_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(parse_duration(text, HOUR), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_an_error_that_says_what_is_right() {
        for text in ["", "soon", "-1", "-1s", "1e3", "1,5s", "3 parsecs", ".", "1.2.3", "s", "\u{663}", "1 2"]
        {
            let error = parse_duration(text, HOUR).unwrap_err();
            assert!(error.contains("such as 500ms, 1.5s or 2m, or plain seconds"), "{text}: {error}");
        }
    }

    #[test]
    fn zero_and_too_long_ones_are_errors_that_name_the_bound() {
        for text in ["0", "0s", "0.0", "0ms"] {
            assert_eq!(parse_duration(text, HOUR), Err("it must be longer than 0".into()), "{text}");
        }
        for text in ["61m", "3600.001", "18446744073709551615s"] {
            assert_eq!(parse_duration(text, HOUR), Err("it may be at most 1h".into()), "{text}");
        }
    }
}
