//! Fills parameters from a tree, collecting every problem instead of stopping at the first.

use super::diagnostic::Diagnostic;
use super::keys::{is_key_of, kind_of_keys};
use super::loaded::{Failure, Loaded, Origins, Problems};
use super::names::{is_name, listed, nearest, suggestion, uncapitalised};
use super::path;
use super::source::{Entry, Layer, Node, Origin, Sources, Table, Value};
use crate::params::{Choice, Invalid, Named, OptionalSection, Parameter, Parameters, Presence, Visitor};
use std::collections::BTreeMap;

/// What has come out so far.
pub struct Reader {
    problems: Vec<Diagnostic>,
    origins: Origins,
}

impl Reader {
    /// Fills `into` from the tree below `root`.
    pub fn read(sources: Sources, root: &Node, into: &mut dyn Parameters) -> Result<Loaded, Failure> {
        let origins = Origins { root: root.origin, stated: BTreeMap::new() };
        let mut reader = Reader { problems: Vec::new(), origins };
        reader.fill("", Statement::here(root, 0), into);
        if reader.problems.is_empty() {
            return Ok(Loaded { sources, warnings: Vec::new(), origins: reader.origins });
        }
        Err(Failure::Scenario(Problems { sources, diagnostics: reader.problems }))
    }

    /// Fills `model` from the table at `path`; gives the keys that it misses where the table is not there to say so.
    fn fill(&mut self, path: &str, statement: Statement, model: &mut dyn Parameters) -> Vec<String> {
        let problems_before = self.problems.len();
        let mut table = TableReader::new(self, path, statement);
        model.visit(&mut table);
        let (missing, known) = table.finish();
        // A value that could not be read would only make for a second complaint about the same thing.
        if missing.is_empty()
            && self.problems.len() == problems_before
            && let Err(invalid) = model.check()
        {
            self.complain(path, &invalid, &known);
        }
        missing
    }

    fn complain(&mut self, table: &str, invalid: &Invalid, known: &[Known]) {
        let path = path::child(table, invalid.key);
        let mut problem = Diagnostic::error(&invalid.message).at(self.origins.nearest(&path)).help(&invalid.help);
        if !self.origins.stated.contains_key(&path) {
            let default = known.iter().find(|known| known.key == invalid.key).and_then(|known| known.example.as_ref());
            problem = match default {
                Some(default) => problem.note(format!("`{path}` is not stated, and its default is `{default}`")),
                None => problem.note(format!("`{path}` is not stated")),
            };
        }
        self.problems.push(problem);
    }
}

/// What the texts say about one table.
#[derive(Clone, Copy)]
enum Statement<'t> {
    /// It is there, or a bare value in its place, which is the short form of its first required key. What was stated
    /// below layer `floor` has been replaced since, by another kind.
    Here { node: &'t Node, short: Option<&'t Node>, floor: Layer },
    /// It is not there, and what it must state is missing.
    Absent,
    /// It is not there, and what stands in its place by default is complete.
    Default,
}

impl<'t> Statement<'t> {
    fn here(node: &'t Node, floor: Layer) -> Self {
        Statement::Here { node, short: bare_of(node).filter(|bare| bare.layer >= floor), floor }
    }
}

/// A key that a model asked for.
struct Known {
    key: &'static str,
    /// What it may be, as TOML.
    example: Option<String>,
}

/// Something that must be stated and is not.
enum Missing {
    Value { key: &'static str, example: Option<String> },
    Kind { key: Option<&'static str>, kinds: Kinds },
    Section { key: &'static str, keys: Vec<String> },
}

type Kinds = &'static [(&'static str, &'static str)];

/// Reads one table for one model.
struct TableReader<'r, 't> {
    reader: &'r mut Reader,
    path: &'r str,
    statement: Statement<'t>,
    /// A bare value in place of the table, until the first required key takes it.
    short: Option<&'t Node>,
    known: Vec<Known>,
    missing: Vec<Missing>,
}

/// The table that `node` is, if it is one.
pub(super) fn table_of(node: &Node) -> Option<&Table> {
    match &node.value {
        Value::Table(table) => Some(table),
        _ => None,
    }
}

/// The bare value that `node` is, or that one layer states where another states a table.
fn bare_of(node: &Node) -> Option<&Node> {
    match &node.value {
        Value::Table(table) => table.short.as_deref(),
        _ => Some(node),
    }
}

/// The same, but only where no table has been stated over it.
fn last_bare_of(node: &Node) -> Option<&Node> {
    bare_of(node).filter(|bare| bare.layer == node.layer)
}

impl<'r, 't> TableReader<'r, 't> {
    fn new(reader: &'r mut Reader, path: &'r str, statement: Statement<'t>) -> Self {
        let short = match statement {
            Statement::Here { short, .. } => short,
            Statement::Absent | Statement::Default => None,
        };
        TableReader { reader, path, statement, short, known: Vec::new(), missing: Vec::new() }
    }

    fn know(&mut self, key: &'static str, example: Option<String>) {
        self.known.push(Known { key, example });
    }

    fn floor(&self) -> Layer {
        match self.statement {
            Statement::Here { floor, .. } => floor,
            Statement::Absent | Statement::Default => 0,
        }
    }

    fn entry(&self, key: &str) -> Option<&'t Entry> {
        let Statement::Here { node, floor, .. } = self.statement else { return None };
        table_of(node)?.get(key).filter(|entry| entry.node.layer >= floor)
    }

    /// What is stated for a value under `key`, be it as the short form of this table.
    fn stated(&mut self, key: &str, presence: Presence) -> Option<&'t Node> {
        let entry = self.entry(key).map(|entry| last_bare_of(&entry.node).unwrap_or(&entry.node));
        let short = if presence == Presence::Required { self.short.take() } else { None };
        match (entry, short) {
            (Some(entry), Some(short)) => Some(if short.layer > entry.layer { short } else { entry }),
            (entry, short) => entry.or(short),
        }
    }

    fn child(&self, key: &str) -> String {
        path::child(self.path, key)
    }

    fn report(&mut self, problem: Diagnostic) {
        self.reader.problems.push(problem);
    }

    /// What an absent table below this one is: still wanted, or part of a default that is complete.
    fn absent(&self) -> Statement<'t> {
        match self.statement {
            Statement::Default => Statement::Default,
            Statement::Here { .. } | Statement::Absent => Statement::Absent,
        }
    }

    /// Says that `found` is no table, and how the table `key` would look.
    fn not_a_table(&mut self, found: &Node, help: String) {
        let message = format!("found {}, not a table of keys", found.literal().describe());
        self.report(Diagnostic::error(message).at(found.origin).help(help));
    }

    /// Chooses among the kinds that `table` states; the winner with its table's floor, if there is any.
    fn choose(&mut self, table: &'t Table, kinds: Kinds) -> Option<(usize, &'t Entry, Layer)> {
        let floor = self.floor();
        let visible = |kind: &str| table.get(kind).filter(|entry| entry.node.layer >= floor);
        let stated = kinds.iter().enumerate().filter_map(|(index, (kind, _))| Some((index, visible(kind)?)));
        let mut stated: Vec<(usize, &Entry)> = stated.collect();
        // The nearest to the user first, within a layer in the order of the text.
        stated.sort_by_key(|(_, entry)| (std::cmp::Reverse(entry.node.layer), entry.key_origin));
        let &(index, winner) = stated.first()?;
        let replaced = stated.get(1).map_or(floor, |(_, entry)| entry.node.layer);
        if let Some((_, rival)) = stated.get(1).filter(|(_, rival)| rival.node.layer == winner.node.layer) {
            let message = format!("both `{}` and `{}` are stated, and there can be one only", winner.key, rival.key);
            let problem = Diagnostic::error(message).at(rival.key_origin).also(winner.key_origin, "the other one");
            self.report(problem.help("keep one of them"));
        }
        Some((index, winner, floor.max(replaced)))
    }

    /// Fills the kind that is stated.
    fn fill_kind(&mut self, path: &str, (index, entry, floor): (usize, &'t Entry, Layer), slot: &mut dyn Choice) {
        // A kind that is there already keeps its values: they are the defaults.
        if slot.kinds().get(index).is_some_and(|(kind, _)| *kind != slot.kind()) {
            slot.choose(index);
        }
        let path = path::child(path, &entry.key);
        self.reader.origins.record(&path, &entry.node);
        self.reader.fill(&path, Statement::here(&entry.node, floor), slot.parameters());
    }

    /// Walks over the kind that is there by default.
    fn default_kind(&mut self, path: &str, slot: &mut dyn Choice) {
        // A choice that is left open has no kind.
        if slot.kind().is_empty() {
            return;
        }
        let path = path::child(path, slot.kind());
        self.reader.fill(&path, Statement::Default, slot.parameters());
    }

    /// Reports the entries of this table that no model asked for, and what is missing; gives what an absent table lacks.
    fn finish(mut self) -> (Vec<String>, Vec<Known>) {
        let mut missing = std::mem::take(&mut self.missing);
        match self.statement {
            Statement::Default => return (Vec::new(), self.known),
            Statement::Absent => return (missing.iter().flat_map(Missing::keys).collect(), self.known),
            Statement::Here { node, .. } => {
                let guesses = self.report_unknown(node);
                // Where a key is merely misspelt, its absence is no second problem.
                missing.retain(|missing| !guesses.iter().any(|guess| missing.is_met_by(guess)));
                match self.short.filter(|short| short.layer == node.layer) {
                    Some(short) => self.not_a_table(short, self.table_help()),
                    None => missing.into_iter().for_each(|missing| self.report_missing(node.origin, missing)),
                }
            }
        }
        (Vec::new(), self.known)
    }

    /// Reports unknown keys; gives the known ones that were probably meant.
    fn report_unknown(&mut self, node: &'t Node) -> Vec<&'static str> {
        let floor = self.floor();
        let mut keys: Vec<&'static str> = self.known.iter().map(|known| known.key).collect();
        if self.path.is_empty() {
            keys.push("extends");
        }
        let entries = table_of(node).map_or(&[][..], Table::entries);
        let unknown = entries.iter().filter(|entry| entry.node.layer >= floor && !keys.contains(&entry.key.as_str()));
        let mut guesses = Vec::new();
        for entry in unknown {
            let guess = nearest(&entry.key, keys.iter().copied());
            guesses.extend(guess);
            let message = format!("unknown key `{}`{}", entry.key, self.within());
            self.report(Diagnostic::error(message).at(entry.key_origin).help(suggestion(guess, "keys", &keys)));
        }
        guesses
    }

    fn report_missing(&mut self, table: Origin, missing: Missing) {
        let within = self.within();
        let problem = match missing {
            Missing::Value { key, example } => {
                // An empty text shows nothing of what is wanted.
                let example = example.map_or("…".into(), |text| if text == "\"\"" { "\"…\"".into() } else { text });
                let help = format!("state it, as in `{key} = {example}`");
                Diagnostic::error(format!("missing key `{key}`{within}")).help(help)
            }
            Missing::Section { key, keys } => {
                let help = format!("write `[{}]` with {}", self.child(key), listed(&keys));
                Diagnostic::error(format!("missing table `{key}`{within}")).help(help)
            }
            Missing::Kind { key, kinds } => {
                let (what, before) = match key {
                    Some(key) => (format!("missing table `{key}`{within}"), format!("{key}.")),
                    None => (format!("no kind is stated{within}"), String::new()),
                };
                no_kind(what, &before, kinds)
            }
        };
        self.report(problem.at(table));
    }

    /// ` in TABLE`, or nothing in the root.
    fn within(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!(" in `{}`", self.path) }
    }

    fn table_help(&self) -> String {
        let example = self.known.iter().find_map(|known| Some((known.key, known.example.as_ref()?)));
        match example {
            Some((key, example)) => format!("write a table, as in `{{ {key} = {example} }}`"),
            None => "write a table, as in `{}`".into(),
        }
    }
}

impl Visitor for TableReader<'_, '_> {
    fn value(&mut self, key: &'static str, presence: Presence, slot: &mut dyn Parameter) {
        let example = slot.write();
        match self.stated(key, presence) {
            Some(node) => {
                let path = self.child(key);
                self.reader.origins.record(&path, node);
                if let Err(misread) = slot.read(&node.literal()) {
                    let item = match (&node.value, misread.item) {
                        (Value::List(items), Some(at)) => items.get(at),
                        _ => None,
                    };
                    let origin = item.unwrap_or(node).origin;
                    self.report(Diagnostic::error(misread.message).at(origin).help(misread.help));
                }
            }
            None if presence == Presence::Required => {
                self.missing.push(Missing::Value { key, example: example.clone() })
            }
            None => {}
        }
        self.know(key, example);
    }

    fn section(&mut self, key: &'static str, slot: &mut dyn Parameters) {
        let path = self.child(key);
        self.know(key, None);
        let statement = match self.entry(key) {
            Some(entry) => {
                self.reader.origins.record(&path, &entry.node);
                Statement::here(&entry.node, self.floor())
            }
            None => self.absent(),
        };
        let keys = self.reader.fill(&path, statement, slot);
        if !keys.is_empty() {
            self.missing.push(Missing::Section { key, keys });
        }
    }

    fn optional_section(&mut self, key: &'static str, slot: &mut dyn OptionalSection) {
        let path = self.child(key);
        self.know(key, None);
        let Some(entry) = self.entry(key) else {
            if slot.is_present() {
                self.reader.fill(&path, Statement::Default, slot.fill());
            }
            return;
        };
        self.reader.origins.record(&path, &entry.node);
        let is_switch = |bare: &&Node| matches!(bare.value, Value::Boolean(_));
        if let Some(Node { value: Value::Boolean(false), .. }) = last_bare_of(&entry.node) {
            return slot.clear();
        }
        // `true` only switches it on.
        let (node, floor) = (&entry.node, self.floor());
        let short = bare_of(node).filter(|bare| bare.layer >= floor && !is_switch(bare));
        self.reader.fill(&path, Statement::Here { node, short, floor }, slot.fill());
    }

    fn kind(&mut self, presence: Presence, slot: &mut dyn Choice) {
        let kinds = slot.kinds();
        kinds.iter().for_each(|(kind, _)| self.know(kind, None));
        let chosen = match self.statement {
            Statement::Here { node, .. } => table_of(node).and_then(|table| self.choose(table, kinds)),
            Statement::Absent | Statement::Default => None,
        };
        let path = self.path;
        match (chosen, presence) {
            (Some(chosen), _) => self.fill_kind(path, chosen, slot),
            (None, Presence::Required) => self.missing.push(Missing::Kind { key: None, kinds }),
            (None, Presence::Optional) => self.default_kind(path, slot),
        }
    }

    fn choice(&mut self, key: &'static str, presence: Presence, slot: &mut dyn Choice) {
        let (path, kinds) = (self.child(key), slot.kinds());
        self.know(key, None);
        let Some(entry) = self.entry(key) else {
            match presence {
                Presence::Required => self.missing.push(Missing::Kind { key: Some(key), kinds }),
                Presence::Optional => self.default_kind(&path, slot),
            }
            return;
        };
        self.reader.origins.record(&path, &entry.node);
        if let Some(bare) = last_bare_of(&entry.node) {
            return self.not_a_table(bare, kind_help(key, bare, kinds));
        }
        let Some(table) = table_of(&entry.node) else { return };
        let problems_before = self.reader.problems.len();
        let unknown = self.report_unknown_kinds(key, table, kinds);
        match self.choose(table, kinds) {
            None if let Some(kind) = kind_of_keys(slot, table) => {
                self.reader.problems.truncate(problems_before);
                let problem = Diagnostic::error(format!("no kind is stated in `{path}`")).at(entry.node.origin);
                let names: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
                let help =
                    format!("put the kind between, as in `{key}.{kind} = {{ … }}`; there are {}", listed(&names));
                self.report(problem.help(help));
            }
            Some(chosen) => self.fill_kind(&path, chosen, slot),
            None if unknown => {}
            None => {
                let problem = no_kind(format!("no kind is stated in `{path}`"), "", kinds);
                self.report(problem.at(entry.node.origin));
            }
        }
    }

    fn named(&mut self, key: &'static str, slot: &mut dyn Named) {
        let path = self.child(key);
        self.know(key, None);
        let stated = self.entry(key);
        let table = stated.and_then(|entry| table_of(&entry.node));
        for name in slot.names() {
            if table.and_then(|table| table.get(&name)).is_none() {
                self.reader.fill(&path::child(&path, &name), Statement::Default, slot.entry(&name));
            }
        }
        let Some(entry) = stated else { return };
        self.reader.origins.record(&path, &entry.node);
        if let Some(bare) = last_bare_of(&entry.node) {
            return self.not_a_table(bare, format!("write a table for each name, as in `[{path}.my-name]`"));
        }
        let floor = self.floor();
        let entries = table.map_or(&[][..], Table::entries).iter().filter(|entry| entry.node.layer >= floor);
        let entries: Vec<&Entry> = entries.collect();
        if let Some(excess) = entries.get(MAX_NAMES) {
            let message = format!("there are more than {MAX_NAMES} names in `{path}`");
            return self.report(Diagnostic::error(message).at(excess.key_origin).help("describe fewer, larger ones"));
        }
        let mut unnamed = false;
        for entry in &entries {
            self.check_name(entry);
            let (table_path, path) = (&path, path::child(&path, &entry.key));
            self.reader.origins.record(&path, &entry.node);
            let problems_before = self.reader.problems.len();
            self.reader.fill(&path, Statement::here(&entry.node, floor), slot.entry(&entry.key));
            self.suggest_name(problems_before, entry, &entries);
            let is_wrong = self.reader.problems.len() > problems_before;
            if is_wrong && !entry.key.is_empty() && is_key_of(slot.entry(&entry.key), entry) {
                // What is wrong below it follows from the missing name, and one such complaint is enough.
                self.reader.problems.truncate(problems_before);
                if !std::mem::replace(&mut unnamed, true) {
                    let message = format!("`{}` stands where a name belongs in `{table_path}`", entry.key);
                    let help = format!("put a name of your own before it, as in `[{table_path}.my-name]`");
                    self.report(Diagnostic::error(message).at(entry.key_origin).help(help));
                }
            }
        }
    }
}

/// The most names that one table may have; each is looked for among all of them.
const MAX_NAMES: usize = 10_000;
/// Among more names than this, almost every one is almost another.
const MAX_SIMILAR_NAMES: usize = 64;

impl<'t> TableReader<'_, 't> {
    /// Reports what is none of `kinds` in the table of a choice; whether there was any.
    fn report_unknown_kinds(&mut self, key: &str, table: &'t Table, kinds: Kinds) -> bool {
        let floor = self.floor();
        let names: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
        let is_unknown = |entry: &&Entry| entry.node.layer >= floor && !names.contains(&entry.key.as_str());
        let unknown: Vec<&Entry> = table.entries().iter().filter(is_unknown).collect();
        for entry in &unknown {
            let message = format!("unknown kind `{}` of `{key}`{}", entry.key, self.within());
            let help = suggestion(nearest(&entry.key, names.iter().copied()), "kinds", &names);
            self.report(Diagnostic::error(message).at(entry.key_origin).help(help));
        }
        !unknown.is_empty()
    }

    /// Something missing in a table whose name is almost another's: probably the other one was meant.
    fn suggest_name(&mut self, problems_before: usize, entry: &Entry, all: &[&Entry]) {
        let problems = &mut self.reader.problems[problems_before..];
        let others = all.iter().map(|other| other.key.as_str()).filter(|name| *name != entry.key);
        if !problems.is_empty()
            && all.len() <= MAX_SIMILAR_NAMES
            && let Some(meant) = nearest(&entry.key, others)
        {
            // What is missing is reported where the table is opened.
            let missing = problems.iter_mut().filter(|problem| problem.origin() == Some(entry.node.origin));
            missing.for_each(|problem| problem.help.insert(0, format!("did you mean `{meant}`?")));
        }
    }

    /// Names go into reports, tables and file names, so that they have to be tame.
    fn check_name(&mut self, entry: &Entry) {
        if !is_name(&entry.key) {
            let help = "begin with a letter or digit; go on with at most 63 of these, spaces and `_.:/+-`";
            let message = format!("`{}` cannot be a name", entry.key);
            self.report(Diagnostic::error(message).at(entry.key_origin).help(help));
        }
    }
}

impl Missing {
    /// What an absent table lacks, as keys below it.
    fn keys(&self) -> Vec<String> {
        match self {
            Missing::Value { key, .. } | Missing::Kind { key: Some(key), .. } => vec![(*key).to_owned()],
            Missing::Kind { key: None, kinds } => {
                vec![kinds.iter().map(|(kind, _)| *kind).collect::<Vec<_>>().join("|")]
            }
            Missing::Section { key, keys } => keys.iter().map(|inner| format!("{key}.{inner}")).collect(),
        }
    }

    /// Whether stating `guess` would do.
    fn is_met_by(&self, guess: &str) -> bool {
        match self {
            Missing::Value { key, .. } | Missing::Section { key, .. } | Missing::Kind { key: Some(key), .. } => {
                *key == guess
            }
            Missing::Kind { key: None, kinds } => kinds.iter().any(|(kind, _)| *kind == guess),
        }
    }
}

/// Says that a kind must be chosen, and what there is to choose from.
fn no_kind(message: String, before: &str, kinds: Kinds) -> Diagnostic {
    let names: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
    let listing = |problem: Diagnostic, (kind, doc): &(&str, &str)| {
        problem.note(format!("`{before}{kind}`: {}", uncapitalised(doc.trim().trim_end_matches('.'))))
    };
    let problem = kinds.iter().fold(Diagnostic::error(message), listing);
    problem.help(format!("choose one, as in `{before}{} = {{ … }}`", names.first().unwrap_or(&"kind")))
}

/// How to write the choice `key` for which `found` stands.
fn kind_help(key: &str, found: &Node, kinds: Kinds) -> String {
    let names: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
    let meant = match &found.value {
        Value::Text(text) => nearest(text, names.iter().copied()),
        _ => None,
    };
    match meant {
        Some(kind) => format!("the kind is a key: write `{key}.{kind} = {{ … }}`"),
        None => format!("write `{key}.KIND = {{ … }}`, where the kinds are {}", listed(&names)),
    }
}
