//! Fixed and calendar windows.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, mean, poisson, secs, sizes, window};
use ratecast::limiter::{Align, CalendarWindow, LimiterSpec};
use ratecast::protocol::Counts;
use ratecast::provider::Scope;
use ratecast::recorder::{Bin, Record};
use ratecast::traffic::Clients;
use ratecast::traffic::Traffic;
use ratecast::units::{Allowance, CalendarUnit, Civil, Period, SimDuration};
use rayon::prelude::*;

pub const TRIALS: &[Trial] = &[
    Trial::new("P-FW-01", "start", |case, seed| aligned(case, seed, Align::Start)),
    Trial::new("P-FW-02", "start", |case, seed| aligned(case, seed, Align::Start)),
    Trial::new("P-FW-03", "start", |case, seed| aligned(case, seed, Align::Start)),
    Trial::new("P-FW-04", "start", |case, seed| aligned(case, seed, Align::Start)),
    Trial::new("P-FW-01", "epoch", |case, seed| aligned(case, seed, Align::Epoch)),
    Trial::new("P-FW-02", "epoch", |case, seed| aligned(case, seed, Align::Epoch)),
    Trial::new("P-FW-03", "epoch", |case, seed| aligned(case, seed, Align::Epoch)),
    Trial::new("P-FW-04", "epoch", |case, seed| aligned(case, seed, Align::Epoch)),
    Trial::new("P-FW-05", "epoch", off_phase),
    Trial::new("P-FW-06", "first-request", opened_by_a_request),
    Trial::new("P-FW-07", "start", nested),
    Trial::new("P-FW-08", "start", weighted),
    Trial::new("P-FW-09", "start", per_key),
    Trial::new("P-FW-09", "clients", per_client),
    Trial::new("P-FW-10", "calendar-window", |case, seed| months(case, seed, 1_400, 1_400)),
    Trial::new("P-FW-11", "calendar-window", |case, seed| months(case, seed, 1, 8)),
    Trial::new("P-FW-12", "calendar-window", days),
    Trial::new("P-FW-13", "start", second_and_month),
];

/// Runs of whole windows, short enough for a timeline in seconds, that make [`REQUESTS`] together.
pub struct Windows {
    pub length: f64, // s
    pub runs: u64,
    per_run: u64,
}

impl Windows {
    pub fn new(lambda: f64, length: f64) -> Self {
        let per_run = (40_000.0 / length).floor();
        let runs = (REQUESTS / (lambda * per_run * length)).ceil() as u64;
        Windows { length, runs, per_run: per_run as u64 }
    }

    fn count(&self) -> f64 {
        (self.runs * self.per_run) as f64
    }

    pub fn duration(&self) -> SimDuration {
        secs(self.length * self.per_run as f64)
    }

    /// The counts of each window of a run.
    pub fn of(&self, record: &Record) -> Vec<Bin> {
        let step = record.timeline.step().as_secs_f64();
        record.timeline.bins().chunks((self.length / step).round() as usize).map(sum).collect()
    }
}

pub fn sum(bins: &[Bin]) -> Bin {
    let mut total = Bin::default();
    for bin in bins {
        total.offered += bin.offered;
        total.admitted += bin.admitted;
        total.rejected += bin.rejected;
    }
    total
}

fn share(windows: &[Bin], is: impl Fn(&Bin) -> bool) -> f64 {
    windows.iter().filter(|window| is(window)).count() as f64 / windows.len() as f64
}

fn aligned(case: &Case, seed: u64, align: Align) -> Vec<Estimate> {
    let windows = Windows::new(case.number("lambda"), case.number("window"));
    let limiter = window(case.count("limit"), windows.length, align);
    let setup = Setup::new(seed, poisson(case.number("lambda")), windows.duration()).limit(limiter);
    let seen = setup.runs(windows.runs, |record| windows.of(&record)).concat();
    let Bin { offered, rejected, .. } = sum(&seen);
    let (offered, rejected, count) = (offered as f64, rejected as f64, windows.count());
    vec![
        Estimate::new("rejection_fraction", rejected / offered, offered),
        Estimate::new("fraction_of_windows_with_a_rejection", share(&seen, |w| w.rejected > 0), count),
        Estimate::new("mean_time_to_reset_at_rejection_s", setup.mean_retry_after(windows.runs), offered),
        Estimate::new("mean_rejections_per_window", rejected / count, count),
    ]
}

/// The scenario starts five seconds into a minute.
fn off_phase(case: &Case, seed: u64) -> Vec<Estimate> {
    const RUNS: u32 = 2_000;
    let (phase, length) = (case.count("phase"), case.number("window"));
    let mut setup = Setup::new(seed, poisson(case.number("lambda")), secs(case.number("horizon"))).limit(window(
        case.count("limit"),
        length,
        Align::Epoch,
    ));
    setup.scenario.start = Civil::parse(&format!("2025-03-03T14:07:0{phase}Z")).unwrap();
    let first_piece = length as usize - phase as usize;
    let seen =
        setup.runs(RUNS.into(), |record| (sum(record.timeline.bins()), sum(&record.timeline.bins()[..first_piece])));
    let average = |count: &dyn Fn(&(Bin, Bin)) -> u64| mean(&seen.iter().map(|s| count(s) as f64).collect::<Vec<_>>());
    vec![
        Estimate::new("mean_rejections_per_run", average(&|(run, _)| run.rejected), RUNS),
        Estimate::new("mean_admitted_per_run", average(&|(run, _)| run.admitted), RUNS),
        Estimate::new("mean_rejections_first_piece", average(&|(_, first)| first.rejected), RUNS),
    ]
}

fn opened_by_a_request(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, length) = (case.number("lambda"), case.number("window"));
    let run = |limit: u64| {
        let limiter = window(limit, length, Align::FirstRequest);
        Setup::measured(seed, lambda, 0.0, REQUESTS).limit(limiter).run(0).total()
    };
    let total = run(case.count("limit"));
    // Where a window admits one request, as many are admitted as windows are opened.
    let opened = run(1).admitted;
    let offered = total.offered as f64;
    let span = REQUESTS / lambda;
    vec![
        Estimate::new("rejection_fraction", total.rejected() as f64 / offered, offered),
        Estimate::new("windows_opened_per_s", opened as f64 / span, span),
    ]
}

fn nested(case: &Case, seed: u64) -> Vec<Estimate> {
    let windows = Windows::new(case.number("lambda"), case.number("window_long"));
    let most = case.count("limit_long");
    let setup = Setup::new(seed, poisson(case.number("lambda")), windows.duration())
        .limit(window(case.count("limit_short"), case.number("window_short"), Align::Start))
        .limit(window(most, windows.length, Align::Start));
    let seen = setup.runs(windows.runs, |record| windows.of(&record)).concat();
    let Bin { offered, rejected, .. } = sum(&seen);
    let exhausted = share(&seen, |window| window.admitted == most);
    vec![
        Estimate::new("rejection_fraction", rejected as f64 / offered as f64, offered as f64),
        Estimate::new("fraction_of_long_windows_exhausted", exhausted, windows.count()),
    ]
}

fn weighted(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, costs, shares) = (case.number("lambda"), case.list("costs"), case.list("cost_probabilities"));
    let windows = Windows::new(lambda, case.number("window"));
    let limiter = window(case.count("limit"), windows.length, Align::Start);
    let traffic = Traffic { input_tokens: sizes(&costs, &shares), ..poisson(lambda) };
    let setup = Setup::new(seed, traffic, windows.duration()).limit_on(Counts::InputTokens, limiter);
    let seen = setup.runs(windows.runs, |record| (sum(record.timeline.bins()), record.limits[0].charged));
    let total = sum(&seen.iter().map(|(bin, _)| *bin).collect::<Vec<_>>());
    let units: u64 = seen.iter().map(|(_, charged)| charged).sum();
    let offered = total.offered as f64;
    let mut estimates = vec![
        Estimate::new("rejection_fraction", total.rejected as f64 / offered, offered),
        Estimate::new("mean_units_used_per_window", units as f64 / windows.count(), windows.count()),
    ];
    let split = setup.split(lambda, &costs, &shares);
    estimates.extend(by_cost(&split, windows.runs, &costs));
    estimates
}

/// The share of refused requests for each cost, where each is a source of its own.
pub fn by_cost(split: &Setup, runs: u64, costs: &[f64]) -> Vec<Estimate> {
    let counts = |record: Record| -> Vec<(u64, u64)> {
        record.classes.iter().map(|class| (class.rejected(), class.offered)).collect()
    };
    let seen = split.runs(runs, counts);
    let sum = |cost: usize| seen.iter().fold((0, 0), |sum, run| (sum.0 + run[cost].0, sum.1 + run[cost].1));
    let offered: u64 = (0..costs.len()).map(|cost| sum(cost).1).sum();
    let estimate = |(at, cost): (usize, &f64)| {
        let (rejected, asked) = sum(at);
        Estimate::new(format!("rejection_fraction_cost_{cost}"), rejected as f64 / asked as f64, offered as f64)
    };
    costs.iter().enumerate().map(estimate).collect()
}

/// A limit for each key: keys share nothing, so each is a cell of its own, with its share of the traffic.
fn per_key(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, length) = (case.number("lambda"), case.number("window"));
    let weight = |key: u64| (key as f64).powf(-case.number("zipf_alpha"));
    let weights: f64 = (1..=case.count("keys")).map(weight).sum();
    let span = (REQUESTS / lambda / length).ceil() * length;
    let run = |key: u64| {
        let rate = (lambda * weight(key) / weights * 1e9).round() / 1e9;
        let limiter = window(case.count("limit"), length, Align::Start);
        let mut setup = Setup::new(seed, poisson(rate), secs(span)).limit(limiter);
        setup.scenario.traffic[0].0 = format!("key-{key}");
        let total = setup.run(0).total();
        (total.rejected(), total.offered)
    };
    let seen: Vec<(u64, u64)> = (1..=case.count("keys")).into_par_iter().map(run).collect();
    let (rejected, offered) = seen.iter().fold((0, 0), |sum, key| (sum.0 + key.0, sum.1 + key.1));
    let (top_rejected, top_offered) = seen[0];
    vec![
        Estimate::new("rejection_fraction", rejected as f64 / offered as f64, offered as f64),
        Estimate::new("rejection_fraction_top_key", top_rejected as f64 / top_offered as f64, offered as f64),
    ]
}

/// The same as one source whose requests come from many clients, each with a window of its own.
fn per_client(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, length) = (case.number("lambda"), case.number("window"));
    let span = (REQUESTS / lambda / length).ceil() * length;
    let limiter = window(case.count("limit"), length, Align::Start);
    let mut setup = Setup::new(seed, poisson(lambda), secs(span)).limit(limiter);
    setup.tier.limits[0].1.scope = Scope::Client;
    let clients = Clients { count: case.count("keys") as u32, exponent: case.number("zipf_alpha"), first: 0 };
    setup.scenario.traffic[0].1.clients = Some(clients);
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    vec![Estimate::new("rejection_fraction", total.rejected() as f64 / offered, offered)]
}

fn calendar(amount: u64, unit: CalendarUnit, zone: &str) -> LimiterSpec {
    let limit = Allowance { amount, is_money: false, period: Period::Calendar(unit) };
    LimiterSpec::CalendarWindow(CalendarWindow { limit, zone: zone.to_owned() })
}

fn midnight(date: &str, zone: &str) -> Civil {
    Civil::parse(&format!("{date}T00:00:00[{zone}]")).unwrap()
}

/// The counts of consecutive stretches of a run, each `length` seconds long, a whole number of the timeline's steps.
fn stretches(record: &Record, lengths: &[f64]) -> Vec<Bin> {
    let step = record.timeline.step().as_secs_f64();
    let mut bins = record.timeline.bins();
    let cut = |length: &f64| {
        let (head, tail) = bins.split_at((length / step).round() as usize);
        bins = tail;
        sum(head)
    };
    lengths.iter().map(cut).collect()
}

/// A quota per calendar month, over `years` runs of a year and `marches` runs of its March.
fn months(case: &Case, seed: u64, years: u32, marches: u32) -> Vec<Estimate> {
    let (year, zone, quota) = (case.count("year"), case.text("time_zone"), case.count("quota"));
    let lengths = case.list("month_lengths");
    let mut setup = Setup::new(seed, poisson(case.number("lambda")), secs(lengths.iter().sum())).limit(calendar(
        quota,
        CalendarUnit::Month,
        zone,
    ));
    setup.scenario.start = midnight(&format!("{year}-01-01"), zone);
    let seen = setup.runs(years.into(), |record| stretches(&record, &lengths));
    let total = sum(&seen.concat());
    let average = |count: &dyn Fn(&Vec<Bin>) -> u64| mean(&seen.iter().map(|s| count(s) as f64).collect::<Vec<_>>());
    let rejecting = |months: &Vec<Bin>| months.iter().filter(|month| month.rejected > 0).count() as u64;
    vec![
        Estimate::new("mean_rejections_per_year", average(&|months| sum(months).rejected), years),
        Estimate::new("rejection_fraction", total.rejected as f64 / total.offered as f64, years),
        Estimate::new("mean_rejections_february", average(&|months| months[1].rejected), years),
        Estimate::new("mean_rejections_march", average(&|months| months[2].rejected), years),
        Estimate::new("mean_months_with_a_rejection", average(&rejecting), years),
        Estimate::new("mean_blocked_seconds_march", blocked(case, seed, lengths[2], marches), marches),
    ]
}

/// The mean time from the last request that the quota admits to the end of a March of `length` seconds.
fn blocked(case: &Case, seed: u64, length: f64, runs: u32) -> f64 {
    let zone = case.text("time_zone");
    // A record knows when the first request was refused: with a quota of one less, the last that the quota admits.
    let limiter = calendar(case.count("quota") - 1, CalendarUnit::Month, zone);
    let mut setup = Setup::new(!seed, poisson(case.number("lambda")), secs(length)).limit(limiter);
    setup.scenario.start = midnight(&format!("{}-03-01", case.count("year")), zone);
    let left = |record: Record| record.limits[0].first_refused.map_or(0.0, |at| length - at.as_secs_f64());
    mean(&setup.runs(runs.into(), left))
}

/// A quota per local day, in a month with a day of 23 hours.
fn days(case: &Case, seed: u64) -> Vec<Estimate> {
    const RUNS: u32 = 400;
    let (zone, odd_day) = (case.text("time_zone"), case.count("odd_day_of_month") as usize - 1);
    let mut lengths = [86_400.0; 31];
    lengths[odd_day] = case.number("odd_day_length");
    let mut setup = Setup::new(seed, poisson(case.number("lambda")), secs(lengths.iter().sum())).limit(calendar(
        case.count("quota"),
        CalendarUnit::Day,
        zone,
    ));
    setup.scenario.start = midnight(&format!("{}-01", case.text("year_month")), zone);
    let seen = setup.runs(RUNS.into(), |record| stretches(&record, &lengths));
    let average = |count: &dyn Fn(&Vec<Bin>) -> u64| mean(&seen.iter().map(|s| count(s) as f64).collect::<Vec<_>>());
    vec![
        Estimate::new("mean_rejections_per_run", average(&|days| sum(days).rejected), RUNS),
        Estimate::new("mean_rejections_on_odd_day", average(&|days| days[odd_day].rejected), RUNS),
        Estimate::new("mean_rejections_on_day_1", average(&|days| days[0].rejected), RUNS),
    ]
}

fn second_and_month(case: &Case, seed: u64) -> Vec<Estimate> {
    const RUNS: u32 = 5;
    let (month, quota) = (case.number("days") * 86_400.0, case.count("quota"));
    let setup = Setup::new(seed, poisson(case.number("lambda")), secs(month))
        .limit(window(case.count("limit_per_second"), 1.0, Align::Start))
        .limit(window(quota, month, Align::Start));
    let seen = setup.runs(RUNS.into(), |record| sum(record.timeline.bins()));
    let total = sum(&seen);
    vec![
        Estimate::new("mean_admitted_per_month", total.admitted as f64 / f64::from(RUNS), RUNS),
        Estimate::new("rejection_fraction", total.rejected as f64 / total.offered as f64, RUNS),
        Estimate::new("probability_quota_used_up", share(&seen, |month| month.admitted == quota), RUNS),
    ]
}
