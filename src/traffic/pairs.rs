//! Sizes of requests as they were seen: rows of a table, each with its input and output together.

use super::replay::{TraceError, quote};
use super::sizing::Size;
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::Tokens;
use crate::units::grammar::Misread;
use std::path::Path;
use std::sync::Arc;

/// A CSV file with a header, of whose rows each is as likely as another.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    /// The path of the file; at most 4 million rows.
    pub file: String,
    /// The header's name of the column of input tokens.
    pub input_column: String,
    /// The header's name of the column of output tokens.
    pub output_column: String,
    /// The header's name of the column of cached input tokens, part of the input tokens; without it `cached-input` counts.
    pub cached_column: Option<String>,
}

impl Default for Pairs {
    fn default() -> Self {
        Pairs {
            file: String::new(),
            input_column: "input_tokens".to_owned(),
            output_column: "output_tokens".to_owned(),
            cached_column: None,
        }
    }
}

impl Parameters for Pairs {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("file", &mut self.file);
        visitor.optional("input-column", &mut self.input_column);
        visitor.optional("output-column", &mut self.output_column);
        visitor.optional("cached-column", &mut self.cached_column);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.file.is_empty() {
            return Err(Invalid::new("file", "the path is empty", "write the path of a CSV file"));
        }
        let columns = [Some(&self.input_column), Some(&self.output_column), self.cached_column.as_ref()];
        let repeats = |at: usize| columns[at].is_some() && columns[..at].contains(&columns[at]);
        for (at, key) in [(1, "output-column"), (2, "cached-column")] {
            if repeats(at) {
                let message = format!("`{}` is named for another column already", columns[at].map_or("", |name| name));
                return Err(Invalid::new(key, message, "name the column of these counts as in the header of the file"));
            }
        }
        Ok(())
    }
}

/// The largest table that is read, which bounds the longest line too: 256 MiB.
const MOST_BYTES: u64 = 256 << 20;
/// The most rows of a table, which take 12 bytes each.
const MOST_ROWS: usize = 4_000_000;

/// The rows, shared by all who draw from them.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Arc<[Size]>,
    has_cached: bool,
}

impl Table {
    /// Reads the table at `path`; `pairs.file` is not looked at.
    ///
    /// # Errors
    /// If the file cannot be read, lacks a column, has no row or too many, or a cell is no count.
    pub fn read(path: &Path, pairs: &Pairs) -> Result<Self, TraceError> {
        let file = std::fs::File::open(path).map_err(|error| TraceError::open(path, &error))?;
        let about = file.metadata().map_err(|error| TraceError::open(path, &error))?;
        if !about.is_file() {
            return Err(TraceError::io(path, "this is not a file", "write the path of a CSV file"));
        }
        let bytes = about.len();
        if bytes > MOST_BYTES {
            let message = format!("a table of {bytes} bytes is larger than {MOST_BYTES}");
            return Err(TraceError::data(path, None, None, Misread::new(message, "keep a sample of the rows")));
        }
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(std::io::BufReader::new(file));
        let header = reader.byte_headers().map_err(|error| wrong(path, &error))?.clone();
        let find = |name: &str| {
            let name = name.as_bytes();
            header.iter().position(|cell| cell.strip_prefix(b"\xef\xbb\xbf").unwrap_or(cell) == name)
        };
        let column = |name: &str| {
            find(name).ok_or_else(|| {
                let known: Vec<_> = header.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
                let known = quote(known.join(",").as_bytes());
                let message = format!("there is no column {}", quote(name.as_bytes()));
                let help = format!("the header is {known}; name columns by `input-column` and `output-column`");
                TraceError::data(path, Some(1), None, Misread::new(message, help))
            })
        };
        let input = (column(&pairs.input_column)?, pairs.input_column.as_str());
        let output = (column(&pairs.output_column)?, pairs.output_column.as_str());
        let cached = match &pairs.cached_column {
            Some(name) => Some((column(name)?, name.as_str())),
            None => None,
        };
        let mut rows = Vec::new();
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(|error| wrong(path, &error))? {
            let line = record.position().map_or(0, csv::Position::line);
            if rows.len() == MOST_ROWS {
                let message = format!("there are more than {MOST_ROWS} rows");
                return Err(TraceError::data(
                    path,
                    Some(line),
                    None,
                    Misread::new(message, "keep a sample of the rows"),
                ));
            }
            rows.push(size(path, line, &record, input, output, cached)?);
        }
        if rows.is_empty() {
            let misread = Misread::new("there is no row with sizes", "write at least one row below the header");
            return Err(TraceError::data(path, None, None, misread));
        }
        Ok(Table { rows: rows.into(), has_cached: cached.is_some() })
    }

    /// One row, each as likely as another.
    pub fn draw(&self, stream: &mut Stream) -> Size {
        self.rows[stream.index(self.rows.len() as u64) as usize]
    }

    /// Whether the rows say what is cached.
    pub fn has_cached(&self) -> bool {
        self.has_cached
    }

    /// The largest input and the largest output.
    pub fn largest(&self) -> (Tokens, Tokens) {
        let largest = |of: fn(&Size) -> Tokens| self.rows.iter().map(of).max().unwrap_or_default();
        (largest(|size| size.input), largest(|size| size.output))
    }
}

type Column<'c> = (usize, &'c str);

fn size(
    path: &Path,
    line: u64,
    record: &csv::ByteRecord,
    input: Column,
    output: Column,
    cached: Option<Column>,
) -> Result<Size, TraceError> {
    let count = |(at, name): Column| {
        let cell = record.get(at).unwrap_or_default();
        let number = std::str::from_utf8(cell).ok().and_then(|text| text.parse::<u32>().ok());
        number.map(Tokens::new).ok_or_else(|| {
            let message = format!("{} is not a token count", quote(cell));
            let help = "write a whole number from 0 to 4294967295, or leave the row out";
            TraceError::data(path, Some(line), Some(name), Misread::new(message, help))
        })
    };
    let (input, output) = (count(input)?, count(output)?);
    let Some(column) = cached else { return Ok(Size { input, output, cached: Tokens::default() }) };
    let cached = count(column)?;
    if cached > input {
        let message = format!("{cached} cached tokens are more than the {input} of the whole input");
        let help = "count cached tokens among the input tokens";
        return Err(TraceError::data(path, Some(line), Some(column.1), Misread::new(message, help)));
    }
    Ok(Size { input, output, cached })
}

fn wrong(path: &Path, error: &csv::Error) -> TraceError {
    let line = error.position().map(csv::Position::line);
    match error.kind() {
        csv::ErrorKind::Io(error) => TraceError::read(path, line.unwrap_or(1), error),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let noun = if *len == 1 { "field" } else { "fields" };
            let message = format!("found {len} {noun} instead of {expected_len}");
            TraceError::data(path, line, None, Misread::new(message, "complete the row or delete it"))
        }
        _ => TraceError::data(path, line, None, Misread::new("this is no CSV", "write rows of fields with commas")),
    }
}
