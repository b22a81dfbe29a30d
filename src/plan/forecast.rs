//! Runs every cell of a scenario and sums the runs up.

use super::bill::RunBill;
use super::choice::{Recommendation, recommend};
use super::objective::{Judgement, Objective, Verdict};
use super::promotion::{Promotion, promotions};
use super::warning::Warning;
use crate::engine::{Cell, RunError, Stop, simulate};
use crate::limiter::LimiterModel;
use crate::metrics::{Estimate, Metric, Sample, Value};
use crate::protocol::Counts;
use crate::provider::{LimitSpec, Price, Scope};
use crate::recorder::{LimitRecord, Record};
use crate::scenario::{Scenario, catalog};
use crate::units::Money;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How a forecast is made.
#[derive(Clone, Copy)]
pub struct Options<'o> {
    /// What may stop it.
    pub stop: Stop<'o>,
    /// Called after each run with how many are done and how many there are.
    pub progress: &'o (dyn Fn(u64, u64) + Sync),
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { stop: Stop::default(), progress: &|_, _| {} }
    }
}

/// What will happen, in every cell, and what to choose.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// The cells: the tiers in the scenario's order, for each the strategies in theirs.
    pub cells: Vec<CellForecast>,
    /// What the cells are judged by.
    pub objectives: Vec<Objective>,
    /// Whether the scenario stated them.
    pub objectives_stated: bool,
    /// What to choose, and why nothing else.
    pub recommendation: Recommendation,
    /// What a reader should know before believing the figures.
    pub warnings: Vec<Warning>,
    /// Replications that were run to their end.
    pub replications: u64,
    /// Whether these are all that were asked for.
    pub complete: bool,
}

/// What will happen in one cell.
#[derive(Clone, Debug)]
pub struct CellForecast {
    /// The tier's name.
    pub tier: String,
    /// The strategy's name.
    pub strategy: String,
    /// [`Tier::size`](crate::provider::Tier::size).
    pub size: f64,
    /// Whether the tier's subscription is known; otherwise costs are without it.
    pub fee_is_known: bool,
    /// The tier's prices.
    pub price: Price,
    /// The tiers that an account comes to which pays this month after month, in order; the last one may be out of reach.
    pub promotions: Vec<Promotion>,
    /// The figures of each replication, in order.
    pub samples: Vec<Sample>,
    /// The figures of each source, by name.
    pub classes: Vec<(String, Vec<Sample>)>,
    /// What each limit did.
    pub limits: Vec<LimitForecast>,
    /// The objectives, judged.
    pub judgements: Vec<Judgement>,
    /// All replications together.
    pub record: Record,
}

/// What one limit did in one cell.
#[derive(Clone, Debug)]
pub struct LimitForecast {
    /// Its name in the tier.
    pub name: String,
    /// Its parameters.
    pub spec: LimitSpec,
    /// Attempts that it refused.
    pub refused: Estimate,
    /// The share used of what it would have let through.
    pub utilisation: Estimate,
    /// For a quota, the share of the measured time for which it was gone.
    pub closed: Estimate,
    /// For a quota, what was charged on each day of the run, in the mean over the replications.
    pub daily: Vec<f64>,
    /// Seconds from the start to its first refusal, over the replications in which it refused; for a quota that is when it
    /// ran out.
    pub exhausted_at: Estimate,
}

impl LimitForecast {
    /// Whether it counts each admitted call of the account as one.
    pub fn counts_every_call(&self) -> bool {
        self.spec.counts == Counts::Requests && self.spec.scope == Scope::Account && self.spec.counts_all()
    }

    /// What it allows, in a few characters.
    pub fn label(&self) -> String {
        self.spec.label()
    }
}

impl CellForecast {
    /// The estimate of a metric.
    pub fn metric(&self, metric: Metric) -> Estimate {
        Estimate::of(self.samples.iter().map(|sample| sample.get(metric)))
    }

    /// The difference of a metric to another cell of the same scenario, paired by replication.
    pub fn difference(&self, other: &CellForecast, metric: Metric) -> Estimate {
        let values = |cell: &CellForecast| -> Vec<Value> { cell.samples.iter().map(|s| s.get(metric)).collect() };
        Estimate::paired(values(self), values(other))
    }

    /// The limit that refused most; `None` where none refused.
    pub fn binding(&self) -> Option<&LimitForecast> {
        let refused = |limit: &&LimitForecast| limit.refused.mean.unwrap_or(0.0);
        self.limits.iter().filter(|limit| refused(limit) > 0.0).max_by(|a, b| refused(a).total_cmp(&refused(b)))
    }

    /// The limit of whose allowance the largest share was used.
    pub fn most_used(&self) -> Option<&LimitForecast> {
        let used = |limit: &LimitForecast| limit.utilisation.mean.unwrap_or(0.0);
        self.limits.iter().max_by(|a, b| used(a).total_cmp(&used(b)))
    }

    /// All objectives together: missed if one is, unsure if one is and none is missed.
    pub fn verdict(&self) -> Verdict {
        let all = || self.judgements.iter().map(|judgement| judgement.verdict);
        if all().any(|verdict| verdict == Verdict::Misses) {
            return Verdict::Misses;
        }
        let unsure = all().filter(|verdict| matches!(verdict, Verdict::Unsure { .. }));
        unsure.reduce(most_more).unwrap_or(Verdict::Meets)
    }
}

fn most_more(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Verdict::Unsure { more: Some(x) }, Verdict::Unsure { more: Some(y) }) => {
            Verdict::Unsure { more: Some(x.max(y)) }
        }
        _ => Verdict::Unsure { more: None },
    }
}

/// What one run says, once its record is merged away.
struct RunFigures {
    total: Sample,
    classes: Vec<Sample>,
    limits: Vec<LimitFigures>,
    quota_ran_out: bool,
}

#[derive(Clone, Copy)]
struct LimitFigures {
    refused: Value,
    utilisation: Value,
    closed: Value,
    exhausted_at: Value,
}

/// A cell with its names.
struct NamedCell<'s> {
    tier: &'s str,
    strategy: &'s str,
    cell: Cell<'s>,
}

/// The cells of a scenario: its tiers in order, for each its strategies in theirs.
fn cells(scenario: &Scenario) -> Vec<NamedCell<'_>> {
    let tiers = scenario.tiers.iter().filter_map(|name| Some((name.as_str(), scenario.tier.find(name)?)));
    let cells_of = |(tier_name, tier)| {
        scenario.strategy.iter().map(move |(strategy_name, strategy)| NamedCell {
            tier: tier_name,
            strategy: strategy_name,
            cell: Cell { scenario, tier, strategy },
        })
    };
    tiers.flat_map(cells_of).collect()
}

/// Runs all replications of all cells in parallel and judges them.
///
/// # Errors
/// The first error in the order of replications and cells. An interruption is an error only if not one replication of all
/// cells was complete; otherwise the forecast is of those that were.
pub fn forecast(scenario: &Scenario, options: Options) -> Result<Forecast, RunError> {
    let cells = cells(scenario);
    let width = cells.len() as u64;
    let runs = u64::from(scenario.replications) * width;
    let rounds = Mutex::new(Rounds::new(cells.len()));
    let done = AtomicU64::new(0);
    let run = |number: u64| -> Option<(u64, RunError)> {
        let (replication, at) = (number / width, (number % width) as usize);
        let cell = cells[at].cell;
        // A run looks up only now and then, and a short one never does.
        if (options.stop.interrupted)() {
            return Some((number, RunError::Interrupted));
        }
        match simulate(cell, replication, options.stop) {
            Ok(record) => {
                let figures = figures(cell, &record);
                rounds.lock().unwrap_or_else(PoisonError::into_inner).add(replication, at, (record, figures));
                (options.progress)(1 + done.fetch_add(1, Ordering::Relaxed), runs);
                None
            }
            Err(error) => Some((number, error)),
        }
    };
    // A bridge hands the runs out in their order, so that what is complete at an interruption comes first.
    let mut errors: Vec<(u64, RunError)> = (0..runs).par_bridge().filter_map(run).collect();
    errors.sort_by_key(|(number, _)| *number);
    let interrupted = !errors.is_empty();
    if let Some((_, error)) = errors.into_iter().find(|(_, error)| *error != RunError::Interrupted) {
        return Err(error);
    }
    let rounds = rounds.into_inner().unwrap_or_else(PoisonError::into_inner);
    summarise(scenario, &cells, rounds, !interrupted)
}

type Run = (Record, RunFigures);

/// The runs by replication. A replication counts once all cells have run it and all earlier ones count: all cells are
/// then summed up over the same replications, whenever the runs stop.
struct Rounds {
    next: u64,
    open: BTreeMap<u64, Vec<Option<Run>>>, // those from `next` on, as far as they have come
    records: Vec<Option<Record>>,          // by cell, merged
    figures: Vec<Vec<RunFigures>>,         // by cell, in order
}

impl Rounds {
    fn new(cells: usize) -> Self {
        Rounds {
            next: 0,
            open: BTreeMap::new(),
            records: vec![None; cells],
            figures: (0..cells).map(|_| Vec::new()).collect(),
        }
    }

    fn add(&mut self, replication: u64, cell: usize, run: Run) {
        let cells = self.records.len();
        self.open.entry(replication).or_insert_with(|| (0..cells).map(|_| None).collect())[cell] = Some(run);
        while self.open.get(&self.next).is_some_and(|round| round.iter().all(Option::is_some)) {
            let round = self.open.remove(&self.next).unwrap_or_default();
            for (cell, (record, figures)) in round.into_iter().flatten().enumerate() {
                self.figures[cell].push(figures);
                match &mut self.records[cell] {
                    Some(merged) => merged.merge(&record),
                    none => *none = Some(record),
                }
            }
            self.next += 1;
        }
    }
}

fn summarise(scenario: &Scenario, cells: &[NamedCell], rounds: Rounds, complete: bool) -> Result<Forecast, RunError> {
    if rounds.next == 0 {
        return Err(RunError::Interrupted);
    }
    let objectives = Objective::all(&scenario.slo);
    let runs = cells.iter().zip(rounds.figures).zip(rounds.records);
    let sum_up = |((cell, runs), record): ((_, Vec<RunFigures>), _)| sum_up(scenario, cell, &runs, &objectives, record);
    let cells: Vec<CellForecast> =
        runs.filter_map(|((cell, runs), record)| Some(sum_up(((cell, runs), record?)))).collect();
    Ok(Forecast {
        recommendation: recommend(&cells),
        warnings: Warning::all(scenario, &cells),
        cells,
        objectives,
        objectives_stated: !scenario.slo.is_empty(),
        replications: rounds.next,
        complete,
    })
}

fn sum_up(
    scenario: &Scenario,
    named: &NamedCell,
    runs: &[RunFigures],
    objectives: &[Objective],
    record: Record,
) -> CellForecast {
    let cell = named.cell;
    let names = scenario.classes().into_iter().enumerate();
    let of = |take: &dyn Fn(&RunFigures) -> Value| Estimate::of(runs.iter().map(take));
    let limit = |(at, (name, spec)): (usize, (String, &LimitSpec))| LimitForecast {
        name,
        spec: spec.clone(),
        refused: of(&|run| run.limits[at].refused),
        utilisation: of(&|run| run.limits[at].utilisation),
        closed: of(&|run| run.limits[at].closed),
        daily: record.limits[at].daily.iter().map(|&charged| charged as f64 / runs.len() as f64).collect(),
        exhausted_at: of(&|run| run.limits[at].exhausted_at),
    };
    let fee_is_known = cell.tier.price.month.is_some();
    let judge = |&objective: &Objective| {
        let observed = match objective {
            Objective::AtMost { metric, .. } => of(&|run| run.total.get(metric)),
            Objective::QuotaLasts => of(&|run| Value::Is(f64::from(u8::from(run.quota_ran_out)))),
        };
        let verdict = Verdict::of(&observed, objective.bound());
        // What is known of a cost is the least that it can be.
        let is_open = objective.is_of_cost() && !fee_is_known && verdict != Verdict::Misses;
        Judgement { objective, observed, verdict: if is_open { Verdict::Unsure { more: None } } else { verdict } }
    };
    let price_of = |tier: &str| {
        let stated = scenario.tier.find(tier).map(|tier| tier.price.clone());
        stated.or_else(|| Some(catalog::tier(tier)?.price))
    };
    let monthly = of(&|run| run.total.get(Metric::MonthlyCost)).mean.unwrap_or(0.0);
    CellForecast {
        price: cell.tier.price.clone(),
        promotions: promotions(&cell.tier.price, Money::from_usd_f64(monthly), price_of),
        tier: named.tier.to_owned(),
        strategy: named.strategy.to_owned(),
        size: cell.tier.size(),
        fee_is_known,
        samples: runs.iter().map(|run| run.total.clone()).collect(),
        classes: names.map(|(at, name)| (name, runs.iter().map(|run| run.classes[at].clone()).collect())).collect(),
        limits: cell.limits().into_iter().enumerate().map(limit).collect(),
        judgements: objectives.iter().map(judge).collect(),
        record,
    }
}

fn figures(cell: Cell, record: &Record) -> RunFigures {
    let scenario = cell.scenario;
    let measured = scenario.duration - scenario.warmup;
    let bill = RunBill::of(cell, record);
    let specs = cell.limits();
    let limits = || specs.iter().map(|(_, spec)| *spec).zip(&record.limits);
    RunFigures {
        total: Sample::of(&record.total(), measured, bill.total()),
        classes: record.classes.iter().map(|class| Sample::of(class, measured, bill.of_class(class))).collect(),
        limits: limits().map(|(spec, record)| limit_figures(scenario, spec, record)).collect(),
        // What is gone elsewhere is no fault of the tier that is judged.
        quota_ran_out: limits().take(cell.tier.limits.len()).any(|(spec, record)| runs_out(scenario, spec, record)),
    }
}

fn limit_figures(scenario: &Scenario, spec: &LimitSpec, record: &LimitRecord) -> LimitFigures {
    let utilisation = if spec.limiter.holds() {
        let most = spec.limiter.capacity() as f64 * scenario.duration.as_nanos() as f64;
        Value::ratio(record.held as f64, most)
    } else {
        let allowed = spec.limiter.allows(&scenario.start, scenario.duration);
        allowed.map_or(Value::Undefined, |allowed| Value::ratio(record.charged as f64, allowed))
    };
    LimitFigures {
        refused: Value::Is(record.refused as f64),
        utilisation,
        closed: if spec.limiter.is_quota() {
            let measured = (scenario.duration - scenario.warmup).as_nanos();
            Value::ratio(record.closed as f64, measured as f64)
        } else {
            Value::Undefined
        },
        exhausted_at: record.first_refused.map_or(Value::Undefined, |at| Value::Is(at.as_secs_f64())),
    }
}

/// Whether a quota ran out, or would at this pace where the run is shorter than the quota's day or month.
fn runs_out(scenario: &Scenario, spec: &LimitSpec, record: &LimitRecord) -> bool {
    if !spec.limiter.is_quota() {
        return false;
    }
    record.refused > 0 || projected_use(scenario, spec, record).is_some_and(|share| share > 1.0)
}

/// The share of a quota that its whole day or month would use at the pace of a shorter run; `None` where the run is long
/// enough to speak for itself.
fn projected_use(scenario: &Scenario, spec: &LimitSpec, record: &LimitRecord) -> Option<f64> {
    let (period, run) = (spec.limiter.period().as_secs_f64(), scenario.duration.as_secs_f64());
    // 28 days speak for a month, 23 hours for a day.
    (run < 0.9 * period).then(|| record.charged as f64 * period / run / spec.limiter.capacity() as f64)
}
