//! Made-up requests as a log, row by row.

use crate::units::{Civil, SimTime, Tokens};
use jiff::Timestamp;
use serde::Serialize;
use std::io::{self, Write};

/// The columns.
pub const COLUMNS: [&str; 4] = ["timestamp", "source", "input_tokens", "output_tokens"];

/// How the rows are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// A header with [`COLUMNS`], then a row for each request.
    Csv,
    /// One JSON object on each line, with [`COLUMNS`] as keys.
    Jsonl,
}

#[derive(Serialize)]
struct Row<'a> {
    timestamp: &'a str,
    source: &'a str,
    input_tokens: u32,
    output_tokens: u32,
}

/// Writes the requests of a scenario that starts at a civil instant.
pub struct RowWriter<W> {
    out: W,
    format: RowFormat,
    start: u64, // ns since 1970
    first: Option<SimTime>,
}

impl<W: Write> RowWriter<W> {
    /// Begins a log of a scenario that starts at `start`.
    pub fn new(mut out: W, format: RowFormat, start: &Civil) -> io::Result<Self> {
        if format == RowFormat::Csv {
            writeln!(out, "{}", COLUMNS.join(","))?;
        }
        Ok(RowWriter { out, format, start: start.epoch_nanos(), first: None })
    }

    /// Writes a request of `source` that arrives at `at`, as UTC with nanoseconds.
    pub fn row(&mut self, at: SimTime, source: &str, input: Tokens, output: Tokens) -> io::Result<()> {
        self.first.get_or_insert(at);
        let instant = Timestamp::from_nanosecond(i128::from(self.start) + i128::from(at.as_nanos()));
        let timestamp = format!("{:.9}", instant.map_err(io::Error::other)?);
        match self.format {
            RowFormat::Csv => {
                writeln!(self.out, "{timestamp},{},{},{}", field(source), input.get(), output.get())
            }
            RowFormat::Jsonl => {
                let (input_tokens, output_tokens) = (input.get(), output.get());
                serde_json::to_writer(
                    &mut self.out,
                    &Row { timestamp: &timestamp, source, input_tokens, output_tokens },
                )?;
                self.out.write_all(b"\n")
            }
        }
    }

    /// Passes on what is still held back, and says when the first request arrived.
    pub fn finish(mut self) -> io::Result<Option<SimTime>> {
        self.out.flush()?;
        Ok(self.first)
    }
}

/// `text` as a field of a CSV file (RFC 4180).
fn field(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: RowFormat, source: &str) -> String {
        let mut out = Vec::new();
        let start = Civil::parse("2025-03-09T01:59:59[America/New_York]").unwrap();
        let mut writer = RowWriter::new(&mut out, format, &start).unwrap();
        writer.row(SimTime::from_nanos(1_000_000_001), source, Tokens::new(7), Tokens::new(0)).unwrap();
        assert_eq!(writer.finish().unwrap(), Some(SimTime::from_nanos(1_000_000_001)));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn stamps_keep_their_nanoseconds() {
        let csv = "timestamp,source,input_tokens,output_tokens\n2025-03-09T07:00:00.000000001Z,chat,7,0\n";
        assert_eq!(written(RowFormat::Csv, "chat"), csv);
        let jsonl = "{\"timestamp\":\"2025-03-09T07:00:00.000000001Z\",\"source\":\"a \\\"b\\\"\",\
                     \"input_tokens\":7,\"output_tokens\":0}\n";
        assert_eq!(written(RowFormat::Jsonl, "a \"b\""), jsonl);
        assert!(written(RowFormat::Csv, "a,\"b\"").contains(",\"a,\"\"b\"\"\",7,0\n"));
    }
}
