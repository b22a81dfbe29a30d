//! Which cells of a record mean what.

use super::error::quote;
use super::only::Wanted;
use super::outcome::Outcome;
use super::paths::Paths;
use super::shape::{Content, Sample, Table};
use super::stamp::Writing;
use super::{Container, TimeUnit, TraceFormat};
use crate::units::grammar::Misread;

/// How the records of a log are found, and which of their cells are read.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) format: TraceFormat,
    pub(super) container: Container,
    pub(super) place: Place,
    /// What is read of each record; the indices below point here.
    pub(super) slots: Vec<Slot>,
    pub(super) time: usize,
    pub(super) writing: Writing,
    /// Whether stamps were taken when requests were answered.
    pub(super) is_completion: bool,
    /// Parts of the duration, to be added, and their unit.
    pub(super) duration: Vec<usize>,
    pub(super) duration_unit: TimeUnit,
    /// Parts of the input, to be added.
    pub(super) input: Vec<usize>,
    /// Parts of the input that were read from a cache, to be added.
    pub(super) cached: Vec<usize>,
    /// Parts of the output, to be added.
    pub(super) output: Vec<usize>,
    /// Who asked.
    pub(super) client: Option<usize>,
    /// What it asks for.
    pub(super) key: Option<usize>,
    /// Where it says how a call ended, and how it says that.
    pub(super) failed: Option<(usize, Outcome)>,
    /// Which records are requests.
    pub(super) keep: Vec<(usize, Test, &'static str)>,
    /// Which of the requests are wanted.
    pub(super) only: Vec<Wanted>,
    /// What is the same in all records of one request.
    pub(super) once: Vec<usize>,
    /// The name of the session, where each has its own zero.
    pub(super) session: Option<usize>,
    /// A list of further requests within a record, instead of one.
    pub(super) nested: Option<usize>,
    pub(super) periods: Option<Periods>,
    /// What was taken for granted, one sentence each.
    pub(super) notes: Vec<String>,
}

/// One thing that is read of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Slot {
    /// The column's name, or the dotted path of the key.
    pub(super) name: String,
    /// Whether a record may have several values for it.
    pub(super) may_repeat: bool,
    /// Whether it is in the first records.
    pub(super) is_seen: bool,
    /// Whether a line may end before it.
    pub(super) is_optional: bool,
}

/// Where the cells of a log are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In records of so many fields; for each slot the column, and what is wanted of the JSON in it.
    Table { delimiter: u8, has_header: bool, fields: usize, columns: Vec<usize>, inner: Vec<Option<Paths>> },
    /// In the objects at a dotted path.
    Json { root: String, paths: Paths },
    /// In lines of at least so many fields; for each slot which.
    Web { least: usize, columns: Vec<usize> },
}

/// What a record must be to count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Test {
    /// Its cell is one of these words.
    Is(&'static [&'static str]),
    /// Its cell is none of these words.
    IsNot(&'static [&'static str]),
    /// Its cell holds something.
    Present,
    /// Its cell is another than in the record before.
    Changes,
}

/// How the records of a log count requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Periods {
    /// How many requests; absent where only tokens are counted.
    pub(super) requests: Option<usize>,
    /// When the period ends.
    pub(super) end: Option<usize>,
    /// The name of the metric, where a record is a whole series of a growing counter.
    pub(super) series: Option<usize>,
}

/// The cells of a table in which rows have a time, perhaps two counts and a status, and nothing else that matters: for each its slot and
/// its column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Simple {
    pub(super) fields: usize,
    pub(super) time: (usize, usize),
    pub(super) input: Option<(usize, usize)>,
    pub(super) output: Option<(usize, usize)>,
    /// The column of how a call ended, and what it says.
    pub(super) failed: Option<(usize, Outcome)>,
}

impl Layout {
    /// Where the cells are, if this is the layout of a simple table.
    pub(super) fn simple_columns(&self) -> Option<Simple> {
        let Place::Table { fields, columns, inner, .. } = &self.place else { return None };
        let has_no_rules = self.keep.is_empty()
            && self.only.is_empty()
            && self.once.is_empty()
            && self.client.is_none()
            && self.key.is_none()
            && self.session.is_none()
            && self.periods.is_none();
        let is_bare = !self.is_completion && self.cached.is_empty() && inner.iter().all(Option::is_none);
        let one = |slots: &[usize]| match *slots {
            [] => Some(None),
            [slot] => Some(Some((slot, columns[slot]))),
            _ => None,
        };
        let (input, output) = (one(&self.input)?, one(&self.output)?);
        let time = (self.time, columns[self.time]);
        let failed = self.failed.map(|(slot, outcome)| (columns[slot], outcome));
        (has_no_rules && is_bare).then_some(Simple { fields: *fields, time, input, output, failed })
    }

    /// Whether each record is `stamp,count,count`, with commas.
    pub(super) fn is_stamp_and_two_counts(&self) -> bool {
        let has_commas = matches!(self.place, Place::Table { delimiter: b',', .. });
        let is_at = |cell: Option<(usize, usize)>, column| cell.is_some_and(|cell| cell.1 == column);
        let Some(simple) = self.simple_columns().filter(|simple| simple.failed.is_none()) else { return false };
        has_commas && simple.fields == 3 && simple.time.1 == 0 && is_at(simple.input, 1) && is_at(simple.output, 2)
    }
}

/// Finds the cells of a layout in a sample.
pub(super) struct Finder<'s> {
    sample: &'s Sample,
    /// The names of columns by their place, where the file has no header.
    fixed: Option<&'static [&'static str]>,
    is_web: bool,
    root: &'s str,
    slots: Vec<Slot>,
    /// The names that each slot was found by.
    known: Vec<Vec<String>>,
    columns: Vec<usize>,
    inner: Vec<Option<Paths>>,
    paths: Paths,
}

impl<'s> Finder<'s> {
    /// Looks in the header of a table, or in the objects at `root`.
    pub(super) fn new(sample: &'s Sample, root: &'s str) -> Self {
        let (slots, known, columns, inner) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Finder { sample, fixed: None, is_web: false, root, slots, known, columns, inner, paths: Paths::default() }
    }

    /// Looks in a table without a header, or in the lines of an access log, whose fields are called `names`.
    pub(super) fn without_header(sample: &'s Sample, names: &'static [&'static str], is_web: bool) -> Self {
        Finder { fixed: Some(names), is_web, ..Finder::new(sample, "") }
    }

    /// Where the objects are.
    pub(super) fn root(&self) -> &'s str {
        self.root
    }

    /// The names of columns that the layout knows by their place.
    pub(super) fn fixed_names(&self) -> Option<&'static [&'static str]> {
        self.fixed
    }

    fn index(&self, name: &str) -> Option<usize> {
        match (self.fixed, &self.sample.content) {
            (Some(names), _) => names.iter().position(|known| *known == name),
            (None, Content::Table(table)) => table.index(name),
            (None, Content::Json(_)) => None,
        }
    }

    /// A slot for the first of `names` that there is; in JSON, for whichever of them an object has.
    pub(super) fn slot(&mut self, names: &[&str]) -> Option<usize> {
        // What is read for two purposes is read once.
        if let Some(slot) = self.known.iter().position(|known| known == names) {
            return Some(slot);
        }
        let (name, column, inner) = match &self.sample.content {
            Content::Json(tree) => {
                let shown = names.iter().find(|name| tree.has(self.root, name)).or(names.first())?;
                names.iter().for_each(|name| self.paths.want(name, self.slots.len()));
                (*shown, 0, None)
            }
            Content::Table(_) => match names.iter().find_map(|name| Some((*name, self.index(name)?))) {
                Some((name, index)) => (name, index, None),
                None => names.iter().find_map(|name| self.within_a_cell(name))?,
            },
        };
        let is_seen = match &self.sample.content {
            Content::Json(tree) => name.contains([':', '1']) || tree.has(self.root, name),
            Content::Table(_) => true,
        };
        self.slots.push(Slot { name: name.to_owned(), may_repeat: names.len() > 1, is_seen, is_optional: false });
        self.known.push(names.iter().map(|name| (*name).to_owned()).collect());
        self.columns.push(column);
        self.inner.push(inner);
        Some(self.slots.len() - 1)
    }

    /// The column `a` for the name `a.b`, if its cells hold JSON.
    fn within_a_cell<'n>(&self, name: &'n str) -> Option<(&'n str, usize, Option<Paths>)> {
        let (column, path) = name.split_once('.')?;
        let index = self.index(column)?;
        let mut inner = Paths::default();
        inner.want(path, 0);
        Some((name, index, Some(inner)))
    }

    /// A slot for the first of `names` that the sample has.
    pub(super) fn slot_of_first(&mut self, names: &[&str]) -> Option<usize> {
        let first = match &self.sample.content {
            Content::Json(tree) => names.iter().find(|name| tree.has(self.root, name)),
            Content::Table(_) => names.iter().find(|name| self.index(name).is_some()),
        };
        self.slot(&[*first?])
    }

    /// Whether `name` is the path to something in the JSON of a column.
    pub(super) fn is_within_a_cell(&self, name: &str) -> bool {
        self.within_a_cell(name).is_some()
    }

    /// Slots for the parts of a sum, each under one of several names.
    pub(super) fn parts(&mut self, parts: &[&[&str]], may_repeat: bool) -> Vec<usize> {
        let slots: Vec<usize> = parts.iter().filter_map(|names| self.slot(names)).collect();
        slots.iter().for_each(|&slot| self.slots[slot].may_repeat |= may_repeat);
        slots
    }

    /// A slot that may have several values.
    pub(super) fn repeated(&mut self, names: &[&str]) -> Option<usize> {
        let slot = self.slot(names)?;
        self.slots[slot].may_repeat = true;
        Some(slot)
    }

    /// A slot without which a record is whole.
    pub(super) fn optional(&mut self, names: &[&str]) -> Option<usize> {
        let before = self.slots.len();
        let slot = self.slot(names)?;
        self.slots[slot].is_optional = slot >= before;
        Some(slot)
    }

    /// The name under which the cells of `slot` are found.
    pub(super) fn name(&self, slot: usize) -> &str {
        &self.slots[slot].name
    }

    /// What the sample has in `slot`.
    pub(super) fn found(&self, slot: usize) -> Vec<Vec<u8>> {
        let column = self.columns[slot];
        match &self.sample.content {
            _ if self.is_web => {
                let mut ends = Vec::new();
                let fields = super::web::Fields::of(&self.sample.first_line, &mut ends);
                fields.get(column).map(<[u8]>::to_vec).into_iter().collect()
            }
            Content::Json(tree) => tree.found(self.root, self.name(slot)).to_vec(),
            Content::Table(table) => {
                let first = self.fixed.and_then(|_| table.names.get(column)).map(|cell| cell.clone().into_bytes());
                first.into_iter().chain(table.column(column).into_iter().map(<[u8]>::to_vec)).collect()
            }
        }
    }

    /// The layout whose stamps stand in the slot `time`; the rest is left to be filled in.
    pub(super) fn layout(self, format: TraceFormat, time: usize, writing: Writing) -> Layout {
        let place = match &self.sample.content {
            _ if self.is_web => {
                let needed = self.columns.iter().zip(&self.slots).filter(|(_, slot)| !slot.is_optional);
                Place::Web { least: needed.map(|(last, _)| last + 1).max().unwrap_or(0), columns: self.columns }
            }
            Content::Table(table) => Place::Table {
                delimiter: table.delimiter,
                has_header: self.fixed.is_none(),
                fields: table.names.len(),
                columns: self.columns,
                inner: self.inner,
            },
            Content::Json(_) => Place::Json { root: self.root.to_owned(), paths: self.paths },
        };
        let container = match &self.sample.content {
            _ if self.is_web => Container::AccessLog,
            Content::Table(_) => Container::Table,
            Content::Json(tree) if tree.values > 1 => Container::JsonLines,
            Content::Json(_) => Container::Json,
        };
        Layout {
            format,
            container,
            place,
            slots: self.slots,
            time,
            writing,
            is_completion: false,
            duration: Vec::new(),
            duration_unit: TimeUnit::Millis,
            input: Vec::new(),
            cached: Vec::new(),
            output: Vec::new(),
            client: None,
            key: None,
            failed: None,
            keep: Vec::new(),
            only: Vec::new(),
            once: Vec::new(),
            session: None,
            nested: None,
            periods: None,
            notes: Vec::new(),
        }
    }
}

/// The names of a header in backticks.
pub(super) fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quote(name.as_bytes())).collect();
    names.join(", ")
}

/// Refuses a table in which the column `name`, as `key` says, is not there once.
pub(super) fn check_column(table: &Table, key: &str, name: &str) -> Result<(), Misread> {
    match table.names.iter().filter(|known| *known == name).count() {
        1 => Ok(()),
        0 => {
            let list = list(&table.names);
            let message = format!("there is no column {}; the header has {list}", quote(name.as_bytes()));
            Err(Misread::new(message, remedy(table.names.iter().map(String::as_str), key, name)))
        }
        _ => {
            let message = format!("two columns are called {}", quote(name.as_bytes()));
            Err(Misread::new(message, "give every column its own name"))
        }
    }
}

/// What to do where `key` names something that is not among `names`.
pub(super) fn remedy<'n>(names: impl Iterator<Item = &'n str>, key: &str, name: &str) -> String {
    let likeness = |known: &str| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
    match names.max_by(|a, b| likeness(a).total_cmp(&likeness(b))) {
        Some(nearest) if likeness(nearest) > 0.8 => {
            format!("did you mean {}? mend `{key}`", quote(nearest.as_bytes()))
        }
        _ => format!("set `{key}` to a name in the header"),
    }
}
