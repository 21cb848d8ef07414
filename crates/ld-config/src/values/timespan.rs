//! Durations: `5 seconds` as baseplate.py's `config.Timespan` reads it, and shorter spellings.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::quote::Text;

/// The units with their milliseconds. The original knows the long names, with or without an s.
const UNITS: [(&str, &str, u64); 5] = [
    ("millisecond", "ms", 1),
    ("second", "s", 1_000),
    ("minute", "m", 60_000),
    ("hour", "h", 3_600_000),
    ("day", "d", 86_400_000),
];

/// Plain numbers count these.
const SECOND: u64 = 1_000;

/// Digits after the decimal point that are read; a longer fraction is an error.
const FRACTION_DIGITS: u32 = 9;

/// Why a text is no duration.
enum Failure<'a> {
    Form,
    Unit(&'a str),
    Range,
}

/// Parses a duration: `5 seconds`, `1.5s`, `2m`, `500ms`, `1h 30m`, or plain seconds such as `90`
/// and `1.5`. It is read in whole milliseconds; what is finer is dropped.
///
/// Units are millisecond, second, minute, hour and day, with or without an s, and `ms`, `s`, `m`,
/// `h` and `d`. The settings of a configuration file and the options of the programs are read by
/// this function.
///
/// # Errors
///
/// A sentence for the user: it is no duration, or it is not `allowed`.
///
/// ```
/// use std::time::Duration;
///
/// let minute = Duration::from_secs(1)..=Duration::from_secs(60);
/// assert_eq!(ld_config::parse_duration("1.5s", minute.clone()), Ok(Duration::from_millis(1_500)));
/// assert_eq!(ld_config::parse_duration("5 seconds", minute.clone()), Ok(Duration::from_secs(5)));
/// assert_eq!(
///     ld_config::parse_duration("2m", minute).unwrap_err(),
///     "'2m' is out of range (allowed: 1 second to 1 minute)"
/// );
/// ```
pub fn parse_duration(text: &str, allowed: RangeInclusive<Duration>) -> Result<Duration, String> {
    parse(Text::literal(text), allowed)
}

/// Reads a span and checks that it is `allowed`.
pub(crate) fn parse(value: Text<'_>, allowed: RangeInclusive<Duration>) -> Result<Duration, String> {
    match read(value.as_str().trim()) {
        Ok(span) if allowed.contains(&span) => Ok(span),
        Ok(_) | Err(Failure::Range) => Err(out_of_range(value, &allowed)),
        Err(Failure::Form) => Err(format!(
            "invalid specification: {value} is not a duration, such as '5 seconds', 1.5s, 2m or plain seconds"
        )),
        Err(Failure::Unit(unit)) => Err(format!(
            "unknown unit {} (allowed: milliseconds, seconds, minutes, hours, days, or ms, s, m, h, d)",
            value.piece(unit)
        )),
    }
}

fn read(text: &str) -> Result<Duration, Failure<'_>> {
    if let Some(positive) = text.strip_prefix('-') {
        return read(positive).and(Err(Failure::Range));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut milliseconds = 0_u128;
    loop {
        let (number, after) = split_where(rest, |c| !c.is_ascii_digit() && c != '.');
        let (unit, after) = split_where(after.trim_start(), |c| c.is_ascii_digit() || c.is_whitespace());
        let is_whole = number.len() + unit.len() == text.len();
        let scale = if unit.is_empty() && is_whole { SECOND } else { scale_of(number, unit)? };
        milliseconds = milliseconds.checked_add(scaled(number, scale)?).ok_or(Failure::Range)?;
        rest = after.trim_start();
        if rest.is_empty() {
            return u64::try_from(milliseconds).map(Duration::from_millis).map_err(|_| Failure::Range);
        }
    }
}

fn split_where(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

/// The milliseconds of a unit.
fn scale_of<'a>(number: &str, unit: &'a str) -> Result<u64, Failure<'a>> {
    // All trailing letters s, as in the original: '5 secondss' is 5 seconds there.
    let singular = unit.trim_end_matches('s');
    let known = UNITS.iter().find(|(long, short, _)| *short == unit || *long == singular);
    match known {
        Some((_, _, scale)) => Ok(*scale),
        None if number.is_empty() || unit.is_empty() => Err(Failure::Form),
        None => Err(Failure::Unit(unit)),
    }
}

/// `number` units of `scale` milliseconds.
fn scaled(number: &str, scale: u64) -> Result<u128, Failure<'static>> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    if !is_digits(whole) || !is_digits(fraction) || digits > FRACTION_DIGITS {
        return Err(Failure::Form);
    }
    let whole = whole.parse::<u128>().map_err(|_| Failure::Range)?;
    let fraction = fraction.parse::<u128>().map_err(|_| Failure::Range)?;
    let whole = whole.checked_mul(u128::from(scale)).ok_or(Failure::Range)?;
    Ok(whole.saturating_add(fraction * u128::from(scale) / 10_u128.pow(digits)))
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
    let (unit, _, scale) = UNITS
        .into_iter()
        .rev()
        .find(|(_, _, scale)| milliseconds > 0 && milliseconds.is_multiple_of(u128::from(*scale)))
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
    fn short_units_fractions_and_plain_seconds_are_read() {
        for (text, milliseconds) in [
            ("5s", 5_000),
            ("1.5s", 1_500),
            ("1.5 seconds", 1_500),
            ("2m", 120_000),
            ("500ms", 500),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("1m 30s", 90_000),
            ("1m30s", 90_000),
            ("15", 15_000),
            ("1.5", 1_500),
            ("0.25", 250),
            ("0.0015", 1),
            (" 3s ", 3_000),
        ] {
            assert_eq!(parse(Text::literal(text), ANY), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn a_wrong_span_says_what_is_allowed() {
        const NEITHER: &str = "is not a duration, such as '5 seconds', 1.5s, 2m or plain seconds";
        for (text, message) in [
            ("soon", NEITHER),
            ("", NEITHER),
            ("5 seconds ago", NEITHER),
            ("seconds", NEITHER),
            ("1 2", NEITHER),
            ("1 2s", NEITHER),
            ("1m 30", NEITHER),
            (".", NEITHER),
            ("1.2.3", NEITHER),
            ("1.", NEITHER),
            ("- -1s", NEITHER),
            ("\u{663}", NEITHER),
            ("0.1234567891s", NEITHER),
            ("5 weeks", "unknown unit 'weeks' (allowed: milliseconds, seconds, minutes, hours, days, or ms"),
            ("5 Seconds", "unknown unit 'Seconds'"),
            ("1e3", "unknown unit 'e'"),
            ("1,5s", "unknown unit ','"),
            ("3M", "unknown unit 'M'"),
            ("-1 seconds", "'-1 seconds' is out of range (allowed: 0 milliseconds to "),
            ("-1s", "'-1s' is out of range"),
            ("99999999999999999999999999999999 days", "is out of range"),
            ("999999999999999999999999999999999999999999999s", "is out of range"),
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
