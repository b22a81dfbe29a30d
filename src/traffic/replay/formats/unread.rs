//! What is known and cannot be played: exports of costs, sums of whole days, profiles of rates.

use super::Looks;
use crate::traffic::replay::shape::Sample;
use crate::units::grammar::Misread;

/// What each looks like, what it is, and what to use instead.
const UNREAD: [(Looks, &str, &str); 4] = [
    (
        Looks::Keys { roots: &["", "data"], has: &["amount_value", "start_time"], lacks: &[] },
        "an export of costs, not of requests",
        "export the usage of completions instead",
    ),
    (
        Looks::Keys { roots: &["", "data"], has: &["usage_date_utc", "cost_usd"], lacks: &[] },
        "an export of costs, not of requests",
        "export the usage of tokens instead",
    ),
    (
        Looks::Keys { roots: &["", "results"], has: &["date", "api_requests", "successful_requests"], lacks: &[] },
        "a table of daily sums, from which no day's traffic can be told",
        "export the table `LiteLLM_SpendLogs` instead",
    ),
    (
        Looks::Lines { is: is_rates, is_web: false, names: &[] },
        "a profile of rates per window, not a log of requests",
        "make traffic of its figures, as in `arrivals.gamma = { rate = \"8/s\", cv = 1.4 }`",
    ),
];

/// Why a log that starts like `sample` is not read, if it is one of these.
pub(super) fn look(sample: &Sample) -> Option<Misread> {
    let (_, what, help) = UNREAD.iter().find(|(looks, ..)| looks.finder(sample).is_some())?;
    Some(Misread::new(format!("this is {what}"), *help))
}

/// Whether `line` is a window of a ServeGen profile: its start, a rate, a variation, a family and two parameters.
fn is_rates(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let fields: Vec<&str> = text.trim_end().split(',').collect();
    let has_family = fields.get(3).is_some_and(|name| ["Gamma", "Weibull", ""].contains(name));
    fields.len() == 6 && has_family && fields[..3].iter().all(|field| field.parse::<f64>().is_ok())
}
