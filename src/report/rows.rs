//! Made-up requests as a log, row by row.

use crate::protocol::Request;
use crate::units::{Civil, SimTime};
use jiff::Timestamp;
use serde::Serialize;
use std::io::{self, Write};

/// The columns, before that of the client.
pub const COLUMNS: [&str; 5] = ["timestamp", "source", "input_tokens", "cached_tokens", "output_tokens"];

/// The column of the client's number, in logs of scenarios in which there is more than one.
pub const CLIENT: &str = "client";

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
    cached_tokens: u32,
    output_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<u32>,
}

/// Writes the requests of a scenario that starts at a civil instant.
pub struct RowWriter<W> {
    out: W,
    format: RowFormat,
    start: u64, // ns since 1970
    has_clients: bool,
    first: Option<SimTime>,
}

impl<W: Write> RowWriter<W> {
    /// Begins a log of a scenario that starts at `start`, with the client of each request if it `has_clients`.
    pub fn new(mut out: W, format: RowFormat, start: &Civil, has_clients: bool) -> io::Result<Self> {
        if format == RowFormat::Csv {
            let columns = COLUMNS.iter().chain(has_clients.then_some(&CLIENT));
            writeln!(out, "{}", columns.copied().collect::<Vec<_>>().join(","))?;
        }
        Ok(RowWriter { out, format, start: start.epoch_nanos(), has_clients, first: None })
    }

    /// Writes a request of `source`, its arrival as UTC with nanoseconds.
    pub fn row(&mut self, source: &str, request: &Request) -> io::Result<()> {
        self.first.get_or_insert(request.arrived);
        let instant = Timestamp::from_nanosecond(i128::from(self.start) + i128::from(request.arrived.as_nanos()));
        let timestamp = format!("{:.9}", instant.map_err(io::Error::other)?);
        let [input_tokens, cached_tokens, output_tokens] =
            [request.input, request.cached, request.output].map(|tokens| tokens.get());
        let client = self.has_clients.then_some(request.client);
        match self.format {
            RowFormat::Csv => {
                let source = field(source);
                write!(self.out, "{timestamp},{source},{input_tokens},{cached_tokens},{output_tokens}")?;
                client.map_or(Ok(()), |client| write!(self.out, ",{client}"))?;
                writeln!(self.out)
            }
            RowFormat::Jsonl => {
                let row = Row { timestamp: &timestamp, source, input_tokens, cached_tokens, output_tokens, client };
                serde_json::to_writer(&mut self.out, &row)?;
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
    use crate::units::Tokens;

    fn written(format: RowFormat, source: &str) -> String {
        with_clients(format, source, false)
    }

    fn with_clients(format: RowFormat, source: &str, has_clients: bool) -> String {
        let mut out = Vec::new();
        let start = Civil::parse("2025-03-09T01:59:59[America/New_York]").unwrap();
        let mut writer = RowWriter::new(&mut out, format, &start, has_clients).unwrap();
        let (arrived, [input, cached]) = (SimTime::from_nanos(1_000_000_001), [7, 3].map(Tokens::new));
        writer.row(source, &Request { arrived, input, cached, client: 9, ..Request::default() }).unwrap();
        assert_eq!(writer.finish().unwrap(), Some(SimTime::from_nanos(1_000_000_001)));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn stamps_keep_their_nanoseconds() {
        let csv = "timestamp,source,input_tokens,cached_tokens,output_tokens\n\
                   2025-03-09T07:00:00.000000001Z,chat,7,3,0\n";
        assert_eq!(written(RowFormat::Csv, "chat"), csv);
        let jsonl = "{\"timestamp\":\"2025-03-09T07:00:00.000000001Z\",\"source\":\"a \\\"b\\\"\",\
                     \"input_tokens\":7,\"cached_tokens\":3,\"output_tokens\":0}\n";
        assert_eq!(written(RowFormat::Jsonl, "a \"b\""), jsonl);
        assert!(
            with_clients(RowFormat::Csv, "chat", true)
                .ends_with("tokens,client\n2025-03-09T07:00:00.000000001Z,chat,7,3,0,9\n")
        );
        assert!(with_clients(RowFormat::Jsonl, "chat", true).ends_with(",\"output_tokens\":0,\"client\":9}\n"));
        assert!(written(RowFormat::Csv, "a,\"b\"").contains(",\"a,\"\"b\"\"\",7,3,0\n"));
    }
}
