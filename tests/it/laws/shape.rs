//! Every shape bends the rate as it says: its integral is that of a twin of a few lines, counts agree with the integral,
//! and nothing else changes.

use crate::theory::chi_square;
use jiff::ZonedDateTime;
use ratecast::params::Parameters;
use ratecast::rng::{BLOCK, Seed};
use ratecast::traffic::arrivals::{self, Arrivals};
use ratecast::traffic::shape::{Between, Daily, Ramp, Random, Shape, Steps};
use ratecast::traffic::{Columns, Feed, Setting, Traffic};
use ratecast::units::{Civil, Moment, Rate, SimDuration, SimTime, TimeOfDay};
use std::path::Path;

const HOUR: u64 = 3_600;
const DAYS: u64 = 5;

/// A shape with its factor at an instant: the clocks of `START` show it, and days since the start.
struct Case {
    name: &'static str,
    shape: Shape,
    twin: fn(&ZonedDateTime, f64) -> f64,
}

/// Its clocks go forward on the third of five days.
const START: &str = "2025-03-28T00:00:00[Europe/Berlin]";

fn moment(text: &str) -> Moment {
    Moment::parse(text).unwrap()
}

/// Hours of the day in which an office works.
const OFFICE: [f64; 24] = [
    1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 5.0, 9.0, 12.0, 14.0, 13.0, 9.0, 12.0, 15.0, 14.0, 12.0, 8.0, 6.0, 5.0, 5.0,
    4.0, 3.0, 2.0,
];

/// So far through the day, in hours on the clock.
fn hours(at: &ZonedDateTime) -> f64 {
    f64::from(at.hour()) + f64::from(at.minute()) / 60.0 + f64::from(at.second()) / 3_600.0
}

fn mean(weights: &[f64]) -> f64 {
    weights.iter().sum::<f64>() / weights.len() as f64
}

/// What straight lines between the middles of `weights` say at `part`, in parts of the period.
fn straight(weights: &[f64], part: f64) -> f64 {
    let from = (part - 0.5).rem_euclid(weights.len() as f64);
    let (here, next) = (weights[from as usize], weights[(from as usize + 1) % weights.len()]);
    (here + (next - here) * from.fract()) / mean(weights)
}

fn cases() -> Vec<Case> {
    let case = |name, shape, twin| Case { name, shape, twin };
    let daily = |daily: Daily| Shape { daily: Some(daily), ..Shape::default() };
    let weights = |between| daily(Daily { weights: OFFICE.to_vec(), between, ..Daily::default() });
    let peak = |ratio, zone: Option<&str>| Daily {
        peak: Some(TimeOfDay::parse("14:10").unwrap()),
        peak_to_mean: Some(ratio),
        zone: zone.map(str::to_owned),
        ..Daily::default()
    };
    let ramp = Ramp { from: moment("12h"), to: moment("2025-03-31T06:00"), factor: 7.0 };
    let steps =
        Steps { at: vec![moment("2025-03-30T03:30"), moment("1d"), moment("2d4h30min")], factors: vec![0.0, 2.0, 3.0] };
    vec![
        case("no shape", Shape::default(), |_, _| 1.0),
        case("hours, straight", weights(None), |at, _| straight(&OFFICE, hours(at))),
        case("hours, level", weights(Some(Between::Level)), |at, _| OFFICE[at.hour() as usize] / mean(&OFFICE)),
        case(
            "two halves of New York's day",
            daily(Daily {
                weights: vec![1.0, 3.0],
                between: Some(Between::Level),
                zone: Some("America/New_York".to_owned()),
                ..Daily::default()
            }),
            |at, _| {
                let there = at.with_time_zone(jiff::tz::TimeZone::get("America/New_York").unwrap());
                if there.hour() < 12 { 0.5 } else { 1.5 }
            },
        ),
        case("a hump", daily(peak(1.5, None)), |at, _| {
            let angle = (hours(at) - 14.0 - 1.0 / 6.0) / 24.0 * std::f64::consts::TAU;
            (KAPPA * angle.cos()).exp() / bessel(KAPPA)
        }),
        case("a ramp", Shape { ramp: Some(ramp.clone()), ..Shape::default() }, |_, day| {
            1.0 + 6.0 * ((day - 0.5) / (77.0 / 24.0 - 0.5)).clamp(0.0, 1.0)
        }),
        case("steps", Shape { steps: Some(steps.clone()), ..Shape::default() }, stepped),
        case("all together", Shape { ramp: Some(ramp), steps: Some(steps), ..weights(None) }, |at, day| {
            let ramped = 1.0 + 6.0 * ((day - 0.5) / (77.0 / 24.0 - 0.5)).clamp(0.0, 1.0);
            ramped * stepped(at, day) * straight(&OFFICE, hours(at))
        }),
    ]
}

/// The solution of e^κ / I0(κ) = 1.5.
const KAPPA: f64 = 0.457_014_447_776;

/// The modified Bessel function of the first kind, of order 0.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    (1..30)
        .map(|k| {
            term *= (x / 2.0 / f64::from(k)).powi(2);
            term
        })
        .sum::<f64>()
        + 1.0
}

fn stepped(_: &ZonedDateTime, day: f64) -> f64 {
    // 03:30 on the day of the clock change is two and a half hours after midnight.
    let steps = [(1.0, 2.0), (2.0 + 2.5 / 24.0, 0.0), (2.0 + 4.5 / 24.0, 3.0)];
    steps.iter().rev().find(|(from, _)| day >= *from).map_or(1.0, |(_, factor)| *factor)
}

fn start() -> Civil {
    Civil::parse(START).unwrap()
}

/// The integral over each hour, in seconds.
fn integrals(shape: &Shape) -> Vec<f64> {
    let until = |hour: u64| shape.integral(SimDuration::from_secs(hour * HOUR), &start());
    (0..DAYS * 24).map(|hour| until(hour + 1) - until(hour)).collect()
}

#[test]
fn shapes_are_their_twins() {
    for case in cases() {
        for (hour, integral) in integrals(&case.shape).into_iter().enumerate() {
            let values = (0..360).map(|step| {
                let secs = hour as u64 * HOUR + step * 10 + 5;
                let at = start().at(SimTime::ZERO + SimDuration::from_secs(secs));
                (case.twin)(&at, secs as f64 / 86_400.0)
            });
            let twin = values.sum::<f64>() * 10.0;
            // The hump is straight from quarter to quarter of an hour.
            let allowed = if case.name == "a hump" { 3e-4 } else { 1e-6 } * (1.0 + twin);
            assert!((integral - twin).abs() < allowed, "{} in hour {hour}: {integral} for {twin}", case.name);
        }
    }
}

fn times(shape: &Shape, arrivals: &Arrivals, replication: u64) -> Vec<SimTime> {
    let traffic = Traffic { arrivals: Some(arrivals.clone()), shape: Some(shape.clone()), ..Traffic::default() };
    assert_eq!(traffic.check(), Ok(()));
    let end = SimTime::ZERO + SimDuration::from_secs(DAYS * 24 * HOUR);
    let setting = Setting { folder: Path::new(""), start: &start(), end, seed: Seed(11), replication };
    let mut feed = Feed::new(&traffic, "app", &setting).unwrap();
    let (mut columns, mut out) = (Columns::default(), Vec::new());
    while columns.arrived[BLOCK - 1] < end || out.is_empty() {
        assert_eq!(feed.fill(&mut columns).unwrap(), BLOCK);
        out.extend(columns.arrived.iter().filter(|&&at| at < end));
    }
    out
}

fn poisson(per_hour: u64) -> Arrivals {
    Arrivals::Poisson(arrivals::Poisson { rate: Rate::new(per_hour, SimDuration::from_secs(HOUR)).unwrap() })
}

/// Each case is a chi-square of 120 hourly counts that a correct shape passes 3.7 standard deviations of once in ten
/// thousand seeds; the seed is fixed.
#[test]
fn counts_agree_with_the_integral() {
    for case in cases() {
        let times = times(&case.shape, &poisson(1_000), 0);
        let mut counts = vec![0.0; (DAYS * 24) as usize];
        times.iter().for_each(|at| counts[(at.as_nanos() / (HOUR * 1_000_000_000)) as usize] += 1.0);
        let expected = integrals(&case.shape).into_iter().map(|secs| secs / HOUR as f64 * 1_000.0);
        let mut scores = Vec::new();
        for (count, expected) in counts.into_iter().zip(expected) {
            // Nothing may come where nothing is expected, and where little is, a count is not normal.
            match expected {
                0.0 => assert_eq!(count, 0.0, "{}", case.name),
                20.0.. => scores.push((count - expected) / f64::sqrt(expected)),
                _ => {}
            }
        }
        assert!(scores.len() >= 60, "{} hours of {} are judged", scores.len(), case.name);
        assert!(chi_square(&scores).abs() < 3.7, "{}: {:?}", case.name, chi_square(&scores));
    }
}

/// Evenly spaced arrivals leave nothing to chance: request k comes when the integral has reached k gaps.
#[test]
fn requests_come_when_the_integral_says() {
    for case in cases() {
        let rate = Rate::new(10, SimDuration::from_secs(HOUR)).unwrap();
        let times = times(&case.shape, &Arrivals::Constant(arrivals::Constant { rate }), 0);
        assert!(times.is_sorted());
        for (k, at) in times.iter().enumerate().step_by(7) {
            let passed = case.shape.integral(at.saturating_since(SimTime::ZERO), &start());
            assert!((passed - 360.0 * k as f64).abs() < 1e-6, "{} request {k} at {at:?}: {passed}", case.name);
        }
        let all = case.shape.integral(SimDuration::from_secs(DAYS * 24 * HOUR), &start());
        assert!((times.len() as f64 - all / 360.0).abs() <= 1.0, "{}: {} for {all}", case.name, times.len());
    }
}

/// Random shapes: the mean over runs is 1, judged by five standard errors over 200 runs (once in 1.7 million seeds).
#[test]
fn random_rates_have_a_mean_of_one() {
    let shape = |cv, minutes: u64| {
        let random = Random { cv, memory: SimDuration::from_secs(60 * minutes) };
        Shape { random: Some(random), ..Shape::default() }
    };
    for shape in [shape(0.2, 5), shape(0.6, 300), shape(1.0, 60), shape(0.0, 5)] {
        let counts: Vec<f64> = (0..200).map(|run| times(&shape, &poisson(60), run).len() as f64).collect();
        let (mean, error) = super::traffic::mean_and_error(&counts);
        let expected = 60.0 * 24.0 * DAYS as f64;
        assert!((mean - expected).abs() < 5.0 * error, "{shape:?}: {mean} ± {error} for {expected}");
        assert_eq!(shape.integral(SimDuration::from_secs(HOUR), &start()), HOUR as f64);
    }
}

/// Whatever a shape is, arrivals stay in order and depend on nothing but the seed.
#[test]
fn shapes_keep_order_and_repeat() {
    let random = Random { cv: 2.0, memory: SimDuration::from_secs(60) };
    let shapes = cases().into_iter().map(|case| Shape { random: Some(random.clone()), ..case.shape });
    for shape in shapes {
        let one = times(&shape, &poisson(600), 1);
        assert!(one.is_sorted() && one == times(&shape, &poisson(600), 1), "{shape:?}");
        assert_ne!(one, times(&shape, &poisson(600), 2));
    }
}
