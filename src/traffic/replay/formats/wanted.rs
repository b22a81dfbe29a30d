//! Where the cells stand by which rows are wanted or left out.

use super::{Names, by_hand};
use crate::traffic::replay::Replay;
use crate::traffic::replay::error::quote;
use crate::traffic::replay::layout::{Finder, remedy};
use crate::traffic::replay::only::Wanted;
use crate::traffic::replay::shape::Sample;
use crate::units::grammar::Misread;

/// What people call the path of a request in tables of their own.
const PATHS: Names =
    &["path", "request_path", "request_uri", "uri", "url", "url.path", "request.url", "endpoint", "request"];

/// What `spec` wants, in a log whose layout has the path under one of `known`.
///
/// # Errors
///
/// Where the log has no such cell.
pub(super) fn find(finder: &mut Finder, sample: &Sample, spec: &Replay, known: Names) -> Result<Vec<Wanted>, Misread> {
    let mut all = Vec::new();
    if let Some(path) = &spec.only_path {
        // The start of the log need not have one, where the layout knows its name.
        let slot = finder.slot_of_first(known).or_else(|| finder.slot(known)).or_else(|| finder.slot_of_first(PATHS));
        let slot = slot.ok_or_else(|| {
            let help = "name the column, as in `only = { column = \"route\", value = \"/v1/*\" }`";
            Misread::new("`only-path` is stated, and no column is known to hold a path", help)
        })?;
        all.push(Wanted::path(slot, path));
    }
    if let Some(only) = &spec.only {
        all.push(Wanted::value(column(finder, sample, ("only.column", &only.column))?, only));
    }
    Ok(all)
}

/// The slot of the column called `name`, as `key` says.
pub(super) fn column(finder: &mut Finder, sample: &Sample, (key, name): (&str, &str)) -> Result<usize, Misread> {
    let root = finder.root();
    let Some(names) = finder.fixed_names() else {
        return by_hand::named(finder, sample, root, (key, name));
    };
    finder.slot(&[name]).ok_or_else(|| {
        let known: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let message = format!("there is no field {}; there are {}", quote(name.as_bytes()), known.join(", "));
        let help = remedy(names.iter().copied(), key, name);
        Misread::new(message, help.replace("a name in the header", "one of them"))
    })
}
