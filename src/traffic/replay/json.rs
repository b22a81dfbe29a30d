//! JSON as logs hold it: one value a line, or lists deep inside one document, in a bounded amount of memory.
//!
//! [`Elements`] walks through a document to the lists that hold the rows and hands them out one by one as text; [`Paths`]
//! picks the few fields that matter out of such a text without building a tree.

use super::source::Source;
use crate::units::grammar::Misread;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

/// The most bytes of one row.
pub(super) const VALUE_BYTES: usize = 16 << 20;
/// The most rows inside rows: as deep as serde_json goes.
const DEPTH: usize = 128;
const BUFFER_BYTES: usize = 64 * 1024;

/// One step from a value to a part of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// The value of an object's key.
    Key(&'static str),
    /// Every element of a list.
    Each,
}

/// Why there is no next element.
pub(super) enum Stop {
    /// The file cannot be read.
    Io(io::Error),
    /// The document is wrong.
    Data(Misread),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Io(error)
    }
}

/// The parts of a document, or of several documents one after the other, to which a path leads.
pub(super) struct Elements {
    source: Source,
    path: Vec<Step>,
    /// How many steps of the path lead to where the reader is.
    depth: usize,
    buffer: Box<[u8]>,
    from: usize,
    to: usize,
    /// The line of the next byte, from 1.
    line: u64,
}

impl Elements {
    pub(super) fn new(source: Source, path: &[Step]) -> Self {
        let buffer = vec![0; BUFFER_BYTES].into();
        Elements { source, path: path.to_vec(), depth: 0, buffer, from: 0, to: 0, line: 1 }
    }

    /// The line up to which was read.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Puts the next element's text into `text` and returns its line; `None` at the end of the file.
    pub(super) fn next(&mut self, text: &mut Vec<u8>) -> Result<Option<u64>, Stop> {
        loop {
            let Some(step) = self.depth.checked_sub(1).and_then(|at| self.path.get(at)).copied() else {
                if self.skip_blanks(b"\xef\xbb\xbf")?.is_none() {
                    return Ok(None);
                }
                if let Some(line) = self.enter(text)? {
                    return Ok(Some(line));
                }
                continue;
            };
            let found = match step {
                Step::Each => self.next_item(text)?,
                Step::Key(key) => self.next_entry(key, text)?,
            };
            if let Some(line) = found {
                return Ok(Some(line));
            }
        }
    }

    /// In a list: its next item, if it is what the path leads to.
    fn next_item(&mut self, text: &mut Vec<u8>) -> Result<Option<u64>, Stop> {
        match self.skip_blanks(b",")? {
            None => Err(cut_off()),
            Some(b']') => {
                self.leave();
                Ok(None)
            }
            Some(_) => self.enter(text),
        }
    }

    /// In an object: the value of its next key, if it is what the path leads to.
    fn next_entry(&mut self, key: &str, text: &mut Vec<u8>) -> Result<Option<u64>, Stop> {
        match self.skip_blanks(b",")? {
            None => return Err(cut_off()),
            Some(b'}') => {
                self.leave();
                return Ok(None);
            }
            Some(b'"') => {}
            Some(byte) => return Err(unexpected(byte, "a key in quotes")),
        }
        text.clear();
        self.copy_value(Some(text))?;
        match self.skip_blanks(b"")? {
            Some(b':') => self.from += 1,
            Some(byte) => return Err(unexpected(byte, "`:` behind a key")),
            None => return Err(cut_off()),
        }
        let is_wanted = text.len() == key.len() + 2 && &text[1..text.len() - 1] == key.as_bytes();
        if self.skip_blanks(b"")?.is_none() {
            return Err(cut_off());
        }
        if is_wanted {
            return self.enter(text);
        }
        self.copy_value(None)?;
        Ok(None)
    }

    fn leave(&mut self) {
        self.from += 1;
        self.depth -= 1;
    }

    /// At a value: copies it where the path ends here, goes into it where the path goes on, and passes it else.
    fn enter(&mut self, text: &mut Vec<u8>) -> Result<Option<u64>, Stop> {
        let line = self.line;
        match (self.path.get(self.depth), self.peek()?) {
            (None, _) => {
                text.clear();
                self.copy_value(Some(text))?;
                return Ok(Some(line));
            }
            (Some(Step::Each), Some(b'[')) | (Some(Step::Key(_)), Some(b'{')) => {
                self.from += 1;
                self.depth += 1;
            }
            _ => self.copy_value(None)?,
        }
        Ok(None)
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.from == self.to && !self.fill()? {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.from]))
    }

    /// Passes blanks and the bytes in `also`; the byte behind them.
    fn skip_blanks(&mut self, also: &[u8]) -> io::Result<Option<u8>> {
        loop {
            let Some(byte) = self.peek()? else { return Ok(None) };
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                _ if also.contains(&byte) => {}
                _ => return Ok(Some(byte)),
            }
            self.from += 1;
        }
    }

    /// Passes one value, whose first byte is next, and appends it to `text`.
    fn copy_value(&mut self, mut text: Option<&mut Vec<u8>>) -> Result<(), Stop> {
        let mut scan = Scan::default();
        loop {
            if self.from == self.to && !self.fill()? {
                // A number or a word may end with the file.
                return if scan.is_bare() { Ok(()) } else { Err(cut_off()) };
            }
            let ahead = &self.buffer[self.from..self.to];
            let (length, state) = scan.run(ahead);
            self.line += ahead[..length].iter().filter(|&&byte| byte == b'\n').count() as u64;
            if let Some(text) = &mut text {
                text.extend_from_slice(&ahead[..length]);
                if text.len() > VALUE_BYTES {
                    return Err(Stop::Data(too_long()));
                }
            }
            self.from += length;
            match state {
                State::Done => return Ok(()),
                State::More => {}
                State::TooDeep => {
                    let help = "is this a log? name its `format`, or leave out what is nested so deeply";
                    return Err(Stop::Data(Misread::new(format!("values are nested deeper than {DEPTH}"), help)));
                }
            }
        }
    }

    #[cold]
    fn fill(&mut self) -> io::Result<bool> {
        (self.from, self.to) = (0, 0);
        while self.to < self.buffer.len() {
            match self.source.read(&mut self.buffer[self.to..]) {
                Ok(0) => break,
                Ok(read) => self.to += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.to > 0)
    }
}

/// A value is longer than [`VALUE_BYTES`].
pub(super) fn too_long() -> Misread {
    let message = format!("this row is longer than {} MiB", VALUE_BYTES >> 20);
    Misread::new(message, "end every row with a line end, and leave out prompts and answers")
}

fn cut_off() -> Stop {
    Stop::Data(Misread::new("the file ends inside a JSON value", "the file may have been cut off: export it anew"))
}

fn unexpected(byte: u8, wanted: &str) -> Stop {
    let found = super::error::quote(&[byte]);
    Stop::Data(Misread::new(format!("this is not JSON: found {found} instead of {wanted}"), "export the file anew"))
}

/// Finds the end of a value across buffers.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    has_begun: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    More,
    Done,
    TooDeep,
}

impl Scan {
    /// Whether all of it so far is a number or a word.
    fn is_bare(&self) -> bool {
        self.has_begun && self.depth == 0 && !self.in_string
    }

    /// How many bytes of `ahead` belong to the value, and whether it ends there.
    fn run(&mut self, ahead: &[u8]) -> (usize, State) {
        let mut at = 0;
        while let Some(&byte) = ahead.get(at) {
            if self.in_string {
                at += self.within_string(&ahead[at..]);
                if !self.in_string && self.depth == 0 {
                    return (at, State::Done);
                }
                continue;
            }
            match byte {
                b'"' if self.depth == 0 && self.has_begun => return (at, State::Done),
                b'"' => self.in_string = true,
                b'{' | b'[' if self.depth == 0 && self.has_begun => return (at, State::Done),
                b'{' | b'[' if self.depth == DEPTH => return (at, State::TooDeep),
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' if self.depth == 1 => return (at + 1, State::Done),
                b'}' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 && self.has_begun => {
                    return (at, State::Done);
                }
                _ => {}
            }
            self.has_begun = true;
            at += 1;
        }
        (at, State::More)
    }

    /// How many bytes of `ahead` belong to the string, its closing quote included.
    fn within_string(&mut self, ahead: &[u8]) -> usize {
        for (at, &byte) in ahead.iter().enumerate() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => {
                    self.in_string = false;
                    return at + 1;
                }
                _ => {}
            }
        }
        ahead.len()
    }
}

/// The fields to pick out of an object, as a tree of keys.
pub(super) struct Paths {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    children: Vec<(String, usize)>,
    /// Which field ends here.
    field: Option<usize>,
    /// Whether this may be a list of `{"key": …, "value": {"intValue": …}}`, as OpenTelemetry writes attributes.
    is_list_of_pairs: bool,
}

/// The text of a field, quotes taken off.
pub(super) type Cell<'r> = Option<Cow<'r, [u8]>>;

impl Paths {
    /// The fields called `names`: a name is a key, or keys with dots between them; behind `[` is a key in a list of pairs.
    pub(super) fn new(names: &[String]) -> Self {
        let mut paths = Paths { nodes: vec![Node::default()] };
        for (field, name) in names.iter().enumerate() {
            match name.split_once('[') {
                Some((list, key)) => {
                    let node = paths.node(list.split('.'));
                    paths.nodes[node].is_list_of_pairs = true;
                    let leaf = paths.child(node, key.trim_end_matches(']'));
                    paths.nodes[leaf].field = Some(field);
                }
                None => {
                    let leaf = paths.node(name.split('.'));
                    paths.nodes[leaf].field = Some(field);
                    if name.contains('.') {
                        // A key may hold dots itself.
                        let leaf = paths.child(0, name);
                        paths.nodes[leaf].field = Some(field);
                    }
                }
            }
        }
        paths
    }

    fn node<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> usize {
        names.fold(0, |node, name| self.child(node, name))
    }

    fn child(&mut self, node: usize, name: &str) -> usize {
        if let Some((_, child)) = self.nodes[node].children.iter().find(|(known, _)| known == name) {
            return *child;
        }
        self.nodes.push(Node::default());
        let child = self.nodes.len() - 1;
        self.nodes[node].children.push((name.to_owned(), child));
        child
    }

    /// Reads `text` as one JSON value and fills `cells` with the fields that it has.
    pub(super) fn read<'r>(&self, text: &'r [u8], cells: &mut [Cell<'r>]) -> Result<(), Misread> {
        cells.fill(None);
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        Walk { paths: self, node: 0, cells }.deserialize(&mut deserializer).map_err(|error| not_json(&error, text))?;
        deserializer.end().map_err(|error| not_json(&error, text))
    }
}

/// What serde_json says about `text`, with the column.
pub(super) fn not_json(error: &serde_json::Error, text: &[u8]) -> Misread {
    if text.contains(&0) {
        return super::error::nul_byte();
    }
    let full = error.to_string();
    let why = full.rsplit_once(" at line ").map_or(full.as_str(), |(why, _)| why);
    let place = if error.line() > 1 { format!("line {} of it, ", error.line()) } else { String::new() };
    let message = format!("this is not JSON: {}, at {place}character {}", super::error::printable(why), error.column());
    let help = if error.is_eof() {
        "complete the row or delete it: the file may have been cut off here"
    } else {
        "mend the row or delete it: each must be one JSON object"
    };
    Misread::new(message, help)
}

struct Walk<'p, 'c, 'r> {
    paths: &'p Paths,
    node: usize,
    cells: &'c mut [Cell<'r>],
}

impl<'r> DeserializeSeed<'r> for Walk<'_, '_, 'r> {
    type Value = ();

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<(), D::Error> {
        let node = &self.paths.nodes[self.node];
        let Some(field) = node.field.filter(|_| node.children.is_empty()) else {
            return deserializer.deserialize_any(self);
        };
        let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?;
        self.cells[field] = text_of(raw.get());
        Ok(())
    }
}

/// The text that a JSON scalar stands for; `null` stands for none.
fn text_of(raw: &str) -> Cell<'_> {
    match raw.as_bytes() {
        b"null" => None,
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => Some(Cow::Borrowed(inner)),
        [b'"', ..] => serde_json::from_str::<String>(raw).ok().map(|text| Cow::Owned(text.into_bytes())),
        other => Some(Cow::Borrowed(other)),
    }
}

impl<'r> Visitor<'r> for Walk<'_, '_, 'r> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.node == 0 { "an object" } else { "a value" })
    }

    fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> Result<(), A::Error> {
        let children = &self.paths.nodes[self.node].children;
        while let Some(child) = map.next_key_seed(KeyOf(children))? {
            match child {
                Some(node) => map.next_value_seed(Walk { paths: self.paths, node, cells: self.cells })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'r>>(self, mut list: A) -> Result<(), A::Error> {
        let node = &self.paths.nodes[self.node];
        if self.node == 0 {
            return Err(serde::de::Error::custom("found a list instead of an object"));
        }
        if !node.is_list_of_pairs {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        while let Some(pair) = list.next_element::<Pair<'r>>()? {
            let wanted = node.children.iter().find(|(name, _)| *name == pair.key);
            if let Some(field) = wanted.and_then(|&(_, child)| self.paths.nodes[child].field) {
                let typed: Option<BTreeMap<Cow<'r, str>, &'r RawValue>> =
                    pair.value.and_then(|value| serde_json::from_str(value.get()).ok());
                let inner = typed.and_then(|typed| typed.into_values().next());
                self.cells[field] = inner.and_then(|raw| text_of(raw.get()));
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct Pair<'r> {
    #[serde(borrow)]
    key: Cow<'r, str>,
    #[serde(borrow, default)]
    value: Option<&'r RawValue>,
}

/// Finds a key among the children of a node without keeping its text.
struct KeyOf<'p>(&'p [(String, usize)]);

impl<'r> DeserializeSeed<'r> for KeyOf<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyOf<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().find(|(name, _)| name == key).map(|&(_, node)| node))
    }
}
