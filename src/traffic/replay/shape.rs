//! What the start of a log looks like, from which its layout is told.

use super::error::not_text;
use super::paths::{Cells, Paths};
use super::records::{self, Records, Stop};
use crate::units::grammar::Misread;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Cursor;

/// The most rows, objects or elements of one list that are looked at.
const MOST_ROWS: usize = 256;
/// The most different paths that are noted.
const MOST_PATHS: usize = 2_000;

/// The start of a log.
pub(super) struct Sample {
    /// The first line that is not blank, at most 4 KiB of it.
    pub(super) first_line: Vec<u8>,
    pub(super) content: Content,
    /// Whether it is the whole log.
    pub(super) is_whole: bool,
}

/// What the start of a log holds.
pub(super) enum Content {
    /// Lines of fields; whether the first is a header is for the layout to say.
    Table(Table),
    /// JSON objects.
    Json(Tree),
}

/// The first record of a table and some rows.
pub(super) struct Table {
    pub(super) delimiter: u8,
    /// The line of the first record.
    pub(super) line: u64,
    pub(super) names: Vec<String>,
    pub(super) rows: Vec<Vec<Vec<u8>>>,
}

/// The paths in some JSON objects. Arrays are looked through, so that `a.b` may be `{"a":[{"b":1}]}`, and so is the text of a
/// message that is an object itself.
#[derive(Default)]
pub(super) struct Tree {
    /// For each path to a text, a number or a truth value, what was found there, `null` aside.
    pub(super) leaves: BTreeMap<String, Vec<Vec<u8>>>,
    /// Paths to arrays of objects.
    pub(super) lists: BTreeSet<String>,
    /// Values that do not lie in another one.
    pub(super) values: usize,
}

impl Sample {
    /// Looks at `head`; `is_whole` says whether that is the whole log.
    ///
    /// # Errors
    ///
    /// Where there is no record at all, or the first one is no text; with its line, if it has one.
    pub(super) fn new(head: &[u8], is_whole: bool) -> Result<Sample, (Option<u64>, Misread)> {
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let lines = head.iter().position(|byte| !is_end(byte)).map_or(&[][..], |start| &head[start..]);
        let end = lines.iter().position(is_end).unwrap_or(lines.len());
        let first_line = lines[..end.min(4 << 10)].to_vec();
        let content = match head.trim_ascii_start().first() {
            None => return Err((None, Misread::new("the file is empty", "write a header and at least one row"))),
            Some(b'{' | b'[') => Content::Json(Tree::new(head)),
            Some(_) => Content::Table(Table::new(head, is_whole)?),
        };
        Ok(Sample { first_line, content, is_whole })
    }

    /// The line of the header, where there is one.
    pub(super) fn header_line(&self) -> Option<u64> {
        match &self.content {
            Content::Table(table) => Some(table.line),
            Content::Json(_) => None,
        }
    }
}

impl Table {
    fn new(head: &[u8], is_whole: bool) -> Result<Table, (Option<u64>, Misread)> {
        let delimiter = records::delimiter(head);
        let mut records = Records::new(Box::new(Cursor::new(head.to_vec())), delimiter);
        // Reading from memory cannot fail.
        let _ = records.next_record_begins();
        let line = records.line();
        let names = match records.record() {
            Ok(record) => {
                record.fields().map(name).collect::<Result<_, _>>().map_err(|misread| (Some(line), misread))?
            }
            Err(Stop::Data(misread)) => return Err((Some(line), misread)),
            Err(Stop::Io(error)) => return Err((Some(line), Misread::new(error.to_string(), "check the file"))),
        };
        if !is_whole && records.is_passed() {
            let message = format!("the first line is longer than {} KiB", head.len() >> 10);
            return Err((Some(line), Misread::new(message, "end every record with a line end")));
        }
        let mut rows = Vec::new();
        while rows.len() < MOST_ROWS && records.next_record_begins().unwrap_or(false) {
            let Ok(record) = records.record() else { break };
            let row = record.fields().map(<[u8]>::to_vec).collect();
            if !is_whole && records.is_passed() {
                // It is cut where the head ends.
                break;
            }
            rows.push(row);
        }
        Ok(Table { delimiter, line, names, rows })
    }

    /// Where the column called `name` stands.
    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// Whether some of the first cells of the column `a` hold JSON with what `path`, as in `a.b.c`, names.
    pub(super) fn has_within(&self, path: &str) -> bool {
        let Some((column, path)) = path.split_once('.') else { return false };
        let Some(index) = self.index(column) else { return false };
        let (mut wanted, mut found) = (Paths::default(), Cells::default());
        wanted.want(path, 0);
        let mut first = self.column(index).into_iter().filter(|cell| cell.starts_with(b"{")).take(8);
        first.any(|cell| wanted.read(cell, &mut found).is_ok() && found.all(0).next().is_some())
    }

    /// What stands in the column at `index`.
    pub(super) fn column(&self, index: usize) -> Vec<&[u8]> {
        self.rows.iter().filter_map(|row| row.get(index)).map(Vec::as_slice).collect()
    }
}

fn name(field: &[u8]) -> Result<String, Misread> {
    match not_text(field) {
        None => Ok(String::from_utf8_lossy(field).into_owned()),
        Some(misread) => Err(misread),
    }
}

impl Tree {
    fn new(head: &[u8]) -> Tree {
        let mut tree = Tree::default();
        let mut deserializer = serde_json::Deserializer::from_slice(head);
        // It ends where the head is cut, or where the file is wrong, which the reader will say.
        while tree.values < MOST_ROWS
            && (Walk { path: String::new(), in_list: false, tree: &mut tree }).deserialize(&mut deserializer).is_ok()
        {
            tree.values += 1;
        }
        tree
    }

    /// Where the objects are that have `path`, and the path within them; a path from the top of the file will do, too.
    pub(super) fn locate(&self, path: &str) -> (String, String) {
        let within = |list: &&String| path.strip_prefix(list.as_str()).is_some_and(|rest| rest.starts_with('.'));
        if let Some(list) =
            self.lists.iter().filter(|list| !list.is_empty()).filter(within).max_by_key(|list| list.len())
            && self.has("", path)
        {
            return (list.clone(), path[list.len() + 1..].to_owned());
        }
        let root = if self.has("", path) { None } else { self.lists.iter().find(|list| self.has(list, path)) };
        (root.cloned().unwrap_or_default(), path.to_owned())
    }

    /// The paths in the objects at `root`, those of lists within them aside.
    pub(super) fn paths(&self, root: &str) -> Vec<&str> {
        let below = |path: &'_ str| root.is_empty() || path.starts_with(root) && path[root.len()..].starts_with('.');
        let is_deeper = |path: &str| {
            let within = |list: &&String| {
                path == **list || path.starts_with(list.as_str()) && path[list.len()..].starts_with('.')
            };
            self.lists.iter().filter(|list| list.len() > root.len()).any(|list| within(&list))
        };
        let from = if root.is_empty() { 0 } else { root.len() + 1 };
        let paths = self.leaves.keys().map(String::as_str);
        paths.filter(|path| below(path) && !is_deeper(path)).map(|path| &path[from..]).collect()
    }

    /// Whether there is something at `path` in the objects at `root`; a `/` in front counts from the top of the file.
    pub(super) fn has(&self, root: &str, path: &str) -> bool {
        match path.strip_prefix('/') {
            Some(path) => self.leaves.contains_key(path),
            None => self.leaves.contains_key(&join(root, path)),
        }
    }

    /// What was found at `path` in the objects at `root`.
    pub(super) fn found(&self, root: &str, path: &str) -> &[Vec<u8>] {
        self.leaves.get(&join(root, path)).map_or(&[], Vec::as_slice)
    }
}

/// Whether `path` ends at the message of an event, which some exports write as a text.
fn is_message(path: &str) -> bool {
    matches!(path.rsplit('.').next(), Some("message" | "@message"))
}

/// The path `key` within `path`.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Notes what it finds in one value at `path`.
struct Walk<'t> {
    path: String,
    /// Whether the value is an element of a list.
    in_list: bool,
    tree: &'t mut Tree,
}

impl Walk<'_> {
    fn leaf(self, text: &str) {
        let is_known = self.tree.leaves.contains_key(&self.path);
        if !self.path.is_empty() && (is_known || self.tree.leaves.len() < MOST_PATHS) {
            let found = self.tree.leaves.entry(self.path).or_default();
            if found.len() < MOST_ROWS {
                let short = text.char_indices().nth(64).map_or(text, |(end, _)| &text[..end]);
                found.push(short.as_bytes().to_vec());
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.in_list {
            self.tree.lists.insert(self.path.clone());
        }
        while let Some(key) = map.next_key::<String>()? {
            if self.path.len() + key.len() > 512 {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            map.next_value_seed(Walk { path: join(&self.path, &key), in_list: false, tree: self.tree })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for _ in 0..MOST_ROWS {
            let element = Walk { path: self.path.clone(), in_list: true, tree: self.tree };
            if seq.next_element_seed(element)?.is_none() {
                return Ok(());
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.leaf(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.leaf(&value.to_string());
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.leaf(&value.to_string());
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.leaf(&value.to_string());
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        // Texts within texts end soon: each level doubles what escapes the one within.
        if value.starts_with('{') && is_message(&self.path) {
            let within = Walk { path: self.path.clone(), in_list: false, tree: self.tree };
            // A text that is no object after all is a text.
            let _ = within.deserialize(&mut serde_json::Deserializer::from_str(value));
        }
        self.leaf(value);
        Ok(())
    }
}
