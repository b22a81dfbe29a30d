//! Texts, and the tree of what they say, each part of which knows where it stands.

use super::diagnostic::Diagnostic;
use crate::params::Literal;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

/// How deep tables and lists may be nested; scenarios need about eight.
pub const MAX_DEPTH: usize = 32;

/// Where a text came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceKind {
    /// A file of the user's.
    File,
    /// One `--set KEY=VALUE` of the command line.
    Set,
    /// A text that is compiled in.
    BuiltIn,
}

/// A text that was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it came from.
    pub kind: SourceKind,
    /// What people know it by: a path as they would type it.
    pub name: String,
    /// What it says, without a byte-order mark.
    pub text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Source {
    fn new(kind: SourceKind, name: String, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Source { kind, name, text, lines }
    }

    /// The index of the line that `offset` is on, the first being 0.
    pub fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    /// The bytes of line `index`, without its end.
    pub fn line_span(&self, index: usize) -> Range<usize> {
        let start = self.lines.get(index).copied().unwrap_or(self.text.len());
        let end = self.lines.get(index + 1).map_or(self.text.len(), |&next| next - 1);
        let line = &self.text[start..end];
        start..start + line.strip_suffix('\r').unwrap_or(line).len()
    }
}

/// A text among [`Sources`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SourceId(usize);

/// Every text that one scenario was read from: its file, the files below that, each `--set`.
#[derive(Clone, Default, Debug)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Takes in a text.
    pub fn add(&mut self, kind: SourceKind, name: impl Into<String>, text: &str) -> SourceId {
        self.0.push(Source::new(kind, name.into(), text));
        SourceId(self.0.len() - 1)
    }

    /// The text that `id` stands for.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `origin` in a few words: `chat.toml:14`, or `--set`.
    pub fn place(&self, origin: Origin) -> String {
        let source = self.get(origin.source);
        match source.kind {
            SourceKind::Set => source.name.clone(),
            SourceKind::File | SourceKind::BuiltIn => format!("{}:{}", source.name, source.line(origin.start) + 1),
        }
    }
}

/// Where something stands: bytes `start..end` of a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Origin {
    /// The text.
    pub source: SourceId,
    /// The first byte.
    pub start: usize,
    /// The byte after the last; `start` where a point is meant.
    pub end: usize,
}

impl Origin {
    /// Bytes `span` of `source`.
    pub fn new(source: SourceId, span: Range<usize>) -> Self {
        Origin { source, start: span.start, end: span.end }
    }
}

/// How near to the user a statement is: what `--set` says lies above the scenario's file, and that above what it extends.
pub type Layer = u32;

/// Something that is stated, and where.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands; a table at its header.
    pub origin: Origin,
    /// The highest layer that had a say in it.
    pub layer: Layer,
    /// What it says.
    pub value: Value,
}

/// What a [`Node`] says; values stay as text until a parameter takes them.
#[derive(Clone, Debug)]
pub enum Value {
    /// A quoted string.
    Text(String),
    /// A number in decimal, without underscores.
    Number(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A bare date or time.
    Datetime(String),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

impl Node {
    /// What [`crate::params::Parameter::read`] gets to see.
    pub fn literal(&self) -> Literal<'_> {
        match &self.value {
            Value::Text(text) => Literal::Text(text),
            Value::Number(text) => Literal::Number(text),
            Value::Boolean(value) => Literal::Boolean(*value),
            Value::Datetime(text) => Literal::Datetime(text),
            Value::List(items) => Literal::List(items.iter().map(Node::literal).collect()),
            Value::Table(_) => Literal::Table,
        }
    }

    /// Lays `over` over this: tables key by key, anything else as a whole.
    ///
    /// A bare value and a table stay side by side, because a value may be the short form of a table's first key.
    /// `over_key` is where the key of `over` stands, if it has one.
    pub fn overlay(&mut self, over: Node, over_key: Option<Origin>) {
        let below = std::mem::replace(self, Node { layer: self.layer.max(over.layer), ..over });
        // A table that only dotted keys opened has no header of its own to point at.
        let is_bare = over_key == Some(self.origin);
        match (below.value, &mut self.value) {
            (Value::Table(mut table), over) => {
                let over = std::mem::replace(over, Value::Boolean(false));
                match over {
                    Value::Table(over) => {
                        table.overlay(over);
                        self.origin = if is_bare { below.origin } else { self.origin };
                    }
                    value => table.short = Some(Box::new(Node { origin: self.origin, layer: self.layer, value })),
                }
                self.value = Value::Table(table);
            }
            (value, Value::Table(over)) => {
                let short = Node { origin: below.origin, layer: below.layer, value };
                over.short.get_or_insert_with(|| Box::new(short));
            }
            _ => {}
        }
    }
}

/// A key of a table with what it stands for.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key, without quotes.
    pub key: String,
    /// Where the key stands.
    pub key_origin: Origin,
    /// What it stands for.
    pub node: Node,
}

/// Keys in the order of the file.
#[derive(Clone, Default, Debug)]
pub struct Table {
    entries: Vec<Entry>,
    index: BTreeMap<String, usize>,
    /// A bare value that another layer states in place of this table.
    pub short: Option<Box<Node>>,
}

impl Table {
    /// The keys, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What `key` stands for.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.index.get(key).map(|&at| &self.entries[at])
    }

    /// Adds a key at the end, or lays it over one that is there.
    pub fn put(&mut self, entry: Entry) {
        match self.index.get(&entry.key) {
            Some(&at) => {
                let below = &mut self.entries[at];
                below.node.overlay(entry.node, Some(entry.key_origin));
                below.key_origin = entry.key_origin;
            }
            None => {
                self.index.insert(entry.key.clone(), self.entries.len());
                self.entries.push(entry);
            }
        }
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.index.remove(key)?;
        self.index.values_mut().filter(|index| **index > at).for_each(|index| *index -= 1);
        Some(self.entries.remove(at))
    }

    fn overlay(&mut self, over: Table) {
        if let Some(short) = over.short {
            self.short = Some(short);
        }
        over.entries.into_iter().for_each(|entry| self.put(entry));
    }
}

/// The stack of the thread that parses: toml frees its tree recursively, and 80 nested tables of 80 dotted keys each,
/// the most that it lets through, overflow the usual 2 MiB.
const PARSER_STACK: usize = 128 << 20;

/// Runs `parse` where a deep tree does no harm.
fn with_deep_stack<T: Send>(parse: impl Fn() -> T + Sync) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(PARSER_STACK).spawn_scoped(scope, &parse);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(parsed)) => parsed,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No thread to be had: a scenario of ordinary depth needs none.
            Err(_) => parse(),
        }
    })
}

/// The root table of a TOML text, and every syntax error in it.
pub fn parse(id: SourceId, source: &Source, layer: Layer) -> (Node, Vec<Diagnostic>) {
    with_deep_stack(|| {
        let mut errors = Vec::new();
        let (root, found) = DeTable::parse_recoverable(&source.text);
        errors.extend(found.into_iter().map(|error| (error.span().unwrap_or_default(), error.message().to_owned())));
        errors.extend(errors_behind_bare_words(source, &errors));
        let mut converter = Converter { source: id, layer, errors };
        let root = converter.table(Origin::new(id, 0..0), root.into_inner(), 0);
        (root, diagnose(id, source, converter.errors))
    })
}

/// The value that `text` is, where it is one, its places counted from `offset` of `id`.
pub fn parse_value(id: SourceId, text: &str, offset: usize, layer: Layer) -> Option<Node> {
    with_deep_stack(|| {
        let value = DeValue::parse(text).ok()?;
        let mut converter = Converter { source: id, layer, errors: Vec::new() };
        let mut node = converter.value(value, 0);
        shift(&mut node, offset);
        converter.errors.is_empty().then_some(node)
    })
}

fn shift(node: &mut Node, offset: usize) {
    let move_on = |origin: &mut Origin| {
        origin.start += offset;
        origin.end += offset;
    };
    move_on(&mut node.origin);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| shift(item, offset)),
        Value::Table(table) => table.entries.iter_mut().for_each(|entry| {
            move_on(&mut entry.key_origin);
            shift(&mut entry.node, offset);
        }),
        _ => {}
    }
}

type SyntaxError = (Range<usize>, String);

const KEY_WITHOUT_VALUE: &str = "key with no value";
const KEY_OF_VALUE: &str = "cannot extend value of type";
const TOO_LARGE: &str = "this number is too large";
const TOO_DEEP: &str = "this is nested more than";

/// The errors that toml does not look for once a line such as `a b = 1` made it give up, found by blanking those lines.
fn errors_behind_bare_words(source: &Source, errors: &[SyntaxError]) -> Vec<SyntaxError> {
    let mut text = source.text.clone().into_bytes();
    let mut is_changed = false;
    for (span, _) in errors.iter().filter(|(_, message)| message.starts_with(KEY_WITHOUT_VALUE)) {
        let line = source.line_span(source.line(span.start));
        // What such a line opens must stay open, or its rest would look wrong.
        if !source.text[line.clone()].contains(['[', '{', '"', '\'']) {
            text[line].fill(b' ');
            is_changed = true;
        }
    }
    match String::from_utf8(text) {
        Ok(text) if is_changed => {
            let (_, found) = DeTable::parse_recoverable(&text);
            found.into_iter().map(|error| (error.span().unwrap_or_default(), error.message().to_owned())).collect()
        }
        _ => Vec::new(),
    }
}

/// One diagnostic a line, because the errors after the first on a line mostly follow from it.
fn diagnose(id: SourceId, source: &Source, mut errors: Vec<SyntaxError>) -> Vec<Diagnostic> {
    errors.sort_by_key(|(span, _)| (span.start, span.end));
    errors.dedup_by_key(|(span, _)| source.line(span.start));
    // Behind a list or table that is never closed, every line looks wrong.
    let opens = |(span, message): &SyntaxError| {
        let line = source.line_span(source.line(span.start));
        source.text[line.clone()].trim_start().starts_with('[')
            && message.starts_with("missing ")
            && span.start == line.start
    };
    if let Some(at) = errors.iter().position(opens) {
        errors.truncate(at + 1);
    }
    errors.into_iter().map(|(span, message)| syntax_error(id, &source.text, span, &message)).collect()
}

fn syntax_error(id: SourceId, text: &str, span: Range<usize>, message: &str) -> Diagnostic {
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, "nothing"));
    let found = text.get(span.clone()).unwrap_or_default().trim();
    let problem = Diagnostic::error(rephrased(what, expected, found)).at(Origin::new(id, span));
    let problem = match remedy(what, expected, found) {
        Some(help) => problem.help(help),
        None => problem,
    };
    // Where there is no value, anything may follow; where there is one too many, nothing may.
    match expected {
        "nothing" | "literal string" => problem,
        _ => problem.label(format!("expected {expected}")),
    }
}

fn rephrased(what: &str, expected: &str, found: &str) -> String {
    match what {
        "duplicate key" => format!("`{found}` is stated twice"),
        "string values must be quoted" if found.is_empty() => "there is no value".into(),
        "string values must be quoted" => format!("`{found}` is not in quotes"),
        "missing escaped value" => "the backslash begins no escape".into(),
        "invalid basic string" if expected.starts_with("`\"`") => "the text has no closing quote".into(),
        "invalid basic string" => "the text holds a character that must be escaped".into(),
        _ if what.starts_with(KEY_WITHOUT_VALUE) => "a key has no value".into(),
        _ if what.starts_with(KEY_OF_VALUE) => format!("`{found}` has a value already, so that it holds no keys"),
        _ => what.to_lowercase(),
    }
}

fn remedy(what: &str, expected: &str, found: &str) -> Option<String> {
    Some(match what {
        "duplicate key" => "keep one of them".into(),
        "string values must be quoted" if found.is_empty() => "write a value after the `=`".into(),
        "string values must be quoted" => match found.to_ascii_lowercase().as_str() {
            "yes" | "on" => "write `true`".into(),
            "no" | "off" => "write `false`".into(),
            _ => format!("write `\"{}\"`", found.trim_matches(['\u{201c}', '\u{201d}', '\u{201e}'])),
        },
        "missing escaped value" => "write two backslashes for one, or put the text in single quotes".into(),
        "invalid basic string" if expected.starts_with("`\"`") => "close it on the same line".into(),
        "invalid basic string" => "write it by its number, as in `\\u0007`".into(),
        "unexpected leading zero" => "write the number without it".into(),
        TOO_LARGE => "write at most 2^128 - 1".into(),
        "invalid unquoted key" if found == ":" => "write `key = value`, with `=`".into(),
        "invalid unquoted key" => "put a key with other characters in quotes".into(),
        "extra `=`" => "take it out".into(),
        "unclosed table" | "unclosed array of tables" => {
            "close the header with `]` on the same line, and quote a name that has spaces".into()
        }
        "unclosed inline table" => "close it with `}`".into(),
        "unclosed array" => "close it with `]`".into(),
        "unexpected key or value" => "end the line here, or begin another one".into(),
        "invalid key-value pair" => "write `key = value`: a scenario is TOML".into(),
        "missing comma between array elements" => "add a comma, or close the list with `]` before this".into(),
        "missing comma between key-value pairs" | "missing key for inline table element" => {
            "add a comma, or close the table with `}` before this".into()
        }
        _ if what.starts_with(TOO_DEEP) => "no scenario needs that".into(),
        _ if what.starts_with(KEY_WITHOUT_VALUE) => "write `key = value`, and quote a key that has spaces".into(),
        _ if what.starts_with(KEY_OF_VALUE) => "keep either its value or the keys below it".into(),
        _ => return None,
    })
}

/// Turns toml's tree into ours.
struct Converter {
    source: SourceId,
    layer: Layer,
    errors: Vec<SyntaxError>,
}

impl Converter {
    fn node(&self, span: Range<usize>, value: Value) -> Node {
        Node { origin: Origin::new(self.source, span), layer: self.layer, value }
    }

    fn value(&mut self, value: Spanned<DeValue>, depth: usize) -> Node {
        let span = value.span();
        if depth > MAX_DEPTH {
            self.errors.push((span.clone(), format!("{TOO_DEEP} {MAX_DEPTH} deep")));
            return self.node(span, Value::Boolean(false));
        }
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(integer) => Value::Number(self.integer(&integer, &span)),
            DeValue::Float(float) => Value::Number(unsigned(float.as_str())),
            DeValue::Boolean(value) => Value::Boolean(value),
            DeValue::Datetime(datetime) => Value::Datetime(datetime.to_string()),
            DeValue::Array(items) => Value::List(items.into_iter().map(|item| self.value(item, depth + 1)).collect()),
            DeValue::Table(table) => return self.table(Origin::new(self.source, span), table, depth),
        };
        self.node(span, value)
    }

    fn table(&mut self, origin: Origin, table: DeTable, depth: usize) -> Node {
        let mut entries: Vec<Entry> = Vec::with_capacity(table.len());
        for (key, value) in table {
            let key_origin = Origin::new(self.source, key.span());
            let node = self.value(value, depth + 1);
            entries.push(Entry { key: key.into_inner().into_owned(), key_origin, node });
        }
        // toml hands the keys over in the order of the alphabet.
        entries.sort_by_cached_key(first_mention);
        let mut table = Table::default();
        entries.into_iter().for_each(|entry| table.put(entry));
        Node { origin, layer: self.layer, value: Value::Table(table) }
    }

    fn integer(&mut self, integer: &DeInteger, span: &Range<usize>) -> String {
        if integer.radix() == 10 {
            return unsigned(integer.as_str());
        }
        u128::from_str_radix(integer.as_str(), integer.radix()).map_or_else(
            |_| {
                self.errors.push((span.clone(), TOO_LARGE.into()));
                "0".into()
            },
            |value| value.to_string(),
        )
    }
}

fn unsigned(number: &str) -> String {
    number.strip_prefix('+').unwrap_or(number).to_owned()
}

/// Where an entry is first spoken of: `[a.b]` before `[a]` counts for `a`.
fn first_mention(entry: &Entry) -> usize {
    let inner = match &entry.node.value {
        Value::Table(table) => table.entries.first().map(first_mention),
        _ => None,
    };
    inner.unwrap_or(usize::MAX).min(entry.key_origin.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> (Table, Vec<String>) {
        let mut sources = Sources::default();
        let id = sources.add(SourceKind::BuiltIn, "test", text);
        let (node, errors) = parse(id, sources.get(id), 0);
        let Value::Table(table) = node.value else { panic!("the root is a table") };
        (table, errors.into_iter().map(|error| error.message).collect())
    }

    fn keys(table: &Table) -> Vec<&str> {
        table.entries().iter().map(|entry| entry.key.as_str()).collect()
    }

    #[test]
    fn numbers_lose_nothing() {
        let text =
            "a = 1_000\nb = 0xff_ff\nc = 0o17\nd = 0b101\ne = +1_0.5e3\nf = 123456789012345678901234567890\ng = -0.10";
        let (table, errors) = root(text);
        assert!(errors.is_empty());
        let numbers: Vec<_> = table.entries().iter().map(|entry| entry.node.literal()).collect();
        let texts = ["1000", "65535", "15", "5", "10.5e3", "123456789012345678901234567890", "-0.10"];
        assert_eq!(numbers, texts.map(Literal::Number));
    }

    #[test]
    fn keys_keep_the_order_of_the_file() {
        let (table, errors) = root("z = 1\nb.y = 2\nb.a = 3\n[q.r]\n[a]\n[q]\nk = 1\n[c]\n");
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(keys(&table), ["z", "b", "q", "a", "c"]);
        let Value::Table(inner) = &table.get("b").unwrap().node.value else { panic!() };
        assert_eq!(keys(inner), ["y", "a"]);
    }

    #[test]
    fn a_removed_key_leaves_the_others_findable() {
        let (mut table, _) = root("a = 1\nb = 2\nc = 3");
        assert!(table.remove("b").is_some());
        assert_eq!(keys(&table), ["a", "c"]);
        assert_eq!(table.get("c").unwrap().node.literal(), Literal::Number("3"));
        assert!(table.get("b").is_none() && table.remove("b").is_none());
    }

    #[test]
    fn all_syntax_errors_are_found() {
        let (_, errors) = root("a = 3/min\nb c = 1\nd = \ne = 1\ne = 2\nf = tru\n");
        assert_eq!(errors.len(), 5, "{errors:?}");
    }

    #[test]
    fn lines_and_their_spans() {
        let source = Source::new(SourceKind::File, "x".into(), "\u{feff}ab\r\n\ncd");
        assert_eq!(source.line(0), 0);
        assert_eq!(source.line_span(0), 0..2);
        assert_eq!(source.line_span(1), 4..4);
        assert_eq!((source.line(4), source.line(5), source.line(7)), (1, 2, 2));
        assert_eq!(source.line_span(2), 5..7);
        assert_eq!(source.line_span(9), 7..7);
    }

    #[test]
    fn depth_is_bounded_on_an_ordinary_stack() {
        let dotted = vec!["a"; 79].join(".");
        let bomb = format!("{}1{}", format!("{{{dotted}=").repeat(79), "}".repeat(79));
        let twice = format!("x = {bomb}\nx = {bomb}\n");
        assert!(!root(&twice).1.is_empty());
        for open in ["[", "{a=", "[{a="] {
            assert!(!root(&format!("x = {}", open.repeat(100_000))).1.is_empty());
        }
        assert!(!root(&format!("{} = 1", vec!["a"; 50_000].join("."))).1.is_empty());
        assert!(!root(&format!("[{}]", vec!["a"; 79].join("."))).1.is_empty());
    }
}
