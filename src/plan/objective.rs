//! Objectives and whether a cell meets them.

use crate::metrics::{Estimate, Metric};
use crate::scenario::Slo;

/// One thing that a choice must achieve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    /// A metric stays at or below a bound.
    AtMost {
        /// As the scenario calls it.
        key: &'static str,
        /// What is bounded.
        metric: Metric,
        /// The bound, in the metric's unit.
        bound: f64,
    },
    /// No quota per day or month runs out.
    QuotaLasts,
}

/// Failures that are tolerated where a scenario states no objective.
const ASSUMED_FAILURE_RATE: f64 = 0.01;

impl Objective {
    /// The objectives that `slo` states; without any, the assumed ones: at most 1 % of requests fail, and the quotas last.
    pub fn all(slo: &Slo) -> Vec<Objective> {
        if slo.is_empty() {
            let key = "failure-rate";
            return vec![
                Objective::AtMost { key, metric: Metric::FailureRate, bound: ASSUMED_FAILURE_RATE },
                Objective::QuotaLasts,
            ];
        }
        let at_most = |key, metric, bound: Option<f64>| bound.map(|bound| Objective::AtMost { key, metric, bound });
        let seconds =
            |bound: &Option<crate::scenario::AtMost<crate::units::SimDuration>>| bound.map(|b| b.0.as_secs_f64());
        let stated = [
            at_most("failure-rate", Metric::FailureRate, slo.failure_rate.map(|b| b.0.as_f64())),
            at_most("rejection-rate", Metric::AttemptRejectionRate, slo.rejection_rate.map(|b| b.0.as_f64())),
            at_most("latency-p50", Metric::LatencyAllP50, seconds(&slo.latency_p50)),
            at_most("latency-p90", Metric::LatencyAllP90, seconds(&slo.latency_p90)),
            at_most("latency-p95", Metric::LatencyAllP95, seconds(&slo.latency_p95)),
            at_most("latency-p99", Metric::LatencyAllP99, seconds(&slo.latency_p99)),
            at_most("monthly-cost", Metric::MonthlyCost, slo.monthly_cost.map(|b| b.0.as_usd_f64())),
            (slo.quota_lasts == Some(true)).then_some(Objective::QuotaLasts),
        ];
        stated.into_iter().flatten().collect()
    }

    /// Whether it bounds what a month costs.
    pub fn is_of_cost(&self) -> bool {
        matches!(self, Objective::AtMost { metric: Metric::MonthlyCost, .. })
    }

    /// The scenario's key.
    pub fn key(&self) -> &'static str {
        match self {
            Objective::AtMost { key, .. } => key,
            Objective::QuotaLasts => "quota-lasts",
        }
    }

    /// What the observed value is compared with: an upper bound, or the share of runs in which a quota may run out.
    pub fn bound(&self) -> f64 {
        match self {
            Objective::AtMost { bound, .. } => *bound,
            Objective::QuotaLasts => 0.0,
        }
    }
}

/// Whether an objective is met, given how sure the estimate is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// The whole interval keeps the bound.
    Meets,
    /// The whole interval breaks it.
    Misses,
    /// The interval straddles the bound, or there is none.
    Unsure {
        /// About how many more replications would settle it; `None` where nobody can tell.
        more: Option<u64>,
    },
}

impl Verdict {
    /// Compares an estimate with an upper bound.
    pub fn of(observed: &Estimate, bound: f64) -> Self {
        if observed.is_always_never() {
            return Verdict::Misses;
        }
        let (Some(mean), Some(low), Some(high)) = (observed.mean, observed.low, observed.high) else {
            return Verdict::Unsure { more: (observed.n == 1).then_some(9) };
        };
        if high <= bound {
            Verdict::Meets
        } else if low > bound {
            Verdict::Misses
        } else {
            Verdict::Unsure { more: more_replications(observed.n, high - mean, (mean - bound).abs()) }
        }
    }

    /// As printed.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Meets => "meets",
            Verdict::Misses => "misses",
            Verdict::Unsure { .. } => "unsure",
        }
    }
}

/// The half-width shrinks as 1/√n: how many more until it is the distance to the bound.
fn more_replications(n: u64, half_width: f64, distance: f64) -> Option<u64> {
    let needed = n as f64 * (half_width / distance).powi(2);
    (needed < 1e6).then(|| (needed.ceil() as u64).saturating_sub(n).max(1))
}

/// One objective, judged for one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// What was asked for.
    pub objective: Objective,
    /// What came out.
    pub observed: Estimate,
    /// Whether that is enough.
    pub verdict: Verdict,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Value;

    #[test]
    fn the_interval_decides() {
        let around = |mean: f64| Estimate::of([mean - 0.1, mean, mean + 0.1].map(Value::Is));
        assert_eq!(Verdict::of(&around(1.0), 2.0), Verdict::Meets);
        assert_eq!(Verdict::of(&around(3.0), 2.0), Verdict::Misses);
        assert!(matches!(Verdict::of(&around(2.1), 2.0), Verdict::Unsure { more: Some(_) }));
        assert_eq!(Verdict::of(&Estimate::of([Value::Never, Value::Never]), 1e9), Verdict::Misses);
        assert_eq!(Verdict::of(&Estimate::of([Value::Is(0.0)]), 1.0), Verdict::Unsure { more: Some(9) });
    }

    #[test]
    fn four_times_the_runs_halve_the_interval() {
        assert_eq!(more_replications(10, 2.0, 1.0), Some(30));
        assert_eq!(more_replications(10, 2.0, 0.0), None);
    }
}
