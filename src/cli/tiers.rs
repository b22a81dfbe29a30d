//! `ratecast tiers`.

use super::{Status, Tiers, output};
use crate::scenario::catalog;
use crate::scenario::names::nearest;

/// Lists the tiers, or prints the catalogue's file of one.
pub fn run(arguments: &Tiers) -> Status {
    match &arguments.name {
        None => output::result(&list()),
        Some(name) => match catalog::text(name) {
            Some(text) => output::result(text),
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

fn list() -> String {
    let tier = |name: &'static str| catalog::tier(name).map(|tier| (name, tier));
    let width = catalog::names().map(str::len).max().unwrap_or(0);
    catalog::names()
        .filter_map(tier)
        .map(|(name, tier)| {
            let limits: Vec<String> = tier.limits.iter().map(|(_, limit)| limit.label()).collect();
            format!("{name:<width$}  {:<36}  {}  (as of {})\n", tier.summary, limits.join(", "), tier.as_of)
        })
        .collect()
}
