//! What goes to standard output, and numbers as a reader expects them.

use std::io::{IsTerminal, Write};

use ld_publish::Diff;
use tracing::info;

/// Prints the change; content that is no text is only mentioned. Blocks while standard output does.
pub(crate) fn show(diff: &Diff) {
    match diff {
        Diff::Unified(text) | Diff::Summary(text) => {
            // A closed pipe must not keep the write from happening.
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
        _ => info!("Skipping diff, data appears to be binary."),
    }
}

/// Colour goes to a terminal, unless the user asks for none (<https://no-color.org>).
pub(crate) fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The number with a comma between thousands: `1,204`.
pub(crate) fn with_commas(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        for (number, text) in [(0, "0"), (999, "999"), (1_204, "1,204"), (1_000_000, "1,000,000")] {
            assert_eq!(with_commas(number), text);
        }
    }
}
