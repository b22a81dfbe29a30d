//! Parameters written back as a scenario, with every default filled in, and looked up by path.

use super::Loaded;
use super::diagnostic::printable;
use super::path;
use crate::params::{Choice, Named, OptionalSection, Parameter, Parameters, Presence, Visitor};

/// `params` as TOML that reads back to equal values; with `loaded`, each value says where it came from.
pub fn print(params: &mut dyn Parameters, loaded: Option<&Loaded>) -> String {
    let mut out = String::new();
    Block::of("", params).print(&mut out, loaded);
    out.trim_start().to_owned()
}

/// The value at `path`, as TOML; `None` where there is none or it is not set.
pub fn get(params: &mut dyn Parameters, path: &str) -> Option<String> {
    let path = path::canonical(path)?;
    paths(params).into_iter().find(|(found, _)| *found == path).map(|(_, value)| value)
}

/// The path and the value, as TOML, of everything that is set.
pub fn paths(params: &mut dyn Parameters) -> Vec<(String, String)> {
    let mut out = Vec::new();
    Block::of("", params).collect(&mut out);
    out
}

/// What a line of a block states.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A value.
    Value,
    /// That a kind without values is chosen, or a section switched off.
    Shape,
}

/// `key = value`.
struct Line {
    /// As written in its block.
    key: String,
    value: String,
    kind: Kind,
    /// From the root.
    path: String,
}

/// A table with its header.
struct Block {
    path: String,
    /// Whether being there means something, even with nothing in it.
    is_wanted: bool,
    lines: Vec<Line>,
    blocks: Vec<Block>,
}

impl Block {
    fn of(path: &str, params: &mut dyn Parameters) -> Block {
        let mut block = Block { path: path.to_owned(), is_wanted: false, lines: Vec::new(), blocks: Vec::new() };
        params.visit(&mut block);
        block
    }

    fn line(&mut self, key: &str, value: String, kind: Kind) {
        let path = path::child(&self.path, key);
        self.lines.push(Line { key: path::child("", key), value, kind, path });
    }

    fn block(&mut self, path: &str, is_wanted: bool, params: &mut dyn Parameters) {
        self.blocks.push(Block { is_wanted, ..Block::of(path, params) });
    }

    /// Adds the chosen kind of `slot`, below `key` if it has one: as dotted keys unless it has tables of its own.
    fn add_kind(&mut self, key: Option<&str>, slot: &mut dyn Choice) {
        // A choice that is left open has no kind.
        if slot.kind().is_empty() {
            return;
        }
        let key = path::join(key.into_iter().chain([slot.kind()]));
        let path = if self.path.is_empty() { key.clone() } else { format!("{}.{key}", self.path) };
        let mut kind = Block::of(&path, slot.parameters());
        if kind.lines.is_empty() && kind.blocks.is_empty() {
            kind.lines.push(Line { key: String::new(), value: "{}".into(), kind: Kind::Shape, path });
        }
        if kind.blocks.is_empty() {
            let dotted = |line: Line| match line.key.as_str() {
                "" => Line { key: key.clone(), ..line },
                inner => Line { key: format!("{key}.{inner}"), ..line },
            };
            self.lines.extend(kind.lines.into_iter().map(dotted));
        } else {
            self.blocks.push(Block { is_wanted: true, ..kind });
        }
    }

    fn collect(self, out: &mut Vec<(String, String)>) {
        let values = self.lines.into_iter().filter(|line| line.kind == Kind::Value);
        out.extend(values.map(|line| (line.path, line.value)));
        self.blocks.into_iter().for_each(|block| block.collect(out));
    }

    fn is_printed(&self) -> bool {
        self.is_wanted || !self.lines.is_empty() || self.blocks.iter().any(Block::is_printed)
    }

    fn print(&self, out: &mut String, loaded: Option<&Loaded>) {
        let is_implied = self.lines.is_empty() && self.blocks.iter().any(Block::is_printed);
        if !self.path.is_empty() && self.is_printed() && !is_implied {
            out.push_str(&format!("\n[{}]\n", self.path));
        }
        let statements: Vec<String> = self.lines.iter().map(|line| format!("{} = {}", line.key, line.value)).collect();
        let width = statements.iter().map(|line| line.chars().count()).filter(|&width| width <= 72).max().unwrap_or(0);
        for (line, statement) in self.lines.iter().zip(statements) {
            match loaded {
                Some(loaded) => {
                    out.push_str(&format!("{statement:width$}  # {}\n", printable(&loaded.place(&line.path))))
                }
                None => out.push_str(&format!("{statement}\n")),
            }
        }
        self.blocks.iter().for_each(|block| block.print(out, loaded));
    }
}

impl Visitor for Block {
    fn value(&mut self, key: &'static str, _: Presence, slot: &mut dyn Parameter) {
        if let Some(value) = slot.write() {
            self.line(key, value, Kind::Value);
        }
    }

    fn section(&mut self, key: &'static str, slot: &mut dyn Parameters) {
        self.block(&path::child(&self.path, key), false, slot);
    }

    fn optional_section(&mut self, key: &'static str, slot: &mut dyn OptionalSection) {
        if slot.is_present() {
            self.block(&path::child(&self.path, key), true, slot.fill());
        } else {
            self.line(key, "false".into(), Kind::Shape);
        }
    }

    fn kind(&mut self, _: Presence, slot: &mut dyn Choice) {
        self.add_kind(None, slot);
    }

    fn choice(&mut self, key: &'static str, _: Presence, slot: &mut dyn Choice) {
        self.add_kind(Some(key), slot);
    }

    fn named(&mut self, key: &'static str, slot: &mut dyn Named) {
        let path = path::child(&self.path, key);
        for name in slot.names() {
            self.block(&path::child(&path, &name), true, slot.entry(&name));
        }
    }
}
