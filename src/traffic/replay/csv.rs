//! Any CSV file with a header, its columns named by the scenario.

use super::Replay;
use super::error::quote;
use super::layout::{Column, Header, Layout};
use crate::units::grammar::Misread;

pub(super) fn layout(header: &Header, spec: &Replay) -> Result<Layout, Misread> {
    let optional = |key, name: &Option<String>| name.as_ref().map(|name| column(header, key, name)).transpose();
    Ok(Layout {
        fields: header.names.len(),
        time: column(header, "time-column", spec.time_column.as_deref().unwrap_or_default())?,
        input: optional("input-column", &spec.input_column)?,
        output: optional("output-column", &spec.output_column)?,
        unit: spec.time_unit,
    })
}

/// The one column called `name`, as `key` says.
fn column(header: &Header, key: &str, name: &str) -> Result<Column, Misread> {
    let mut found = (0..header.names.len()).filter(|&index| header.names[index] == name);
    match (found.next(), found.next()) {
        (Some(index), None) => Ok(Column { index, name: name.to_owned() }),
        (None, _) => {
            let message = format!("there is no column {}; the header has {}", quote(name.as_bytes()), header.list());
            Err(Misread::new(message, remedy(header, key, name)))
        }
        (Some(_), Some(_)) => {
            let message = format!("two columns are called {}", quote(name.as_bytes()));
            Err(Misread::new(message, "give every column its own name"))
        }
    }
}

fn remedy(header: &Header, key: &str, name: &str) -> String {
    let likeness = |known: &&String| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
    match header.names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))) {
        Some(nearest) if likeness(&nearest) > 0.8 => {
            format!("did you mean {}? mend `{key}`", quote(nearest.as_bytes()))
        }
        _ => format!("set `{key}` to a name in the header"),
    }
}
