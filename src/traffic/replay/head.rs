//! The first bytes of a log, from which its layout is told.

use super::error::{TraceError, nul_byte, quote};
use super::json::{Elements, Step};
use super::records::Records;
use super::source::{Packing, Source};
use crate::units::grammar::Misread;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::io::Read;
use std::path::Path;

/// How much of a log is looked at.
const HEAD_BYTES: usize = 256 * 1024;

/// The start of a log.
pub(super) struct Head {
    /// Unpacked, at most [`HEAD_BYTES`].
    pub(super) bytes: Vec<u8>,
    pub(super) packing: Packing,
    pub(super) shape: Shape,
}

/// What kind of text a log is.
pub(super) enum Shape {
    /// One JSON value a line.
    JsonLines,
    /// Any other JSON.
    Json,
    /// Records of fields.
    Table(Table),
    /// Lines of a web server.
    Lines(Server),
}

/// The first record of a table.
pub(super) struct Table {
    pub(super) delimiter: u8,
    /// Its fields.
    pub(super) names: Vec<String>,
}

/// Whose lines they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Server {
    /// `HOST IDENT USER [TIME] "REQUEST" STATUS BYTES …`
    Common,
    /// An application load balancer of AWS, with the connection's kind in front.
    Application,
    /// A classic load balancer of AWS, with the time in front.
    Classic,
}

impl Head {
    /// Reads the start of the log at `path`.
    pub(super) fn read(path: &Path) -> Result<Head, TraceError> {
        let (source, packing) = Source::open(path)?;
        let mut bytes = Vec::new();
        source.take(HEAD_BYTES as u64).read_to_end(&mut bytes).map_err(|error| TraceError::read(path, 1, &error))?;
        let wrong = |misread| TraceError::data(path, Some(1), None, misread);
        if let Some(misread) = not_read(&bytes) {
            return Err(wrong(misread));
        }
        let text = without_mark(&bytes);
        if text.trim_ascii().is_empty() {
            let misread = Misread::new("the file is empty", "write a header and at least one row");
            return Err(TraceError::data(path, None, None, misread));
        }
        let shape = shape(&bytes).map_err(wrong)?;
        Ok(Head { bytes, packing, shape })
    }

    /// The names of a table's columns.
    pub(super) fn names(&self) -> &[String] {
        match &self.shape {
            Shape::Table(table) => &table.names,
            _ => &[],
        }
    }

    /// Whether this is a table that has all these columns.
    pub(super) fn has_columns(&self, names: &[&str]) -> bool {
        !self.names().is_empty() && names.iter().all(|name| self.names().iter().any(|known| known == name))
    }

    /// The first value to which `path` leads.
    pub(super) fn first(&self, path: &[Step]) -> Option<Value> {
        if !matches!(self.shape, Shape::JsonLines | Shape::Json) {
            return None;
        }
        let mut elements = Elements::new(Source::of_bytes(&self.bytes), path);
        let mut text = Vec::new();
        elements.next(&mut text).ok()??;
        serde_json::from_slice(&text).ok()
    }

    /// Whether the first value to which `path` leads is an object with all these keys; dots go deeper.
    pub(super) fn has_keys(&self, path: &[Step], keys: &[&str]) -> bool {
        let Some(value) = self.first(path) else { return false };
        keys.iter().all(|key| key.split('.').try_fold(&value, |value, key| value.get(key)).is_some())
    }
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Why a file is of a kind that is not read.
fn not_read(bytes: &[u8]) -> Option<Misread> {
    let kind = match bytes {
        [b'P', b'K', 3, 4, ..] => "a zip archive: unpack it, and read the log inside",
        [b'P', b'A', b'R', b'1', ..] => "a Parquet file: write it as CSV, as in `duckdb -c \"COPY (FROM 'x.parquet') TO 'x.csv'\"`",
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => "packed with bzip2: unpack it with `bunzip2`",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "packed with xz: unpack it with `unxz`",
        [b'S', b'Q', b'L', b'i', b't', b'e', b' ', ..] => "an SQLite database: export the table as CSV",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Some(Misread::new("the file is UTF-16", "save the file as CSV in UTF-8")),
        _ if bytes.get(257..262) == Some(b"ustar") => "a tar archive: unpack it, and read the log inside",
        _ => return None,
    };
    let (what, help) = kind.split_once(": ").unwrap_or((kind, ""));
    Some(Misread::new(format!("this is {what}, which is not read"), help))
}

fn shape(bytes: &[u8]) -> Result<Shape, Misread> {
    let text = without_mark(bytes);
    let line = first_line(text);
    if looks_like_json(text) {
        let is_whole = line.len() < text.len() && serde_json::from_slice::<IgnoredAny>(line).is_ok();
        return Ok(if is_whole && line.starts_with(b"{") { Shape::JsonLines } else { Shape::Json });
    }
    if line.contains(&0) {
        return Err(nul_byte());
    }
    if let Some(server) = server(line) {
        return Ok(Shape::Lines(server));
    }
    let delimiter = delimiter(line);
    let names = first_record(bytes, delimiter)?;
    Ok(Shape::Table(Table { delimiter, names }))
}

fn looks_like_json(text: &[u8]) -> bool {
    match text.trim_ascii_start() {
        [b'{', ..] => true,
        [b'[', rest @ ..] => matches!(rest.trim_ascii_start(), [b'{' | b']' | b'[', ..] | []),
        _ => false,
    }
}

/// The first line with something in it.
fn first_line(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(text.len());
    text[..end].trim_ascii()
}

/// The web server that writes lines like this.
fn server(line: &[u8]) -> Option<Server> {
    let text = std::str::from_utf8(line).ok()?;
    let mut words = text.split(' ');
    let (first, second, third) = (words.next()?, words.next()?, words.next()?);
    let is_stamp = |word: &str| word.len() >= 20 && word.as_bytes().get(10) == Some(&b'T') && word.ends_with('Z');
    if ["http", "https", "h2", "grpcs", "ws", "wss"].contains(&first) && is_stamp(second) {
        return Some(Server::Application);
    }
    if is_stamp(first) && third.contains(':') && text.contains('"') {
        return Some(Server::Classic);
    }
    let stamp = text.split_once(" [")?.1.as_bytes();
    let is_common = matches!(stamp, [_, _, b'/', _, _, _, b'/', _, _, _, _, b':', ..]);
    (is_common && text.contains("] \"")).then_some(Server::Common)
}

/// The separator of which a header has most.
fn delimiter(line: &[u8]) -> u8 {
    let mut in_quotes = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    for &byte in line {
        in_quotes ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| !in_quotes && *delimiter == byte) {
            *count += 1;
        }
    }
    // Of equals the first: a comma.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |&(delimiter, _)| delimiter)
}

fn first_record(bytes: &[u8], delimiter: u8) -> Result<Vec<String>, Misread> {
    use super::records::Stop;
    let unread = |stop| match stop {
        Stop::Data(misread) => misread,
        Stop::Io(error) => Misread::new(error.to_string(), "check the file"),
    };
    let mut records = Records::new(Source::of_bytes(bytes), delimiter).map_err(unread)?;
    // In memory nothing fails to be read.
    let _ = records.next_record_begins();
    let record = records.record().map_err(unread)?;
    record.fields().map(|field| name(field)).collect()
}

fn name(field: &[u8]) -> Result<String, Misread> {
    match std::str::from_utf8(field) {
        Ok(name) => Ok(name.trim().to_owned()),
        Err(_) => Err(Misread::new(format!("{} is not UTF-8", quote(field)), "save the file as CSV in UTF-8")),
    }
}
