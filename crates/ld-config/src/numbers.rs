//! Numbers as a reader expects them.

/// The number with a comma between thousands.
///
/// ```
/// assert_eq!(ld_config::with_commas(1_204), "1,204");
/// ```
pub fn with_commas(number: u64) -> String {
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

/// A count with its noun: `1 byte`, `1,204 bytes`.
///
/// ```
/// assert_eq!(ld_config::counted(2, "node"), "2 nodes");
/// ```
pub fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", with_commas(count), if count == 1 { "" } else { "s" })
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

    #[test]
    fn one_node_is_no_nodes() {
        assert_eq!([0, 1, 1_000].map(|count| counted(count, "node")), ["0 nodes", "1 node", "1,000 nodes"]);
    }
}
