//! The records of a CSV file through buffers of a fixed size.
//!
//! Most records are whole in the buffer of the file: their fields are found there and stay there, and only doubled quotes
//! are undone, in place. A record that the buffer cuts in two is unquoted into a text that grows with the longest of them,
//! prompts included; a file that never ends a line or never closes a quote is refused when its record outgrows the bound.

use super::error::nul_byte;
use super::quotes::{closing_quote, undouble};
use super::source::Bytes;
use crate::units::grammar::Misread;
use csv_core::ReadRecordResult;
use std::io::{self, Read};

/// The most bytes in the fields of one record.
const RECORD_BYTES: usize = 16 << 20;
/// The most fields in one record.
const RECORD_FIELDS: usize = 64;

const BUFFER_BYTES: usize = 64 * 1024;

/// Why there is no next record.
pub(super) enum Stop {
    /// The file cannot be read.
    Io(io::Error),
    /// The record is wrong.
    Data(Misread),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Io(error)
    }
}

/// A file of records, read from the front to the end.
pub(super) struct Records {
    file: Bytes,
    parser: csv_core::Reader,
    delimiter: u8,
    /// What was read of the file; `buffer[from..to]` is still to come.
    buffer: Box<[u8]>,
    from: usize,
    to: usize,
    /// Bytes of the file in front of the buffer.
    passed: u64,
    /// The line of the next byte, from 1.
    line: u64,
    /// The fields of the current record, one after the other, unquoted; at most [`RECORD_BYTES`].
    text: Vec<u8>,
    /// Where each field ends in `text`. One more than allowed, so that the end of the last one has room.
    ends: Box<[usize; RECORD_FIELDS + 1]>,
    /// Where each field of the current record begins and ends, in `text` or behind `from` in `buffer`.
    spans: Box<[(usize, usize); RECORD_FIELDS]>,
}

/// The fields of one record.
#[derive(Clone, Copy)]
pub(super) struct Record<'r> {
    text: &'r [u8],
    spans: &'r [(usize, usize)],
    /// Whether a quoted field holds a line end.
    pub(super) spans_lines: bool,
}

/// A record that is whole in the buffer.
struct Found {
    /// Its length without the line end.
    bytes: usize,
    fields: usize,
    /// The fields with doubled quotes in them, the first in the lowest bit.
    doubled: u64,
    /// Line ends in quotes.
    lines: u64,
}

impl<'r> Record<'r> {
    /// How many fields there are, at least one.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The field at `index`, empty past the last one.
    #[inline]
    pub(super) fn field(&self, index: usize) -> &'r [u8] {
        self.spans.get(index).map_or(&[], |&(start, end)| &self.text[start..end])
    }

    /// The fields in order.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'r [u8]> + use<'_, 'r> {
        (0..self.len()).map(|index| self.field(index))
    }

    /// All fields in one piece, perhaps with the commas and quotes between them.
    pub(super) fn text(&self) -> &'r [u8] {
        self.text
    }
}

impl Records {
    /// Begins at the front of `file`, where fields are separated by `delimiter`.
    pub(super) fn new(file: Bytes, delimiter: u8) -> Self {
        Records {
            file,
            parser: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            delimiter,
            buffer: vec![0; BUFFER_BYTES].into(),
            from: 0,
            to: 0,
            passed: 0,
            line: 1,
            text: vec![0; BUFFER_BYTES],
            ends: Box::new([0; RECORD_FIELDS + 1]),
            spans: Box::new([(0, 0); RECORD_FIELDS]),
        }
    }

    /// What is in the buffer and not yet passed.
    #[inline]
    pub(super) fn ahead(&self) -> &[u8] {
        &self.buffer[self.from..self.to]
    }

    /// Passes `bytes` of a record that [`Records::ahead`] shows whole, without a line end in it.
    #[inline]
    pub(super) fn pass(&mut self, bytes: usize) {
        self.from += bytes;
    }

    /// Whether nothing of the file is left, as far as it was read.
    pub(super) fn is_passed(&self) -> bool {
        self.from == self.to
    }

    /// The line of the next record after [`Records::next_record_begins`], from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Passes line ends up to the first byte of a record; false at the end of the file.
    #[inline]
    pub(super) fn next_record_begins(&mut self) -> io::Result<bool> {
        let mut is_after_return = false;
        loop {
            if self.from == self.to && !self.fill()? {
                return Ok(false);
            }
            match self.buffer[self.from] {
                b'\n' if is_after_return => is_after_return = false,
                byte @ (b'\n' | b'\r') => {
                    self.line += 1;
                    is_after_return = byte == b'\r';
                }
                _ => return Ok(true),
            }
            self.from += 1;
        }
    }

    /// The record that begins here; its line end stays to be passed.
    #[inline]
    pub(super) fn record(&mut self) -> Result<Record<'_>, Stop> {
        let Some(Found { bytes, fields, doubled, lines }) = self.find() else { return self.parsed_record() };
        let text = &mut self.buffer[self.from..self.from + bytes];
        let spans = &mut self.spans[..fields];
        if doubled != 0 {
            undouble(text, spans, doubled);
        }
        self.from += bytes;
        self.line += lines;
        Ok(Record { text, spans, spans_lines: lines > 0 })
    }

    /// Finds the fields of the record that begins here, if it is whole in the buffer and written by the book: every quote at
    /// the start or the end of a field, or doubled within. Any other is left to the parser.
    #[inline]
    fn find(&mut self) -> Option<Found> {
        let (text, delimiter) = (&self.buffer[self.from..self.to], self.delimiter);
        let (mut start, mut fields, mut doubled, mut lines) = (0, 0, 0, 0);
        loop {
            let span = self.spans.get_mut(fields)?;
            let end = if text.get(start) == Some(&b'"') {
                let quoted = closing_quote(text, start + 1)?;
                *span = (start + 1, quoted.at);
                doubled |= u64::from(quoted.has_doubled) << fields;
                lines += quoted.lines;
                quoted.at + 1
            } else {
                let is_end = |&byte: &u8| byte == delimiter || matches!(byte, b'\n' | b'\r' | b'"');
                let end = start + text[start..].iter().position(is_end)?;
                *span = (start, end);
                end
            };
            fields += 1;
            match *text.get(end)? {
                b'\n' | b'\r' => return Some(Found { bytes: end, fields, doubled, lines }),
                byte if byte == delimiter => start = end + 1,
                _ => return None,
            }
        }
    }

    /// The record that begins here by the rules of RFC 4180.
    fn parsed_record(&mut self) -> Result<Record<'_>, Stop> {
        let start = self.passed + self.from as u64;
        let lines_before = self.parser.line();
        let (mut bytes, mut fields, mut is_at_end) = (0, 0, false);
        loop {
            is_at_end |= self.from == self.to && !self.fill()?;
            // At the end of the file a line end of ours closes the record, unless a quote is open.
            let input = if is_at_end { b"\n" } else { &self.buffer[self.from..self.to] };
            let (result, read, written, ended) =
                self.parser.read_record(input, &mut self.text[bytes..], &mut self.ends[fields..]);
            (bytes, fields) = (bytes + written, fields + ended);
            if !is_at_end {
                self.from += read;
            }
            match result {
                ReadRecordResult::Record if fields <= RECORD_FIELDS => break,
                ReadRecordResult::InputEmpty if !is_at_end => {}
                ReadRecordResult::InputEmpty => {
                    return Err(Stop::Data(open_quote(start, "before the end of the file")));
                }
                ReadRecordResult::OutputFull if self.text.len() < RECORD_BYTES => {
                    self.text.resize((2 * self.text.len()).min(RECORD_BYTES), 0);
                }
                ReadRecordResult::OutputFull => return Err(Stop::Data(self.too_long(start))),
                _ => return Err(Stop::Data(too_many_fields(start))),
            }
        }
        // The record's own line end has been counted if it is a line feed.
        let mut lines = self.parser.line() - lines_before;
        if is_at_end {
            lines -= 1;
        } else {
            self.from -= 1;
            lines -= u64::from(self.buffer[self.from] == b'\n');
        }
        self.line += lines;
        let mut start = 0;
        for (span, &end) in self.spans.iter_mut().zip(&self.ends[..fields]) {
            (*span, start) = ((start, end), end);
        }
        Ok(Record { text: &self.text[..bytes], spans: &self.spans[..fields], spans_lines: lines > 0 })
    }

    /// Reads on until the buffer is full or the file ends; false where nothing more came.
    #[cold]
    fn fill(&mut self) -> io::Result<bool> {
        self.passed += self.to as u64;
        (self.from, self.to) = (0, 0);
        while self.to < self.buffer.len() {
            match self.file.read(&mut self.buffer[self.to..]) {
                Ok(0) => break,
                Ok(read) => self.to += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.to > 0)
    }

    fn too_long(&mut self, start: u64) -> Misread {
        // Inside quotes a line end is part of the field; anywhere else it ends the record.
        let (result, ..) = self.parser.read_record(b"\n", &mut [0; 2], &mut [0; 2]);
        match result {
            ReadRecordResult::Record if self.text.contains(&0) => nul_byte(),
            ReadRecordResult::Record => Misread::new(
                format!("the line, from byte {start} on, is longer than {} MiB", RECORD_BYTES >> 20),
                "end every record with a line end, and leave out long columns such as prompts",
            ),
            _ => open_quote(start, &format!("within {} MiB", RECORD_BYTES >> 20)),
        }
    }
}

/// The separator of which the first line has most: commas, semicolons or tabs; commas where it has none.
pub(super) fn delimiter(ahead: &[u8]) -> u8 {
    let (mut in_quotes, mut counts) = (false, [(b',', 0), (b';', 0), (b'\t', 0)]);
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    for &byte in ahead.iter().skip_while(|byte| is_end(byte)).take_while(|byte| !is_end(byte)) {
        in_quotes ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| !in_quotes && *delimiter == byte) {
            *count += 1;
        }
    }
    // Of equals the last: a comma.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |&(delimiter, _)| delimiter)
}

fn open_quote(start: u64, within: &str) -> Misread {
    let message = format!("a quote in the record from byte {start} on is not closed {within}");
    Misread::new(message, "close the field with `\"`, and write a quote inside it as `\"\"`")
}

fn too_many_fields(start: u64) -> Misread {
    let message = format!("the record from byte {start} on has more than {RECORD_FIELDS} fields");
    Misread::new(message, "leave out the columns that are not needed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &[u8]) -> Records {
        Records::new(Box::new(io::Cursor::new(text.to_vec())), delimiter(text))
    }

    fn lines_and_fields(mut records: Records) -> Vec<(u64, Vec<String>)> {
        let mut all = Vec::new();
        while records.next_record_begins().unwrap() {
            let line = records.line();
            let record = records.record().ok().unwrap();
            all.push((line, record.fields().map(|field| String::from_utf8_lossy(field).into_owned()).collect()));
        }
        all
    }

    #[test]
    fn every_kind_of_line_end_counts_once() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", "1,\"x", "y\"", "", "", "2,3"].join(end);
            let inner = format!("x{end}y");
            let found = lines_and_fields(records(text.as_bytes()));
            let fields = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
            assert_eq!(found[..2], [(1, fields("a", "b")), (3, fields("1", &inner))], "{end:?}");
            // A lone carriage return inside quotes is not counted: nothing writes such files.
            assert_eq!(found[2], (if end == "\r" { 6 } else { 7 }, fields("2", "3")), "{end:?}");
            assert_eq!(found.len(), 3);
        }
    }

    #[test]
    fn records_cross_the_border_of_the_buffer() {
        let row = "0123456789,\"a\"\"b\"\r\n";
        let found = lines_and_fields(records(row.repeat(10_000).as_bytes()));
        assert_eq!(found.len(), 10_000);
        for (at, (line, fields)) in found.iter().enumerate() {
            assert_eq!((*line, fields.join("|").as_str()), (at as u64 + 1, "0123456789|a\"b"));
        }
    }

    /// Every text is read as the csv crate reads it, and by the buffer as by the parser.
    #[test]
    fn fields_are_those_of_the_csv_crate() {
        let cells = [
            "",
            "\"\"",
            "7",
            "\"a\"",
            "\"a,b\"",
            "\"\"\"\"",
            "\"\"\"a\"\"b\"",
            "\"x\ny\"",
            "a\"b",
            "\"a\"b",
            "\"\"a\"",
            "é",
        ];
        let mut draw = 7u64;
        let mut below = |most: usize| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (draw >> 33) as usize % most
        };
        for trial in 0..2_000 {
            let mut text = String::new();
            for _ in 0..1 + below(6) {
                let row: Vec<&str> = (0..1 + below(5)).map(|_| cells[below(cells.len())]).collect();
                text += &(row.join(",") + ["\n", "\r\n"][below(2)]);
            }
            let mut crate_reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let expected: Vec<Vec<String>> =
                crate_reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
            let open = text.matches('"').count() % 2 == 1;
            let mut whole = records(text.as_bytes());
            let mut found = Vec::new();
            while whole.next_record_begins().unwrap() {
                let Ok(record) = whole.record() else { break };
                found
                    .push(record.fields().map(|field| String::from_utf8_lossy(field).into_owned()).collect::<Vec<_>>());
            }
            let same = found.len().min(expected.len());
            assert!(found.len() == expected.len() || open, "trial {trial}: {text:?}");
            assert_eq!(found[..same], expected[..same], "trial {trial}: {text:?}");
        }
    }

    #[test]
    fn records_grow_to_the_bound_and_no_further() {
        let row = |bytes: usize| format!("a,\"{}\"\nb,c\n", "x,\n".repeat(bytes / 3) + &"y".repeat(bytes % 3));
        for bytes in [BUFFER_BYTES - 1, BUFFER_BYTES, 1_000_000, RECORD_BYTES - 8] {
            let mut records = records(row(bytes).as_bytes());
            assert!(records.next_record_begins().unwrap());
            let record = records.record().ok().unwrap();
            assert_eq!((record.field(0), record.field(1).len()), (&b"a"[..], bytes));
            assert!(records.next_record_begins().unwrap());
            assert_eq!(records.line(), 2 + bytes as u64 / 3);
            assert_eq!(records.record().ok().unwrap().field(1), b"c");
        }
        assert!(records(row(RECORD_BYTES + 1).as_bytes()).record().is_err());
    }

    #[test]
    fn as_many_fields_as_allowed() {
        let row = |fields: usize| format!("{}\n", vec!["x"; fields].join(","));
        assert_eq!(lines_and_fields(records(row(RECORD_FIELDS).as_bytes()))[0].1.len(), RECORD_FIELDS);
        assert!(records(row(RECORD_FIELDS + 1).as_bytes()).record().is_err());
        assert!(records(row(500).as_bytes()).record().is_err());
    }
}
