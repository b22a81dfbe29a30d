//! `ratecast tiers`.

use super::{Status, Tiers, output};
use crate::scenario::catalog;
use crate::scenario::reader::nearest;
use jiff::civil::Date;

/// Figures older than this are worth another look at their source.
const FRESH_DAYS: i32 = 90;

/// The date by the system's clock, in UTC. It dates a remark to the reader, and no result depends on it.
#[expect(clippy::disallowed_methods, reason = "the age of a catalogue entry is about the reader's day")]
fn today() -> Date {
    jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date()
}

/// Lists the tiers, or prints the catalogue's file of one.
pub fn run(arguments: &Tiers) -> Status {
    match &arguments.name {
        None => output::result(&list()),
        Some(name) => match catalog::text(name) {
            Some(text) => {
                let days = catalog::tier(name).and_then(|tier| tier.days_old(today()));
                if let Some(days) = days.filter(|&days| days > FRESH_DAYS) {
                    output::note(&format!(
                        "note: these figures are {days} days old; the source may say otherwise by now\n"
                    ));
                }
                output::result(text)
            }
            None => {
                let help = match nearest(name, catalog::names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`ratecast tiers` lists them".to_owned(),
                };
                output::failure_text(&format!("there is no tier `{name}`"), &help);
                Status::Wrong
            }
        },
    }
}

/// Every tier under its provider: name, model, the date of its figures and, below, its limits; at most 80 columns.
fn list() -> String {
    let mut out = String::new();
    let mut last = None;
    for (name, tier) in catalog::names().filter_map(|name| Some((name, catalog::tier(name)?))) {
        let provider = tier.provider.clone().unwrap_or_default();
        if last.as_ref() != Some(&provider) {
            out += &format!("{}{provider}\n", if last.is_some() { "\n" } else { "" });
            last = Some(provider);
        }
        let model = tier.model.as_deref().unwrap_or_default();
        out += &format!("  {name:<24} {model:<32} {:>10}\n", tier.as_of);
        out += &wrapped(tier.limits.iter().map(|(_, limit)| limit.label()));
    }
    out
}

/// `items` with commas between them, indented, in lines that break between items only.
fn wrapped(items: impl Iterator<Item = String>) -> String {
    const WIDTH: usize = 80;
    const INDENT: &str = "      ";
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line) if line.len() + 2 + item.len() < WIDTH => *line += &format!(", {item}"),
            Some(line) => {
                line.push(',');
                lines.push(format!("{INDENT}{item}"));
            }
            None => lines.push(format!("{INDENT}{item}")),
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}
