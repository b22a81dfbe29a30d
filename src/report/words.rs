//! The sentences that every form of a result shares: reasons, excuses and warnings, each with its figure.

use super::format::{Figure, estimate, number};
use crate::limiter::LimiterModel;
use crate::metrics::{Estimate, Metric};
use crate::plan::{
    CellForecast, Excuse, Forecast, HORIZON, Judgement, Objective, Promotion, Standing, Verdict, Warning,
};
use crate::scenario::Scenario;
use crate::units::{SimDuration, SimTime};

/// What kind of figure a metric is.
pub fn figure(metric: Metric) -> Figure {
    match metric.name() {
        name if name.ends_with("_rate") => Figure::Share,
        name if name.ends_with("_s") && metric != Metric::Throughput => Figure::Time,
        name if name.ends_with("_usd") => Figure::Money,
        _ => Figure::Count,
    }
}

/// Why the recommended cell was chosen; where there is none, why not.
pub fn because(forecast: &Forecast) -> Vec<String> {
    let Some(at) = forecast.recommendation.cell else {
        return vec!["every cell misses an objective".to_owned()];
    };
    let cell = &forecast.cells[at];
    let mut reasons: Vec<String> = cell.judgements.iter().map(|judgement| kept(judgement, cell)).collect();
    if !cell.fee_is_known && forecast.cells.iter().any(|other| other.fee_is_known) {
        reasons.push("price unknown: not ranked by cost".to_owned());
    }
    reasons.push(limits(cell));
    if let Standing::Unsure { more: Some(more) } = forecast.recommendation.standing {
        reasons.push(format!(
            "about {more} more {} would settle it",
            if more == 1 { "replication" } else { "replications" }
        ));
    }
    reasons
}

fn kept(judgement: &Judgement, cell: &CellForecast) -> String {
    let observed = &judgement.observed;
    match judgement.objective {
        Objective::AtMost { key, metric, bound } => {
            let (figure, fee) = (figure(metric), fee_note(cell, metric));
            let relation = match judgement.verdict {
                Verdict::Meets => "within",
                Verdict::Misses => "above",
                Verdict::Unsure { .. } if !fee.is_empty() => "too little known to hold against",
                Verdict::Unsure { .. } => "too close to call against",
            };
            format!("{key} {}{fee}, {relation} {}", estimate(observed, figure), number(bound, figure))
        }
        Objective::QuotaLasts => match judgement.verdict {
            Verdict::Meets => "no quota runs out".to_owned(),
            _ => format!("a quota runs out in {} of runs", estimate(observed, Figure::Share)),
        },
    }
}

fn fee_note(cell: &CellForecast, metric: Metric) -> &'static str {
    if metric == Metric::MonthlyCost && !cell.fee_is_known { " without the unknown fee" } else { "" }
}

/// Which limit refuses, or how close the closest one is.
pub fn limits(cell: &CellForecast) -> String {
    match (cell.binding(), cell.most_used()) {
        (Some(limit), _) => {
            let attempts = cell.metric(Metric::Attempts).mean.unwrap_or(0.0);
            let share = limit.refused.mean.unwrap_or(0.0) / attempts.max(1.0);
            format!("{} ({}) refuses {} of calls", limit.name, limit.label(), number(share, Figure::Share))
        }
        (None, Some(limit)) => {
            let used = number(limit.utilisation.mean.unwrap_or(0.0), Figure::Share);
            format!("no limit refuses; {} ({}) is used to {used}", limit.name, limit.label())
        }
        (None, None) => "the tier has no limits".to_owned(),
    }
}

/// What bears on a cell's cost besides the prices of calls that lead to an answer: what retries and waste cost, what a
/// month has of its own, and when the account is moved up. `None` where there is nothing of that.
pub fn cost(cell: &CellForecast) -> Option<String> {
    let parts: Vec<String> = [causes(cell), terms(cell), promotions(cell)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn causes(cell: &CellForecast) -> Vec<String> {
    let [first, retries, wasted] =
        [Metric::FirstAttemptCost, Metric::RetryCost, Metric::WastedCost].map(|metric| cell.metric(metric));
    if [retries, wasted].iter().all(|cost| cost.mean.unwrap_or(0.0) <= 0.0) {
        return Vec::new();
    }
    let [first, retries, wasted] = [first, retries, wasted].map(|cost| estimate(&cost, Figure::Money));
    vec![format!("first calls cost {first} and further ones {retries}, of which {wasted} led to no answer")]
}

fn terms(cell: &CellForecast) -> Vec<String> {
    let price = &cell.price;
    let dollars = |money: crate::units::Money| number(money.as_usd_f64(), Figure::Money);
    let free = &price.terms.free;
    let calls = free.requests.map(|calls| format!("{} calls a month are free", number(calls as f64, Figure::Count)));
    let spend = free.spend.map(|spend| format!("the first {} of a month are free", dollars(spend)));
    let steps = price.terms.steps.len();
    let steps = (steps > 0).then(|| format!("a month is priced in {} steps", steps + 1));
    let commitment = price.terms.contract.commitment;
    let commitment = commitment.map(|least| format!("at least {} a month is due", dollars(least.0)));
    let credit = price.terms.contract.credits.iter().map(|(_, credit)| credit.credit).max();
    let credit = credit.map(|most| format!("up to {most} of a month is given back where too few calls are answered"));
    let reserved = price.reservation(3_600_000);
    let reserved = (reserved > crate::units::Money::ZERO).then(|| format!("{} an hour is reserved", dollars(reserved)));
    let entry = price.entry.map(|entry| format!("{} once to enter", dollars(entry)));
    [calls, spend, steps, commitment, credit, reserved, entry].into_iter().flatten().collect()
}

fn promotions(cell: &CellForecast) -> Vec<String> {
    let told = |promotion: &Promotion| match promotion.month {
        Some(month) => format!("would be moved up to {} in month {month}", promotion.tier),
        None => format!("would not be moved up to {} within {HORIZON} months", promotion.tier),
    };
    // Of several in one month the last one tells where the account is.
    let months: Vec<Option<u32>> = cell.promotions.iter().map(|promotion| promotion.month).collect();
    let is_last = |at: usize| months.get(at + 1).is_none_or(|next| *next != months[at]);
    cell.promotions.iter().enumerate().filter(|(at, _)| is_last(*at)).map(|(_, promotion)| told(promotion)).collect()
}

/// Why a cell was not chosen.
pub fn excuse(scenario: &Scenario, forecast: &Forecast, excuse: &Excuse) -> String {
    use crate::plan::Reason;
    let cell = &forecast.cells[excuse.cell];
    let too = if cell.verdict() == Verdict::Meets { "meets too" } else { "as unsure" };
    match &excuse.reason {
        Reason::Misses(missed) => {
            let broken: Vec<String> = missed.iter().map(|judgement| broken(judgement, cell)).collect();
            format!("{}{}", broken.join(", "), culprit(scenario, cell))
        }
        Reason::Unsure(unsure) => {
            let close: Vec<String> = unsure.iter().map(|judgement| kept(judgement, cell)).collect();
            let more = match cell.verdict() {
                Verdict::Unsure { more: Some(more) } => format!("; about {more} more replications would tell"),
                _ => String::new(),
            };
            format!("may miss: {}{more}", close.join(", "))
        }
        Reason::Dearer(more) => format!("{too}, but costs {} a month more", estimate(more, Figure::Money)),
        Reason::PriceUnknown => format!("{too}; price unknown: not ranked by cost"),
        Reason::LargerTier => format!("{too}; a larger tier than needed"),
        Reason::MoreAttempts(more) => format!("{too}, with {} more calls for each answer", decimal(more)),
        Reason::Slower(more) => format!("{too}, but its median is {} slower", estimate(more, Figure::Time)),
        Reason::Equal => "nothing tells it from the chosen one".to_owned(),
    }
}

fn decimal(estimate: &Estimate) -> String {
    let spread = estimate.half_width().filter(|half| *half > 0.0).map(|half| format!("±{half:.2}"));
    format!("{:.2}{}", estimate.mean.unwrap_or(0.0), spread.unwrap_or_default())
}

fn broken(judgement: &Judgement, cell: &CellForecast) -> String {
    let observed = &judgement.observed;
    match judgement.objective {
        Objective::AtMost { key, metric, bound } => {
            format!("{key} {} > {}", estimate(observed, figure(metric)), number(bound, figure(metric)))
        }
        Objective::QuotaLasts => {
            let quotas = cell.limits.iter().filter(|limit| limit.spec.limiter.is_quota());
            let refuses = quotas.filter_map(|limit| limit.refused.mean).any(|refused| refused > 0.0);
            let told = if refuses { "a quota runs out" } else { "at this pace a quota would run out" };
            told.to_owned()
        }
    }
}

/// Which limit is to blame, and for a quota on which day it was gone.
fn culprit(scenario: &Scenario, cell: &CellForecast) -> String {
    let Some(limit) = cell.binding() else { return String::new() };
    let gone = limit.exhausted_at.mean.filter(|_| limit.spec.limiter.is_quota());
    match gone {
        Some(at) => {
            let without = number(limit.closed.mean.unwrap_or(0.0), Figure::Share);
            let (when, label) = (civil_day_between(scenario, at, &limit.exhausted_at), limit.label());
            format!("; {} ({label}) is gone on {when}, shut {without} of the time", limit.name)
        }
        None => format!("; {} ({}) refuses", limit.name, limit.label()),
    }
}

/// The civil day `seconds` after the start, and the first and last day of the interval where these differ.
fn civil_day_between(scenario: &Scenario, seconds: f64, interval: &Estimate) -> String {
    let day = |seconds: f64| civil_day(scenario, seconds.max(0.0));
    match (interval.low.map(day), interval.high.map(day)) {
        (Some(first), Some(last)) if first != last => format!("{} ({} to {})", day(seconds), &first[5..], &last[5..]),
        _ => day(seconds),
    }
}

/// The civil day `seconds` after the start.
pub fn civil_day(scenario: &Scenario, seconds: f64) -> String {
    let at = SimTime::ZERO.saturating_add(SimDuration::from_secs_f64(seconds));
    scenario.start.describe(at).chars().take(10).collect()
}

/// The scenario's civil start: its day, and the time of day where that is not midnight.
pub fn civil_start(scenario: &Scenario) -> String {
    let start = scenario.start.describe(SimTime::ZERO);
    match &start[11..19] {
        "00:00:00" => start[..10].to_owned(),
        _ => start[..19].to_owned(),
    }
}

/// A warning as a sentence.
pub fn warning(warning: &Warning) -> String {
    match warning {
        Warning::OneReplication => "one replication gives no interval: use `--replications 10`".to_owned(),
        Warning::FeeUnknown { tiers } => {
            let (fees, first) = (if tiers.len() == 1 { "fee" } else { "fees" }, &tiers[0]);
            format!("without the unknown {fees} of {}; state it as `tier.{first}.price.month`", tiers.join(", "))
        }
        Warning::Pending { cell: (tier, strategy), requests } => {
            let requests = number(*requests, Figure::Count);
            format!("{requests} requests of {tier} with {strategy} had no outcome at the end: raise `drain`")
        }
        Warning::QuotaByPace { run } => {
            format!("quotas are judged by the pace of {run}, which is shorter than their day or month")
        }
        Warning::NoHeaders { tiers } => {
            let (replies, first) = (tiers.join(", "), &tiers[0]);
            format!("`steer` goes by headers, and replies of {replies} have none: state `tier.{first}.headers`")
        }
        Warning::FewRequests { requests } => {
            let requests = number(*requests, Figure::Count);
            format!("only {requests} requests a replication: the far quantiles rest on few of them")
        }
    }
}
