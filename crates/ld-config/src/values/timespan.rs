//! Spans of time: `<integer> <unit>`, as baseplate.py's `config.Timespan` reads them.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::quote::Text;

const UNITS: [(&str, u64); 5] =
    [("millisecond", 1), ("second", 1_000), ("minute", 60_000), ("hour", 3_600_000), ("day", 86_400_000)];

/// Reads a span and checks that it is `allowed`.
pub(crate) fn parse(value: Text<'_>, allowed: RangeInclusive<Duration>) -> Result<Duration, String> {
    let mut words = value.as_str().split_whitespace();
    let (Some(count), Some(unit), None) = (words.next(), words.next(), words.next()) else {
        return Err(format!("invalid specification: {value} is not '<integer> <unit>', such as '5 seconds'"));
    };
    let milliseconds = count
        .parse::<i128>()
        .map_err(|_| format!("{} is not an integer in {value}, such as '5 seconds'", value.piece(count)))?;
    // All trailing letters s, as in the original: '5 secondss' is 5 seconds there.
    let singular = unit.trim_end_matches('s');
    let Some((_, scale)) = UNITS.iter().find(|(name, _)| *name == singular) else {
        return Err(format!(
            "unknown unit {} (allowed: milliseconds, seconds, minutes, hours, days)",
            value.piece(unit)
        ));
    };
    let span = milliseconds
        .checked_mul(i128::from(*scale))
        .and_then(|milliseconds| u64::try_from(milliseconds).ok())
        .map(Duration::from_millis);
    span.filter(|span| allowed.contains(span)).ok_or_else(|| out_of_range(value, &allowed))
}

/// Checks a span made by hand.
pub(crate) fn check(span: Duration, allowed: RangeInclusive<Duration>) -> Result<(), String> {
    if allowed.contains(&span) {
        return Ok(());
    }
    Err(out_of_range(Text::literal(&show(span)), &allowed))
}

fn out_of_range(value: Text<'_>, allowed: &RangeInclusive<Duration>) -> String {
    let (least, most) = (show(*allowed.start()), show(*allowed.end()));
    format!("{value} is out of range (allowed: {least} to {most})")
}

/// A span in the largest unit that holds it exactly; less than a millisecond is dropped.
pub(crate) fn show(span: Duration) -> String {
    let milliseconds = span.as_millis();
    let (unit, scale) = UNITS
        .into_iter()
        .rev()
        .find(|(_, scale)| milliseconds > 0 && milliseconds.is_multiple_of(u128::from(*scale)))
        .unwrap_or(UNITS[0]);
    let count = milliseconds / u128::from(scale);
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::INTERVAL;

    const ANY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(1 << 40);

    #[test]
    fn spans_read_as_in_the_original() {
        for (text, milliseconds) in [
            ("5 seconds", 5_000),
            ("1 second", 1_000),
            ("0 seconds", 0),
            ("250 milliseconds", 250),
            ("1 millisecond", 1),
            ("2 minutes", 120_000),
            ("3 hours", 10_800_000),
            ("1 day", 86_400_000),
            ("  7 \t seconds ", 7_000),
            ("+5 seconds", 5_000),
            ("5 secondss", 5_000),
        ] {
            assert_eq!(parse(Text::literal(text), ANY), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn a_wrong_span_says_what_is_allowed() {
        for (text, message) in [
            ("5", "invalid specification: '5' is not '<integer> <unit>', such as '5 seconds'"),
            ("5 seconds ago", "invalid specification: '5 seconds ago' is not"),
            ("5s", "invalid specification: '5s' is not"),
            ("5 weeks", "unknown unit 'weeks' (allowed: milliseconds, seconds, minutes, hours, days)"),
            ("5 Seconds", "unknown unit 'Seconds'"),
            ("1.5 seconds", "'1.5' is not an integer in '1.5 seconds'"),
            ("-1 seconds", "'-1 seconds' is out of range (allowed: 0 milliseconds to "),
            ("99999999999999999999999999999999 days", "is out of range"),
        ] {
            let error = parse(Text::literal(text), ANY).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn a_shown_span_reads_back() {
        for milliseconds in [0, 1, 999, 1_000, 1_500, 60_000, 90_000, 3_600_000, 86_400_000, 172_800_001] {
            let span = Duration::from_millis(milliseconds);
            assert_eq!(parse(Text::literal(&show(span)), ANY), Ok(span));
        }
        assert_eq!(show(Duration::from_secs(300)), "5 minutes");
    }

    #[test]
    fn spans_made_by_hand_are_checked() {
        for span in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let error = check(span, INTERVAL).unwrap_err();
            assert!(error.ends_with(" is out of range (allowed: 10 milliseconds to 365 days)"), "{error}");
        }
        assert_eq!(check(Duration::from_millis(10), INTERVAL), Ok(()));
    }
}
