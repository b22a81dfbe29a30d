//! A forecast as the data of its charts.

use super::charts::{
    Amplification, AmplifiedCell, Bounds, Breakdown, BrokenDown, ComparedCell, Comparison, CumulativeLatency,
    Estimate as Interval, Exhaustion, LatencyCurve, LatencyObjective, LatencyView, Learnt, LearntCurve, LearntKind,
    LearntPanel, Likeness, LikenessPanel, LikenessPoint, LimitLine, Measured, OverTime, QuotaCurve, QuotaReset,
    QuotaUse,
};
use super::fit::{CheckDocument, FitDocument};
use super::text::label;
use super::words::{civil_day, civil_start};
use crate::limiter::LimiterModel;
use crate::metrics::{Estimate, Metric};
use crate::plan::{CellForecast, Forecast, LimitForecast, Objective};
use crate::protocol::Counts;
use crate::recorder::{Gauge, Spared, Timeline};
use crate::scenario::Scenario;
use crate::units::{CalendarUnit, Civil, Period, SimDuration, SimTime};

/// A log beside its model and a Poisson process: how counts vary, and how busy the busiest windows are.
pub fn likeness(of: &FitDocument) -> Likeness {
    let point = |check: &CheckDocument, window_s: f64, divisor: f64| LikenessPoint {
        window_s,
        observed: check.observed / divisor,
        model: [check.low, check.median, check.high].map(|value| value / divisor),
        simple: [check.poisson_low, check.poisson_median, check.poisson_high].map(|value| value / divisor),
    };
    let rate = of.rows.saturating_sub(1) as f64 / of.span_s.max(1e-9);
    let windows = |kind: &'static str| {
        of.checks.iter().filter_map(move |check| {
            let seconds = check.name.strip_prefix(kind)?.strip_suffix('s')?.parse::<f64>().ok()?;
            Some((check, seconds))
        })
    };
    let dispersion = windows("dispersion_").map(|(check, seconds)| point(check, seconds, 1.0));
    let busiest = windows("busiest_").map(|(check, seconds)| point(check, seconds, rate * seconds));
    Likeness {
        title: format!("{} and its model", of.file.rsplit(['/', '\\']).next().unwrap_or_default()),
        subtitle: format!("{} runs of each model over {:.0} s", of.replications, of.span_s),
        model: of.kind.clone(),
        panels: vec![
            LikenessPanel { title: "variance over mean of counts".to_owned(), points: dispersion.collect() },
            LikenessPanel { title: "busiest window over the mean".to_owned(), points: busiest.collect() },
        ],
    }
}

fn subtitle(scenario: &Scenario, forecast: &Forecast) -> String {
    let runs = if forecast.replications == 1 {
        "one run".to_owned()
    } else {
        format!("mean of {} runs", forecast.replications)
    };
    format!("{}: {} from {}, {runs}", scenario.name, scenario.duration, civil_start(scenario))
}

/// New requests, and admitted, rejected and failed calls per interval, with the limit that these meet.
pub fn over_time(scenario: &Scenario, forecast: &Forecast, cell: &CellForecast) -> OverTime {
    let timeline = &cell.record.timeline;
    let limit = short_limit(cell);
    let step = timeline.step();
    // At least one period of the limit an interval, so that the line is its amount.
    let period = limit.map_or(step, |limit| limit.spec.limiter.period());
    let joined = (period.as_nanos() / step.as_nanos()).max(1) as usize;
    let interval = step.saturating_mul(joined as u64);
    let series = |of: fn(&crate::recorder::Bin) -> u64| -> Vec<f64> {
        let mean =
            |bins: &[crate::recorder::Bin]| bins.iter().map(of).sum::<u64>() as f64 / forecast.replications as f64;
        timeline.bins().chunks_exact(joined).map(mean).collect()
    };
    OverTime {
        title: format!("Requests and calls over time: {} with {}", cell.tier, cell.strategy),
        subtitle: subtitle(scenario, forecast),
        start: civil_start(scenario),
        interval_s: interval.as_secs_f64(),
        arrived: series(|bin| bin.offered),
        admitted: series(|bin| bin.admitted),
        rejected: series(|bin| bin.rejected),
        faulted: series(|bin| bin.errors),
        limit: limit.and_then(|limit| line(limit, interval)),
    }
}

/// Calls for each new request over time, for every cell; `None` where no client calls twice, or where requests come so seldom
/// or so much at once that most of the time there are none.
pub fn amplification(scenario: &Scenario, forecast: &Forecast) -> Option<Amplification> {
    let cells = || super::text::reading_order(forecast).into_iter().map(|at| &forecast.cells[at]);
    let repeats = |cell: &CellForecast| {
        let total = cell.record.total();
        total.retried + total.hedged > 0
    };
    let timeline = &forecast.cells.first()?.record.timeline;
    // Enough for a line of forty points.
    let stretch = timeline.bins().len().div_ceil(40).max(1);
    let stretches = || timeline.bins().chunks(stretch);
    let with_requests = stretches().filter(|bins| bins.iter().any(|bin| bin.offered > 0)).count();
    if !cells().any(repeats) || 2 * with_requests < stretches().count() {
        return None;
    }
    let curve = |cell: &CellForecast| {
        let mean = |count: u64| count as f64 / forecast.replications as f64;
        let bins = cell.record.timeline.bins();
        AmplifiedCell {
            label: label(forecast, cell),
            requests: bins.iter().map(|bin| mean(bin.offered)).collect(),
            calls: bins.iter().map(|bin| mean(bin.calls())).collect(),
        }
    };
    Some(Amplification {
        title: "Amplification: calls sent for each new request".to_owned(),
        subtitle: subtitle(scenario, forecast),
        start: civil_start(scenario),
        interval_s: timeline.step().as_secs_f64(),
        curves: cells().map(curve).collect(),
    })
}

/// What clients learnt to allow themselves, in the first run; `None` where none learns anything.
pub fn learnt(scenario: &Scenario, forecast: &Forecast) -> Option<Learnt> {
    type Kind = (LearntKind, fn(&crate::recorder::Learnt) -> Option<&Gauge>);
    let kinds: [Kind; 3] = [
        (LearntKind::Rate, |learnt| learnt.rate.as_ref()),
        (LearntKind::Window, |learnt| learnt.window.as_ref()),
        (LearntKind::Refusal, |learnt| learnt.refusal.as_ref()),
    ];
    let cells = || super::text::reading_order(forecast).into_iter().map(|at| &forecast.cells[at]);
    let panel = |(kind, of): Kind| {
        let curve = |cell: &CellForecast| {
            let levels = of(&cell.record.learnt)?.levels().map(|level| level.unwrap_or(f64::NAN)).collect();
            Some(LearntCurve { label: label(forecast, cell), levels })
        };
        let curves: Vec<LearntCurve> = cells().filter_map(curve).collect();
        let limit = if kind == LearntKind::Rate { common_limit(forecast) } else { None };
        (!curves.is_empty()).then_some(LearntPanel { kind, limit, curves })
    };
    let panels: Vec<LearntPanel> = kinds.into_iter().filter_map(panel).collect();
    (!panels.is_empty()).then(|| Learnt {
        title: "What clients learnt to allow themselves".to_owned(),
        subtitle: format!("{}: {} from {}, the first run", scenario.name, scenario.duration, civil_start(scenario)),
        start: civil_start(scenario),
        interval_s: forecast.cells[0].record.timeline.step().as_secs_f64(),
        panels,
    })
}

/// The limit on requests of the only tier, in calls a second.
fn common_limit(forecast: &Forecast) -> Option<LimitLine> {
    let first = forecast.cells.first()?;
    let is_alone = forecast.cells.iter().all(|cell| cell.tier == first.tier);
    short_limit(first).filter(|_| is_alone).and_then(|limit| line(limit, SimDuration::from_secs(1)))
}

/// The limit on requests over the shortest time.
fn short_limit(cell: &CellForecast) -> Option<&LimitForecast> {
    let counted = cell.limits.iter().filter(|limit| {
        let model = &limit.spec.limiter;
        limit.spec.counts == Counts::Requests && model.sustained().is_some() && !model.is_quota()
    });
    counted.min_by_key(|limit| limit.spec.limiter.period())
}

fn line(limit: &LimitForecast, interval: SimDuration) -> Option<LimitLine> {
    let rate = limit.spec.limiter.sustained()?.per_second();
    Some(LimitLine { per_interval: rate * interval.as_secs_f64(), label: format!("limit {}", limit.label()) })
}

/// The share of requests answered within a time, or still waiting then, for every cell.
pub fn latency(scenario: &Scenario, forecast: &Forecast, view: LatencyView) -> CumulativeLatency {
    let curve = |cell: &CellForecast| {
        let total = cell.record.total();
        let share = |count: u64| count as f64 / total.offered.max(1) as f64;
        let points =
            total.latency.cumulative().into_iter().map(|(latency, count)| (latency.as_secs_f64(), share(count)));
        LatencyCurve { label: label(forecast, cell), points: points.collect() }
    };
    let objective = |objective: &Objective| match *objective {
        Objective::AtMost { key, metric, bound } => {
            let share = match metric {
                Metric::LatencyAllP50 => 0.50,
                Metric::LatencyAllP90 => 0.90,
                Metric::LatencyAllP95 => 0.95,
                Metric::LatencyAllP99 => 0.99,
                _ => return None,
            };
            Some(LatencyObjective { label: key.to_owned(), latency_s: bound, share: Some(share) })
        }
        Objective::QuotaLasts => None,
    };
    CumulativeLatency {
        title: match view {
            LatencyView::Answered => "How long requests wait for their answer",
            LatencyView::Waiting => "How long the slowest requests wait",
        }
        .to_owned(),
        view,
        subtitle: format!("{}; all requests, also those never answered", subtitle(scenario, forecast)),
        curves: super::text::reading_order(forecast).into_iter().map(|at| curve(&forecast.cells[at])).collect(),
        objectives: forecast.objectives.iter().filter_map(objective).collect(),
    }
}

/// What time and requests went to, in every cell.
pub fn breakdown(scenario: &Scenario, forecast: &Forecast) -> Breakdown {
    let broken_down = |at: usize| {
        let cell = &forecast.cells[at];
        let mean = |metric| cell.metric(metric).mean.unwrap_or(0.0);
        let total = cell.record.total();
        let share = |count: u64| count as f64 / total.offered.max(1) as f64;
        let spared = |how: Spared| total.spared[how as usize];
        let shared = spared(Spared::Coalesced) + spared(Spared::Batched);
        let others = [total.rerouted, spared(Spared::Cache), shared, spared(Spared::Canned)];
        // A shared call may have gone by another route.
        let own = total.served().saturating_sub(others.iter().sum());
        let [rerouted, cached, shared, canned] = others.map(share);
        BrokenDown {
            label: label(forecast, cell),
            recommended: forecast.recommendation.cell == Some(at),
            times_s: [
                mean(Metric::QueueWaitMean),
                mean(Metric::PacingWaitMean),
                mean(Metric::JoiningWaitMean),
                mean(Metric::RetryWaitMean),
                mean(Metric::ProviderWaitMean),
                mean(Metric::ServiceMean),
            ],
            fates: [share(own), rerouted, cached, shared, canned, share(total.failed()), share(total.pending)],
        }
    };
    Breakdown {
        title: "Where the time went, and the requests".to_owned(),
        subtitle: subtitle(scenario, forecast),
        cells: super::text::reading_order(forecast).into_iter().map(broken_down).collect(),
    }
}

/// All cells side by side.
pub fn comparison(scenario: &Scenario, forecast: &Forecast) -> Comparison {
    let compared = |at: usize| {
        let cell = &forecast.cells[at];
        let measured = |metric| measured(&cell.metric(metric));
        ComparedCell {
            label: label(forecast, cell),
            recommended: forecast.recommendation.cell == Some(at),
            rejection_rate: measured(Metric::AttemptRejectionRate),
            failure_rate: measured(Metric::FailureRate),
            p95_latency_s: measured(Metric::LatencyAllP95),
            monthly_cost_usd: if cell.fee_is_known { measured(Metric::MonthlyCost) } else { Measured::Unknown },
        }
    };
    let bound = |wanted: Metric| {
        forecast.objectives.iter().find_map(|objective| match *objective {
            Objective::AtMost { metric, bound, .. } if metric == wanted => Some(bound),
            _ => None,
        })
    };
    Comparison {
        title: "Tiers and strategies compared".to_owned(),
        subtitle: subtitle(scenario, forecast),
        cells: super::text::reading_order(forecast).into_iter().map(compared).collect(),
        bounds: Bounds {
            rejection_rate: bound(Metric::AttemptRejectionRate),
            failure_rate: bound(Metric::FailureRate),
            p95_latency_s: bound(Metric::LatencyAllP95),
            monthly_cost_usd: bound(Metric::MonthlyCost),
        },
    }
}

fn measured(estimate: &Estimate) -> Measured {
    match estimate.mean {
        Some(mean) => Measured::Known(Interval { mean, interval: estimate.low.zip(estimate.high) }),
        None if estimate.never > 0 => Measured::Never,
        None => Measured::Unknown,
    }
}

/// How the quotas are used up, for every cell that has one; `None` where none has.
pub fn quota(scenario: &Scenario, forecast: &Forecast) -> Option<QuotaUse> {
    let order = super::text::reading_order(forecast);
    let curves: Vec<QuotaCurve> =
        order.iter().filter_map(|&at| quota_curve(scenario, forecast, &forecast.cells[at])).collect();
    if curves.is_empty() {
        return None;
    }
    let (civil, unit) =
        forecast.cells.iter().flat_map(|cell| &cell.limits).find_map(|limit| calendar(scenario, limit))?;
    let end = SimTime::ZERO.saturating_add(scenario.duration);
    let edges = std::iter::successors(Some(civil.next_boundary(unit, SimTime::ZERO)), |&edge| {
        Some(civil.next_boundary(unit, edge))
    });
    let reset = |edge: SimTime| QuotaReset { day: days(edge), label: civil.describe(edge).chars().take(10).collect() };
    Some(QuotaUse {
        title: format!("Use of the {}'s quota", unit.name()),
        subtitle: subtitle(scenario, forecast),
        start: civil_start(scenario),
        curves,
        resets: edges.take_while(|&edge| edge < end).map(reset).collect(),
    })
}

/// The civil clock and the unit of a quota.
fn calendar(scenario: &Scenario, limit: &LimitForecast) -> Option<(Civil, CalendarUnit)> {
    let crate::limiter::LimiterSpec::CalendarWindow(window) = &limit.spec.limiter else { return None };
    let Period::Calendar(unit) = window.limit.period else { return None };
    Some((scenario.start.in_zone(&window.zone).ok()?, unit))
}

fn days(at: SimTime) -> f64 {
    at.as_secs_f64() / 86_400.0
}

fn quota_curve(scenario: &Scenario, forecast: &Forecast, cell: &CellForecast) -> Option<QuotaCurve> {
    let (limit, (civil, unit)) = cell.limits.iter().find_map(|limit| Some((limit, calendar(scenario, limit)?)))?;
    let amount = limit.spec.limiter.capacity() as f64;
    let points = if limit.counts_every_call() {
        quota_points(&cell.record.timeline, &civil, unit, amount * forecast.replications as f64)
    } else {
        // What came in the drain lies beyond the axis.
        let run = limit.daily.len().min(scenario.duration.as_nanos().div_ceil(86_400_000_000_000) as usize);
        daily_points(&limit.daily[..run], SimTime::ZERO.saturating_add(scenario.duration), (&civil, unit), amount)
    };
    let gone = limit.exhausted_at.mean.map(|at| Exhaustion { day: at / 86_400.0, date: civil_day(scenario, at) });
    Some(QuotaCurve { label: label(forecast, cell), points, band: Vec::new(), exhausted: gone.into_iter().collect() })
}

/// The share of `amount` used since the last reset, about every hour.
fn quota_points(timeline: &Timeline, civil: &Civil, unit: CalendarUnit, amount: f64) -> Vec<(f64, f64)> {
    let step = timeline.step();
    let hourly = (3_600_000_000_000 / step.as_nanos()).max(1) as usize;
    let joined = hourly.min(timeline.bins().len().div_ceil(500)).max(1);
    let mut edge = civil.next_boundary(unit, SimTime::ZERO);
    let (mut used, mut points) = (0u64, vec![(0.0, 0.0)]);
    for (at, bin) in timeline.bins().iter().enumerate() {
        let ends = SimTime::ZERO.saturating_add(step.saturating_mul(at as u64 + 1));
        if ends > edge {
            points.extend([(days(edge), used as f64 / amount), (days(edge), 0.0)]);
            (used, edge) = (0, civil.next_boundary(unit, edge));
        }
        used += bin.admitted;
        if (at + 1).is_multiple_of(joined) {
            points.push((days(ends), used as f64 / amount));
        }
    }
    points
}

/// The same of a quota that counts anything else, at the end of each day of the run, and at its `end`.
fn daily_points(daily: &[f64], end: SimTime, (civil, unit): (&Civil, CalendarUnit), amount: f64) -> Vec<(f64, f64)> {
    let mut edge = civil.next_boundary(unit, SimTime::ZERO);
    let (mut used, mut points) = (0.0, vec![(0.0, 0.0)]);
    for (day, charged) in daily.iter().enumerate() {
        let ends = SimTime::ZERO.saturating_add(SimDuration::from_secs(86_400 * (day as u64 + 1))).min(end);
        if ends > edge {
            points.extend([(days(edge), used / amount), (days(edge), 0.0)]);
            (used, edge) = (0.0, civil.next_boundary(unit, edge));
        }
        used += charged;
        points.push((days(ends), used / amount));
    }
    points
}
