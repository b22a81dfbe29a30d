//! `ratecast tiers`.

use super::{Status, Tiers, output};
use crate::protocol::{Class, Reply, Request};
use crate::provider::headers::Header;
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
    let call = Request { input, output, ..Request::default() };
    quota.call(SimTime::ZERO, &call);
    let headers = tier.headers.print(&quota.levels(SimTime::ZERO, &call), start.epoch_nanos(), None);
    let (which, headers) = match headers.is_empty() {
        false => ("a reply to the first call", headers),
        true => ("the first 429", refusal(tier, &start, &call)),
    };
    if headers.is_empty() {
        return String::new();
    }
    let head = format!("\n# The headers of {which}, {input} tokens in and {output} out, at {start}:\n");
    headers.iter().fold(head, |text, (name, value)| format!("{text}#   {name}: {value}\n"))
}

/// The headers of the first 429 where such calls come all at once, of a style that tells nothing before.
fn refusal(tier: &Tier, start: &Civil, call: &Request) -> Vec<Header> {
    const MOST_CALLS: u32 = 10_000;
    if !tier.headers.speaks(true) {
        return Vec::new();
    }
    let mut quota = Quota::new(tier, &[Class::default()], start, Hint::WholeSeconds);
    let wait = (0..MOST_CALLS).find_map(|_| match quota.call(SimTime::ZERO, call) {
        Reply::TooManyRequests { retry_after, .. } => retry_after,
        _ => None,
    });
    tier.headers.print(&quota.levels(SimTime::ZERO, call), start.epoch_nanos(), wait)
}

fn old_figures(tiers: &[(&str, Tier)], arguments: &Tiers) -> Option<Diagnostic> {
    catalog::old_figures(tiers.iter().map(|(name, tier)| (*name, tier)), arguments.day.today())
}

/// Every tier under its provider: name, model, the date of its figures, with a star where another tier has taken its place, and,
/// below, its limits; at most 80 columns.
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
        let star = if tier.superseded_by.is_some() { " *" } else { "" };
        out += &format!("  {name:<28} {model:<32} {:>10}{star}\n", tier.as_of);
        out += &wrapped(6, tier.limits.iter().map(|(_, limit)| limit.label()));
    }
    if tiers.iter().any(|(_, tier)| tier.superseded_by.is_some()) {
        out += "\n* of the past: `ratecast tiers NAME` says which tier has taken its place\n";
    }
    out
}
