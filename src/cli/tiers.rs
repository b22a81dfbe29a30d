//! `ratecast tiers`.

use super::{Status, Tiers, output};
use crate::protocol::{Class, Request};
use crate::provider::{Hint, Quota, Tier};
use crate::report::wrapped;
use crate::scenario::names::nearest;
use crate::scenario::{Diagnostic, catalog};
use crate::units::{Civil, SimTime, Tokens};

/// Lists the tiers, or prints the catalogue's file of one.
pub fn run(arguments: &Tiers) -> Status {
    let Some(name) = &arguments.name else {
        let tiers: Vec<_> = catalog::names().filter_map(|name| Some((name, catalog::tier(name)?))).collect();
        output::warning(old_figures(&tiers, arguments));
        return output::result(&list(&tiers));
    };
    match catalog::text(name).zip(catalog::tier(name)) {
        Some((text, tier)) => {
            output::warning(old_figures(&[(name, tier.clone())], arguments));
            output::result(&format!("{text}{}", reply(&tier)))
        }
        None => {
            let help = match nearest(name, catalog::names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`ratecast tiers` lists them".to_owned(),
            };
            output::failure_text(&format!("there is no tier `{name}`"), &help);
            Status::Wrong
        }
    }
}

/// The headers of a reply, as comments under the catalogue's file; nothing where there are none.
fn reply(tier: &Tier) -> String {
    let (start, [input, output]) = (Civil::default(), [1_000, 250].map(Tokens::new));
    let mut quota = Quota::new(tier, &[Class::default()], &start, Hint::None);
    quota.call(SimTime::ZERO, &Request { input, output, ..Request::default() });
    let headers = tier.headers.print(&quota.levels(SimTime::ZERO, &Request::default()), start.epoch_nanos(), None);
    if headers.is_empty() {
        return String::new();
    }
    let head =
        format!("\n# The headers of a reply to the first call, {input} tokens in and {output} out, at {start}:\n");
    headers.iter().fold(head, |text, (name, value)| format!("{text}#   {name}: {value}\n"))
}

fn old_figures(tiers: &[(&str, Tier)], arguments: &Tiers) -> Option<Diagnostic> {
    catalog::old_figures(tiers.iter().map(|(name, tier)| (*name, tier)), arguments.day.today())
}

/// Every tier under its provider: name, model, the date of its figures and, below, its limits; at most 80 columns.
fn list(tiers: &[(&str, Tier)]) -> String {
    let mut out = String::new();
    let mut last = None;
    for (name, tier) in tiers {
        let provider = tier.provider.clone().unwrap_or_default();
        if last.as_ref() != Some(&provider) {
            out += &format!("{}{provider}\n", if last.is_some() { "\n" } else { "" });
            last = Some(provider);
        }
        let model = tier.model.as_deref().unwrap_or_default();
        out += &format!("  {name:<28} {model:<32} {:>10}\n", tier.as_of);
        out += &wrapped(6, tier.limits.iter().map(|(_, limit)| limit.label()));
    }
    out
}
