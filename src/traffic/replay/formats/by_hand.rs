//! Tables and JSON objects whose columns the scenario names.

use super::{TraceFormat, table, wanted};
use crate::traffic::replay::error::quote;
use crate::traffic::replay::layout::{Finder, Layout, check_column, remedy};
use crate::traffic::replay::outcome::Outcome;
use crate::traffic::replay::shape::{Content, Sample};
use crate::traffic::replay::stamp::Writing;
use crate::traffic::replay::{Replay, StampedAt, TimeUnit};
use crate::units::grammar::Misread;

/// The columns that `spec` names, and no others.
pub(super) fn layout(sample: &Sample, spec: &Replay) -> Result<Layout, Misread> {
    let name = spec.time_column.as_deref().unwrap_or_default();
    let (root, name) = locate(sample, name);
    let mut finder = Finder::new(sample, &root);
    let time = named(&mut finder, sample, &root, ("time-column", &name))?;
    let stated = Writing { unit: spec.time_unit, order: spec.date_order, ..Writing::default() };
    let columns = Columns::named(&mut finder, sample, &root, spec)?;
    let only = wanted::find(&mut finder, sample, spec, &[])?;
    Ok(Layout { only, ..columns.fill(finder.layout(TraceFormat::Csv, time, stated), spec) })
}

/// Where the objects are that have `path`, and the path within them.
pub(super) fn locate(sample: &Sample, path: &str) -> (String, String) {
    match &sample.content {
        Content::Json(tree) => tree.locate(path),
        Content::Table(_) => (String::new(), path.to_owned()),
    }
}

/// Whether `spec` names any column that a known layout knows by itself.
pub(super) fn names_columns(spec: &Replay) -> bool {
    spec.fixed_columns().any(|(_, name)| name.is_some())
}

/// The slots of all that is not the time.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) duration: Option<usize>,
    pub(super) input: Option<usize>,
    pub(super) cached: Option<usize>,
    pub(super) output: Option<usize>,
    pub(super) client: Option<usize>,
    pub(super) key: Option<usize>,
    pub(super) failed: Option<(usize, Outcome)>,
}

impl Columns {
    /// Those that `spec` names.
    pub(super) fn named(finder: &mut Finder, sample: &Sample, root: &str, spec: &Replay) -> Result<Self, Misread> {
        let mut slot = |key, name: &Option<String>| match name {
            Some(name) => {
                let from_the_top = name.strip_prefix(root).and_then(|rest| rest.strip_prefix('.'));
                named(finder, sample, root, (key, from_the_top.unwrap_or(name))).map(Some)
            }
            None => Ok(None),
        };
        Ok(Columns {
            input: slot("input-column", &spec.input_column)?,
            output: slot("output-column", &spec.output_column)?,
            duration: slot("duration-column", &spec.duration_column)?,
            cached: slot("cached-column", &spec.cached_column)?,
            client: slot("client-column", &spec.client_column)?,
            key: slot("key-column", &spec.key_column)?,
            failed: slot("status-column", &spec.status_column)?.zip(spec.status_column.as_deref().map(table::outcome)),
        })
    }

    pub(super) fn fill(self, layout: Layout, spec: &Replay) -> Layout {
        let one = |slot: Option<usize>| slot.into_iter().collect();
        Layout {
            is_completion: spec.stamped_at == Some(StampedAt::Completion),
            duration: one(self.duration),
            duration_unit: spec.duration_unit.unwrap_or(TimeUnit::Millis),
            input: one(self.input),
            cached: one(self.cached),
            output: one(self.output),
            client: self.client,
            key: self.key,
            failed: self.failed,
            ..layout
        }
    }
}

/// The slot of the column called `name`, as `key` says.
pub(super) fn named(
    finder: &mut Finder,
    sample: &Sample,
    root: &str,
    (key, name): (&str, &str),
) -> Result<usize, Misread> {
    match &sample.content {
        Content::Table(table) if finder.is_within_a_cell(name) && table.index(name).is_none() => {}
        Content::Table(table) => check_column(table, key, name)?,
        Content::Json(tree) => {
            let known = tree.paths(root);
            if !known.is_empty() && !tree.has(root, name) {
                let some: Vec<String> = known.iter().take(12).map(|path| quote(path.as_bytes())).collect();
                let message = format!(
                    "there is no key {} in the first objects; they have {}",
                    quote(name.as_bytes()),
                    some.join(", ")
                );
                let help = remedy(known.into_iter(), key, name).replace("in the header", "in the objects");
                return Err(Misread::new(message, help));
            }
        }
    }
    finder.slot(&[name]).ok_or_else(|| Misread::new(format!("there is no {}", quote(name.as_bytes())), "mend the name"))
}
