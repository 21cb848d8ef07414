//! The figures of a comparison as a file, so that a later run can show them beside its own.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::figures::Figures;
use ld_workspace::Failure;

/// The figures of one run.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) machine: String,
    pub(super) rows: Vec<RecordRow>,
}

/// The medians of one row.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RecordRow {
    pub(super) measure: String,
    pub(super) label: String,
    #[serde(flatten)]
    pub(super) figures: Figures,
}

impl Record {
    /// Reads what [`Record::save`] wrote.
    pub(super) fn load(file: &Path) -> Result<Self, Failure> {
        let text = fs::read(file);
        let text = text.map_err(Failure::doing(format!("cannot read {}", file.display())))?;
        serde_json::from_slice(&text)
            .map_err(Failure::doing(format!("{} was not stored with --save", file.display())))
    }

    /// Writes the figures as JSON.
    pub(super) fn save(&self, file: &Path) -> Result<(), Failure> {
        let cannot = || format!("cannot write {}", file.display());
        let mut text = serde_json::to_string_pretty(self).map_err(Failure::doing(cannot()))?;
        text.push('\n');
        fs::write(file, text).map_err(Failure::doing(cannot()))
    }

    /// Our figure in one row. Labels repeat, but not within a measure.
    pub(super) fn ours(&self, measure: &str, label: &str) -> Option<f64> {
        let is_row = |row: &&RecordRow| row.measure == measure && row.label == label;
        self.rows.iter().find(is_row)?.figures.ours
    }
}

#[cfg(test)]
mod tests {
    use ld_testkit::TempDir;

    use super::*;

    #[test]
    fn a_stored_record_reads_back() {
        let figures = Figures { ours: Some(0.25), original: None, floor: Some(0.125) };
        let row = RecordRow { measure: "start-1".to_owned(), label: "start".to_owned(), figures };
        let record = Record { machine: "a machine".to_owned(), rows: vec![row] };
        let file = TempDir::new();
        let file = file.join("record.json");
        assert!(Record::load(&file).is_err(), "the file does not exist yet");
        record.save(&file).unwrap();
        let read = Record::load(&file).unwrap();
        assert_eq!(read, record);
        assert_eq!(read.ours("start-1", "start"), Some(0.25));
        assert_eq!(read.ours("start-10", "start"), None);
    }
}
