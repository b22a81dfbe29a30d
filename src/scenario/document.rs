//! A scenario's file, the files that it extends and what the command line sets, laid over one another.

use super::diagnostic::Diagnostic;
use super::loaded::{Failure, Loaded, Problems};
use super::path::{self, Malformed, Part};
use super::reader::Reader;
use super::source::{self, Entry, Layer, MAX_DEPTH, Node, Origin, SourceId, SourceKind, Sources, Table, Value};
use crate::params::Parameters;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The largest file that is read.
pub const MAX_FILE_BYTES: u64 = 1 << 20;
/// The most that all files of one scenario may hold.
pub const MAX_BYTES: usize = 8 << 20;
/// The most files that one scenario may consist of.
pub const MAX_FILES: usize = 64;
/// The most files that may extend one another.
pub const MAX_EXTENDS: usize = 8;

/// The layer of what the command line sets: above every file.
const SET_LAYER: Layer = MAX_FILES as Layer + 1;

/// One tree of everything that is stated, and what is wrong with the texts so far.
#[derive(Debug)]
pub struct Document {
    sources: Sources,
    root: Node,
    problems: Vec<Diagnostic>,
}

impl Document {
    /// Reads the file at `path`, with what it extends below and `set` (each `KEY=VALUE`) above.
    pub fn open(path: &Path, set: &[String]) -> Result<Document, Failure> {
        let world = |cause: String| Failure::World { path: path.to_owned(), cause };
        let bytes = read_file(path).map_err(world)?;
        let real = fs::canonicalize(path).map_err(|error| world(cause(&error)))?;
        let folder = fs::canonicalize(folder_of(path)).map_err(|error| world(cause(&error)))?;
        let mut loader = Loader { folder: Some(folder), ..Loader::default() };
        let root = loader.file(path, real, &bytes);
        Ok(loader.finish(root, set))
    }

    /// Takes `text`, which `name` stands for in diagnostics; it can extend nothing.
    pub fn from_text(name: &str, text: &str, set: &[String]) -> Document {
        let mut loader = Loader::default();
        let root = loader.text(SourceKind::BuiltIn, Path::new(name), text);
        loader.finish(root, set)
    }

    /// Every text that it was read from.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Fills `into`, or says everything that is wrong. The values that `into` holds already are the defaults.
    pub fn fill(self, into: &mut dyn Parameters) -> Result<Loaded, Failure> {
        if !self.problems.is_empty() {
            return Err(Failure::Scenario(Problems { sources: self.sources, diagnostics: self.problems }));
        }
        Reader::read(self.sources, &self.root, into)
    }
}

/// The folder of `path`, which for a bare name is the current one.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string().to_lowercase(),
    }
}

/// The bytes of a regular file of reasonable size.
fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let too_large = || Err(format!("it is larger than {} MiB", MAX_FILE_BYTES >> 20));
    // Before opening it, because opening a pipe waits for a writer.
    let about = fs::metadata(path).map_err(|error| cause(&error))?;
    if about.is_dir() {
        return Err("it is a folder, not a file".into());
    }
    if !about.is_file() {
        return Err("it is not a regular file".into());
    }
    if about.len() > MAX_FILE_BYTES {
        return too_large();
    }
    let mut bytes = Vec::new();
    // The length may lie: files of `/proc` say 0.
    let file = File::open(path).map_err(|error| cause(&error))?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| cause(&error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES { too_large() } else { Ok(bytes) }
}

/// Reads files until nothing extends anything.
#[derive(Default)]
struct Loader {
    /// What bases must lie in, symbolic links resolved; a text has none.
    folder: Option<PathBuf>,
    sources: Sources,
    problems: Vec<Diagnostic>,
    /// The files that are being read, each extending the next.
    trail: Vec<(PathBuf, String)>,
    bytes: usize,
}

impl Loader {
    /// `shown` as the user would type it, `real` with symbolic links resolved.
    fn file(&mut self, shown: &Path, real: PathBuf, bytes: &[u8]) -> Node {
        self.bytes += bytes.len();
        self.trail.push((real, shown.display().to_string()));
        let root = match std::str::from_utf8(bytes) {
            Ok(text) => self.text(SourceKind::File, shown, text),
            Err(error) => self.not_utf8(shown, bytes, error.valid_up_to()),
        };
        self.trail.pop();
        root
    }

    fn not_utf8(&mut self, shown: &Path, bytes: &[u8], at: usize) -> Node {
        let text = String::from_utf8_lossy(bytes);
        let id = self.sources.add(SourceKind::File, shown.display().to_string(), &text);
        // A byte-order mark is not kept.
        let at = at - (text.len() - self.sources.get(id).text.len());
        let origin = Origin::new(id, at..at + char::REPLACEMENT_CHARACTER.len_utf8());
        self.problems.push(Diagnostic::error("this is not UTF-8 text").at(origin).help("save the file as UTF-8"));
        Node { origin, layer: 0, value: Value::Table(Table::default()) }
    }

    fn text(&mut self, kind: SourceKind, shown: &Path, text: &str) -> Node {
        // Files are read from the top: each lies below whatever extends it, and below the bases listed after it.
        let layer = (MAX_FILES - self.sources.len().min(MAX_FILES)) as Layer;
        let id = self.sources.add(kind, shown.display().to_string(), text);
        let (mut root, errors) = source::parse(id, self.sources.get(id), layer);
        self.problems.extend(errors);
        let extends = match &mut root.value {
            Value::Table(table) => table.remove("extends"),
            _ => None,
        };
        let bases = extends.map(|entry| self.bases(entry, shown)).unwrap_or_default();
        bases
            .into_iter()
            .chain([root])
            .reduce(|mut below, over| {
                below.overlay(over, None);
                below
            })
            .unwrap_or_else(|| Node { origin: Origin::new(id, 0..0), layer, value: Value::Table(Table::default()) })
    }

    /// The trees of what `extends` names, the lowest first.
    fn bases(&mut self, extends: Entry, shown: &Path) -> Vec<Node> {
        let names = match extends.node.value {
            Value::List(items) => items,
            _ => vec![extends.node],
        };
        let mut bases: Vec<Node> = names.iter().rev().filter_map(|name| self.base(name, shown)).collect();
        bases.reverse();
        bases
    }

    fn base(&mut self, name: &Node, shown: &Path) -> Option<Node> {
        let found = match &name.value {
            Value::Text(text) => self.open_base(text, shown),
            _ => Err(Diagnostic::error(format!("found {}", name.literal().describe()))
                .help("write the path of a file, as in `extends = \"base.toml\"`")),
        };
        match found {
            Ok((shown, real, bytes)) => Some(self.file(&shown, real, &bytes)),
            Err(problem) => {
                self.problems.push(problem.at(name.origin));
                None
            }
        }
    }

    fn open_base(&self, name: &str, from: &Path) -> Result<(PathBuf, PathBuf, Vec<u8>), Diagnostic> {
        let unreadable = |cause: String| {
            Diagnostic::error(format!("cannot read `{name}`: {cause}"))
                .help("write the path of a file, from the folder of the file that extends it")
        };
        let Some(folder) = &self.folder else {
            return Err(Diagnostic::error("this text has no folder, so that it cannot extend a file")
                .help("take `extends` out"));
        };
        if name.contains("://") {
            return Err(Diagnostic::error(format!("`{name}` is an address, not a file"))
                .help("save it beside the scenario, and write its path"));
        }
        let shown = from.parent().unwrap_or(Path::new("")).join(name);
        let real = fs::canonicalize(&shown).map_err(|error| unreadable(cause(&error)))?;
        if !real.starts_with(folder) {
            return Err(Diagnostic::error(format!("`{name}` lies outside the folder of the scenario"))
                .help("move it into the folder of the scenario that is run, or below"));
        }
        self.refuse_cycle(name, &real)?;
        self.refuse_excess()?;
        let bytes = read_file(&real).map_err(unreadable)?;
        if self.bytes + bytes.len() > MAX_BYTES {
            return Err(Diagnostic::error(format!("the files of the scenario hold more than {} MiB", MAX_BYTES >> 20))
                .help("extend fewer or smaller files"));
        }
        Ok((shown, real, bytes))
    }

    fn refuse_cycle(&self, name: &str, real: &Path) -> Result<(), Diagnostic> {
        let Some(at) = self.trail.iter().position(|(open, _)| open == real) else { return Ok(()) };
        let help = "take one `extends` of the circle out";
        let circle: Vec<String> =
            self.trail[at..].iter().chain(&self.trail[at..=at]).map(|(_, shown)| format!("`{shown}`")).collect();
        match circle.len() {
            2 => Err(Diagnostic::error("this file extends itself").help("take this `extends` out")),
            _ => Err(Diagnostic::error(format!("`{name}` extends this file in turn"))
                .note(format!("the circle is {}", circle.join(" -> ")))
                .help(help)),
        }
    }

    fn refuse_excess(&self) -> Result<(), Diagnostic> {
        if self.trail.len() > MAX_EXTENDS {
            return Err(Diagnostic::error(format!("more than {MAX_EXTENDS} files extend one another"))
                .help("merge some of them into one"));
        }
        if self.sources.len() >= MAX_FILES {
            return Err(Diagnostic::error(format!("the scenario consists of more than {MAX_FILES} files"))
                .help("extend fewer files"));
        }
        Ok(())
    }

    fn finish(mut self, mut root: Node, set: &[String]) -> Document {
        for text in set {
            let id = self.sources.add(SourceKind::Set, "--set", text);
            match setting(id, &self.sources.get(id).text) {
                // It adds to the root, and does not state the root anew.
                Ok(over) => root.overlay(over, Some(Origin::new(id, 0..0))),
                Err(problem) => self.problems.push(problem),
            }
        }
        Document { sources: self.sources, root, problems: self.problems }
    }
}

/// The tree that `KEY=VALUE` stands for.
fn setting(id: SourceId, text: &str) -> Result<Node, Diagnostic> {
    let help = "write a key, `=` and a value, as in `seed=7` or `traffic.\"night shift\".rate=3/min`";
    let refuse = |message: &str, span: Range<usize>| Diagnostic::error(message).at(Origin::new(id, span)).help(help);
    let (parts, end) = path::split(text, Some('=')).map_err(|Malformed { message, span }| refuse(message, span))?;
    if end == text.len() {
        return Err(refuse("there is no `=`", end..end));
    }
    if parts.len() > MAX_DEPTH {
        return Err(refuse("the key has too many parts", 0..end));
    }
    if let [Part { key, span }] = parts.as_slice()
        && key == "extends"
    {
        let message = "`extends` belongs in a file";
        return Err(Diagnostic::error(message).at(Origin::new(id, span.clone())).help("write it in the scenario"));
    }
    let value = set_value(id, text, end + 1);
    // Each table stands where the key that opens it does, the root at the start.
    let keys: Vec<Origin> = parts.iter().map(|part| Origin::new(id, part.span.clone())).collect();
    let tables = std::iter::once(Origin::new(id, 0..0)).chain(keys.iter().copied());
    let levels = parts.into_iter().zip(&keys).zip(tables).collect::<Vec<_>>().into_iter().rev();
    Ok(levels.fold(value, |node, ((part, &key_origin), origin)| {
        let mut table = Table::default();
        table.put(Entry { key: part.key, key_origin, node });
        Node { origin, layer: SET_LAYER, value: Value::Table(table) }
    }))
}

/// What follows the `=`: a TOML value where it is one, else the text as it stands.
fn set_value(id: SourceId, text: &str, from: usize) -> Node {
    let value = text[from..].trim();
    let start = text.len() - text[from..].trim_start().len();
    source::parse_value(id, value, start, SET_LAYER).unwrap_or_else(|| Node {
        origin: Origin::new(id, start..start + value.len()),
        layer: SET_LAYER,
        value: Value::Text(value.to_owned()),
    })
}
