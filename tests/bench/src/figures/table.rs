//! Markdown tables that are also readable in a terminal.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use ld_workspace::Failure;

/// Prints a report, and writes it to `file` if one is given.
pub(crate) fn publish(report: &impl fmt::Display, file: Option<&Path>) -> Result<(), Failure> {
    print!("\n{report}");
    let Some(file) = file else { return Ok(()) };
    fs::write(file, report.to_string()).map_err(Failure::doing(format!("cannot write {}", file.display())))
}

/// A Markdown table with aligned columns. The first line is the header.
pub(crate) fn table<Line: AsRef<[String]>>(lines: &[Line]) -> String {
    let columns = lines.first().map_or(0, |line| line.as_ref().len());
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.as_ref().get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default().max(3)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (cell, width) in line.as_ref().iter().zip(&widths) {
            // Writing to a String cannot fail.
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            widths.iter().for_each(|width| {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            });
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let lines = [["a".to_owned(), "bbbb".to_owned()], ["cccc".to_owned(), "µ".to_owned()]];
        assert_eq!(table(&lines), "| a    | bbbb |\n|------|------|\n| cccc | µ    |\n");
    }
}
