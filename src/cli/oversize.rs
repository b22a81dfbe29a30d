//! Warns of requests that can never pass, before anything is run.

use super::output;
use crate::plan::{Oversize, oversize};
use crate::protocol::Counts;
use crate::scenario::{Diagnostic, Ready};

/// Prints what can never pass on the tiers of a scenario. A log that cannot be read is complained about where it is used.
pub fn warn(ready: &Ready) {
    let found = oversize(&ready.scenario).unwrap_or_default();
    let warnings: Vec<Diagnostic> = found.iter().map(|oversize| diagnostic(oversize, ready)).collect();
    output::draw(&warnings, &ready.loaded.sources);
}

fn diagnostic(found: &Oversize, ready: &Ready) -> Diagnostic {
    let Oversize { tier, limit, class, requests, of, largest, capacity } = found;
    let percent = 100.0 * *requests as f64 / *of as f64;
    let message = format!(
        "{percent:.3} % of the first {of} requests of `{class}` can never pass the limit `{limit}` of `{tier}`"
    );
    let counts = ready.scenario.tier.find(tier).and_then(|tier| {
        let spec = tier.limits.iter().find(|(name, _)| name == limit);
        spec.map(|(_, spec)| spec.counts)
    });
    let unit = match counts {
        Some(Counts::Spend) => "billionths of a dollar".to_owned(),
        Some(counts) => counts.word().replace('-', " "),
        None => String::new(),
    };
    let note = format!("the largest asks for {largest} {unit} at once, of at most {capacity}");
    let help = "cap the prompt or `max-tokens`, or compare a tier with a larger limit";
    let warning = Diagnostic::warning(message).note(note).help(help);
    let path = format!("tier.{tier}.limits.{limit}");
    match [path.as_str(), "tiers"].into_iter().find(|path| ready.loaded.states(path)) {
        Some(path) => warning.at(ready.loaded.at(path)),
        None => warning,
    }
}
