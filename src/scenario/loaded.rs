//! What comes of reading a scenario: where each value stands, or why there is none.

use super::diagnostic::{self, Diagnostic, Paint};
use super::path;
use super::source::{Node, Origin, Sources, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Why no scenario came out.
#[derive(Debug)]
pub enum Failure {
    /// The world would not have it: the file cannot be read.
    World {
        /// The file.
        path: PathBuf,
        /// Why not, in lower case without a full stop.
        cause: String,
    },
    /// The texts are wrong.
    Scenario(Problems),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::World { path, cause } => {
                let path = diagnostic::printable(&path.display().to_string());
                write!(f, "error: cannot read `{path}`: {cause}")
            }
            Failure::Scenario(problems) => f.write_str(problems.draw(Paint::Plain).trim_end()),
        }
    }
}

impl std::error::Error for Failure {}

/// What is wrong with a scenario, and the texts that it is about.
#[derive(Debug)]
pub struct Problems {
    /// The texts.
    pub sources: Sources,
    /// At least one.
    pub diagnostics: Vec<Diagnostic>,
}

impl Problems {
    /// The pictures of all of them, in the order of their places.
    pub fn draw(&self, paint: Paint) -> String {
        diagnostic::draw(&self.diagnostics, &self.sources, paint)
    }
}

/// A scenario that was read: where each of its values came from.
#[derive(Debug)]
pub struct Loaded {
    /// The texts.
    pub sources: Sources,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
    pub(super) origins: Origins,
}

impl Loaded {
    /// Where the value or table at `path` is stated, or else the nearest table around it.
    pub fn at(&self, path: &str) -> Origin {
        self.origins.nearest(&path::canonical(path).unwrap_or_default())
    }

    /// Where element `index` of the list at `path` is stated, or else what [`Loaded::at`] says.
    pub fn item(&self, path: &str, index: usize) -> Origin {
        let stated = path::canonical(path).and_then(|path| self.origins.stated.get(&path));
        let item = stated.and_then(|stated| stated.items.get(index));
        item.copied().unwrap_or_else(|| self.at(path))
    }

    /// Whether `path` is stated, rather than left at its default.
    pub fn states(&self, path: &str) -> bool {
        path::canonical(path).is_some_and(|path| self.origins.stated.contains_key(&path))
    }

    /// Where `path` is stated, in a few words: `chat.toml:14`, `--set` or `default`.
    pub fn place(&self, path: &str) -> String {
        if self.states(path) { self.sources.place(self.at(path)) } else { "default".into() }
    }

    /// Turns the scenario down, for what only shows once all of it is known.
    pub fn refuse(self, diagnostics: Vec<Diagnostic>) -> Failure {
        Failure::Scenario(Problems { sources: self.sources, diagnostics })
    }
}

/// Where everything that is stated stands.
#[derive(Debug)]
pub(super) struct Origins {
    pub(super) root: Origin,
    pub(super) stated: BTreeMap<String, Stated>,
}

#[derive(Debug)]
pub(super) struct Stated {
    origin: Origin,
    items: Vec<Origin>,
}

impl Origins {
    pub(super) fn record(&mut self, path: &str, node: &Node) {
        let items = match &node.value {
            Value::List(items) => items.iter().map(|item| item.origin).collect(),
            _ => Vec::new(),
        };
        self.stated.insert(path.to_owned(), Stated { origin: node.origin, items });
    }

    /// `path` in its canonical form.
    pub(super) fn nearest(&self, path: &str) -> Origin {
        let keys = path::split(path, None).map(|(parts, _)| parts).unwrap_or_default();
        let prefixes = (1..=keys.len()).rev().map(|len| path::join(keys[..len].iter().map(|part| part.key.as_str())));
        let mut found = prefixes.filter_map(|prefix| self.stated.get(&prefix));
        found.next().map_or(self.root, |stated| stated.origin)
    }
}
