//! `ratecast tiers`.

use super::{Status, Tiers, output};
use crate::protocol::{Class, Request};
use crate::provider::{Hint, Quota, Tier};
use crate::scenario::catalog;
use crate::scenario::names::nearest;
use crate::units::{Civil, SimTime, Tokens};

/// Lists the tiers, or prints the catalogue's file of one.
pub fn run(arguments: &Tiers) -> Status {
    match &arguments.name {
        None => output::result(&list()),
        Some(name) => match catalog::text(name) {
            Some(text) => {
                output::result(&format!("{text}{}", catalog::tier(name).map_or_else(String::new, |tier| reply(&tier))))
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

/// The headers of a reply, as comments under the catalogue's file; nothing where there are none.
fn reply(tier: &Tier) -> String {
    let (start, [input, output]) = (Civil::default(), [1_000, 250].map(Tokens::new));
    let mut quota = Quota::new(tier, &[Class::default()], &start, Hint::None);
    quota.call(SimTime::ZERO, &Request { input, output, ..Request::default() });
    let headers = tier.headers.print(&quota.levels(SimTime::ZERO), start.epoch_nanos(), None);
    if headers.is_empty() {
        return String::new();
    }
    let head =
        format!("\n# The headers of a reply to the first call, {input} tokens in and {output} out, at {start}:\n");
    headers.iter().fold(head, |text, (name, value)| format!("{text}#   {name}: {value}\n"))
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
