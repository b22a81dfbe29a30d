//! What a reader should know before believing the figures: a closed list that knows what the scenario already does.

use super::forecast::CellForecast;
use crate::limiter::LimiterModel;
use crate::metrics::Metric;
use crate::provider::Headers;
use crate::scenario::Scenario;
use crate::units::SimDuration;

/// A reason to be careful.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// With one replication no figure has an interval.
    OneReplication,
    /// The subscriptions of tiers are not known, and costs are without them.
    FeeUnknown {
        /// The tiers; at least one.
        tiers: Vec<String>,
    },
    /// Requests had no outcome when the run ended.
    Pending {
        /// The cell with the most of them, as tier and strategy.
        cell: (String, String),
        /// How many, in the mean.
        requests: f64,
    },
    /// A quota was judged by the pace of a run shorter than its day or month.
    QuotaByPace {
        /// How long the run was.
        run: SimDuration,
    },
    /// Clients go by headers that tiers do not print.
    NoHeaders {
        /// Those tiers; at least one.
        tiers: Vec<String>,
    },
    /// The far quantiles rest on few requests.
    FewRequests {
        /// Requests a replication, in the mean.
        requests: f64,
    },
}

impl Warning {
    /// All that apply.
    pub(super) fn all(scenario: &Scenario, cells: &[CellForecast]) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if scenario.replications == 1 {
            warnings.push(Warning::OneReplication);
        }
        let unknown = cells.iter().filter(|cell| !cell.fee_is_known);
        let mut tiers: Vec<String> = unknown.map(|cell| cell.tier.clone()).collect();
        tiers.dedup();
        if !tiers.is_empty() {
            warnings.push(Warning::FeeUnknown { tiers });
        }
        warnings.extend(pending(cells));
        let by_pace = |cell: &CellForecast| {
            let quotas = cell.limits.iter().filter(|limit| limit.spec.limiter.is_quota());
            quotas
                .map(|limit| limit.spec.limiter.period())
                .any(|period| scenario.duration.as_secs_f64() < 0.9 * period.as_secs_f64())
        };
        let quota_is_judged = scenario.slo.is_empty() || scenario.slo.quota_lasts == Some(true);
        if quota_is_judged && cells.iter().any(by_pace) {
            warnings.push(Warning::QuotaByPace { run: scenario.duration });
        }
        warnings.extend(no_headers(scenario));
        let requests = cells.first().and_then(|cell| cell.metric(Metric::Offered).mean).unwrap_or(0.0);
        if requests < 200.0 {
            warnings.push(Warning::FewRequests { requests });
        }
        warnings
    }
}

fn no_headers(scenario: &Scenario) -> Option<Warning> {
    let steers = scenario.strategy.iter().any(|(_, strategy)| strategy.steer.is_some());
    let is_silent = |name: &&String| scenario.tier.find(name).is_some_and(|tier| tier.headers == Headers::None);
    let tiers: Vec<String> = scenario.tiers.iter().filter(is_silent).cloned().collect();
    (steers && !tiers.is_empty()).then_some(Warning::NoHeaders { tiers })
}

fn pending(cells: &[CellForecast]) -> Option<Warning> {
    let count = |cell: &&CellForecast| cell.metric(Metric::Pending).mean.unwrap_or(0.0);
    let most = cells.iter().max_by(|a, b| count(a).total_cmp(&count(b)))?;
    let requests = count(&most);
    (requests > 0.0).then(|| Warning::Pending { cell: (most.tier.clone(), most.strategy.clone()), requests })
}
