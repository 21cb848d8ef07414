//! Decimal integers within bounds.

use std::ops::RangeInclusive;

use crate::quote::Text;

/// Reads a number and checks that it is `allowed`.
pub(crate) fn parse(value: Text<'_>, allowed: RangeInclusive<usize>) -> Result<usize, String> {
    let number = value.as_str().parse().ok().filter(|number| allowed.contains(number));
    number.ok_or_else(|| out_of_range(value, &allowed))
}

/// Checks a number made by hand.
pub(crate) fn check(number: usize, allowed: RangeInclusive<usize>) -> Result<(), String> {
    if allowed.contains(&number) {
        return Ok(());
    }
    Err(out_of_range(Text::literal(&number.to_string()), &allowed))
}

fn out_of_range(value: Text<'_>, allowed: &RangeInclusive<usize>) -> String {
    format!("{value} is not an integer in the range (allowed: {} to {})", allowed.start(), allowed.end())
}
