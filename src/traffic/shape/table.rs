//! Weights from a file.

use crate::params::{Invalid, Parameters, Visitor};
use crate::traffic::replay::{TraceError, quote};
use crate::units::grammar::Misread;
use std::path::Path;

/// A CSV file with a header and one weight on each row, in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightTable {
    /// The path of the file, of at most 1 MiB.
    pub file: String,
    /// The header's name of the column of weights.
    pub column: String,
}

impl Default for WeightTable {
    fn default() -> Self {
        WeightTable { file: String::new(), column: "weight".to_owned() }
    }
}

impl Parameters for WeightTable {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("file", &mut self.file);
        visitor.optional("column", &mut self.column);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.file.is_empty() {
            return Err(Invalid::new("file", "the path is empty", "write the path of a CSV file"));
        }
        Ok(())
    }
}

const MOST_BYTES: u64 = 1 << 20;

impl WeightTable {
    /// Reads the weights below `folder`, which `check` must like.
    pub(super) fn read(
        &self,
        folder: &Path,
        check: impl Fn(&[f64]) -> Result<(), Invalid>,
    ) -> Result<Vec<f64>, TraceError> {
        let path = folder.join(&self.file);
        let wrong = |line: Option<u64>, misread: Misread| TraceError::data(&path, line, Some(&self.column), misread);
        let about = std::fs::metadata(&path).map_err(|error| TraceError::open(&path, &error))?;
        if !about.is_file() || about.len() > MOST_BYTES {
            return Err(TraceError::io(&path, "this is not a file of at most 1 MiB", "write the path of a CSV file"));
        }
        let bytes = std::fs::read(&path).map_err(|error| TraceError::open(&path, &error))?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
        let header = reader.byte_headers().cloned().unwrap_or_default();
        let Some(column) = header.iter().position(|cell| cell == self.column.as_bytes()) else {
            let known: Vec<String> = header.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
            let help = format!("the header is {}; name a column by `column`", quote(known.join(",").as_bytes()));
            return Err(TraceError::data(&path, Some(1), None, Misread::new(self.no_column(), help)));
        };
        let mut weights = Vec::new();
        for record in reader.byte_records() {
            let Ok(record) = record else {
                return Err(wrong(None, Misread::new("this is no CSV", "write rows of fields with commas")));
            };
            let cell = record.get(column).unwrap_or_default();
            let weight = std::str::from_utf8(cell).ok().and_then(|text| text.parse::<f64>().ok());
            let Some(weight) = weight.filter(|weight| weight.is_finite()) else {
                let line = record.position().map(csv::Position::line);
                let message = format!("{} is not a number", quote(cell));
                return Err(wrong(line, Misread::new(message, "write a plain number, as in `1.5`")));
            };
            weights.push(weight);
        }
        check(&weights).map_err(|invalid| wrong(None, Misread::new(invalid.message, invalid.help)))?;
        Ok(weights)
    }

    fn no_column(&self) -> String {
        format!("there is no column {}", quote(self.column.as_bytes()))
    }
}
