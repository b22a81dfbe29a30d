//! Every shape bends the rate as it says: its integral is that of a twin of a few lines, counts agree with the integral,
//! and nothing else changes.

use crate::generate;
use crate::theory::chi_square;
use jiff::ZonedDateTime;
use ratecast::params::Parameters;
use ratecast::rng::{BLOCK, Seed};
use ratecast::scenario::{load_text, resolved};
use ratecast::traffic::arrivals::{self, Arrivals};
use ratecast::traffic::shape::{
    Between, Daily, DayPreset, Growth, Holidays, Ramp, Random, Shape, Spike, Steps, Week, Weekly,
};
use ratecast::traffic::{Columns, Feed, Setting, Traffic};
use ratecast::units::{Civil, Day, Moment, Rate, SimDuration, SimTime, TimeOfDay, grammar};
use rayon::prelude::*;
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
    let weekly = |weights: Vec<f64>| Weekly { weights, ..Weekly::default() };
    let days = weekly(WEEK.to_vec());
    let cosine = |hour: u32| 2.0 + ((f64::from(hour) + 0.5) / 168.0 * std::f64::consts::TAU).cos();
    let hours_of_the_week = weekly((0..168).map(cosine).collect());
    let dates = ["2025-03-30", "2025-03-29", "2025-03-29"].map(|date| Day::parse(date).unwrap()).to_vec();
    let holidays = Holidays { dates, factor: 0.3, zone: None };
    let growth = Growth { per_month: grammar::share("800%").unwrap() };
    let spike = Spike {
        at: Some(moment("1d6h")),
        factor: 11.0,
        rise: secs(HOUR),
        length: secs(2 * HOUR),
        decay: secs(5 * HOUR),
        ..Spike::default()
    };
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
        case("days of the week", Shape { weekly: Some(days.clone()), ..Shape::default() }, |at, _| week_day(at)),
        case("hours of the week", Shape { weekly: Some(hours_of_the_week), ..Shape::default() }, |at, _| {
            // The weights are those of a cosine.
            let hour = f64::from(at.weekday().to_monday_zero_offset()) * 24.0 + hours(at);
            let knot = |hour: f64| 1.0 + 0.5 * (hour / 168.0 * std::f64::consts::TAU).cos();
            let from = (hour - 0.5).floor() + 0.5;
            knot(from) + (knot(from + 1.0) - knot(from)) * (hour - from)
        }),
        case("holidays", Shape { holidays: Some(holidays), ..Shape::default() }, |at, _| {
            if [29, 30].contains(&at.day()) { 0.3 } else { 1.0 }
        }),
        case("growth", Shape { growth: Some(growth), ..Shape::default() }, |_, day| 9.0f64.powf(day / 30.436875)),
        case("a spike", Shape { spike: Some(spike.clone()), ..Shape::default() }, spiked),
        case(
            "an office with its weekend and a spike",
            Shape { weekly: Some(days), spike: Some(spike), ..weights(None) },
            |at, day| week_day(at) * spiked(at, day) * straight(&OFFICE, hours(at)),
        ),
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

const WEEK: [f64; 7] = [9.0, 10.0, 11.0, 10.0, 8.0, 5.0, 3.0];

fn week_day(at: &ZonedDateTime) -> f64 {
    WEEK[at.weekday().to_monday_zero_offset() as usize] / mean(&WEEK)
}

/// From 06:00 on the second day on, an hour up to 11, two hours there, and down with a time of five hours.
fn spiked(_: &ZonedDateTime, day: f64) -> f64 {
    let hour = (day - 1.25) * 24.0;
    let part = if hour < 3.0 { hour.clamp(0.0, 1.0) } else { (-(hour - 3.0) / 5.0).exp() };
    1.0 + 10.0 * part
}

fn secs(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
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

/// Those that leave nothing to chance have a twin; the others are judged by their means below.
#[test]
fn every_shape_is_judged() {
    let judged: Vec<_> = cases().iter().flat_map(|case| generate::shape_keys(&case.shape)).collect();
    for key in Shape::registered().iter().flat_map(generate::shape_keys).filter(|key| *key != "random") {
        assert!(judged.contains(&key), "`{key}` has no twin");
    }
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
            // Curves that are no polylines are straight over short stretches.
            let is_curved = ["a hump", "growth"].contains(&case.name) || case.name.contains("spike");
            let allowed = if is_curved { 3e-4 } else { 1e-6 } * (1.0 + twin);
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

/// Every arrival process keeps its mean under a shape: six standard errors over 30 runs on each of five days (Student's
/// distribution passes them once in 600 thousand times, hence some 55 of them once in ten thousand seeds).
#[test]
fn every_process_follows_a_shape() {
    let daily = Daily { weights: OFFICE.to_vec(), ..Daily::default() };
    let spike = Spike { at: Some(moment("3d")), length: secs(6 * HOUR), ..Spike::default() };
    let shape = Shape { daily: Some(daily), spike: Some(spike), ..Shape::default() };
    let day = |at: SimTime| at.as_nanos() / (24 * HOUR * 1_000_000_000);
    let processes = generate::completed(Arrivals::registered());
    for arrivals in processes.iter().filter(|arrivals| !arrivals.model().keeps_civil_time()) {
        let runs: Vec<Vec<SimTime>> = (0..30).into_par_iter().map(|run| times(&shape, arrivals, run)).collect();
        assert!(runs.iter().all(|run| run.is_sorted()), "{arrivals:?}");
        let until = |days: u64| shape.integral(secs(days * 24 * HOUR), &start());
        for of in 0..DAYS {
            let counts: Vec<f64> =
                runs.iter().map(|run| run.iter().filter(|at| day(**at) == of).count() as f64).collect();
            let (mean, error) = super::traffic::mean_and_error(&counts);
            let expected = arrivals.model().mean_rate().per_second() * (until(of + 1) - until(of));
            // Those that begin without a past, or with a request, are off by less than a thousandth on the first day.
            let allowed = 6.0 * error + if of == 0 { 1e-3 * expected } else { 1.0 };
            assert!((mean - expected).abs() < allowed, "{arrivals:?} on day {of}: {mean} ± {error} for {expected}");
        }
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

#[test]
fn recorded_courses_have_their_peaks() {
    let start = Civil::parse("2025-03-03T00:00:00Z").unwrap();
    let hours = |shape: &Shape| -> Vec<f64> {
        let until = |hour: u64| shape.integral(secs(hour * HOUR), &start) / HOUR as f64;
        (0..168).map(|hour| until(hour + 1) - until(hour)).collect()
    };
    let most = |hours: &[f64]| hours.iter().copied().fold(0.0, f64::max);
    let least = |hours: &[f64]| hours.iter().copied().fold(f64::INFINITY, f64::min);
    let week = |preset, between| {
        hours(&Shape {
            weekly: Some(Weekly { preset: Some(preset), between, ..Weekly::default() }),
            ..Shape::default()
        })
    };
    let level = Some(Between::Level);
    // Busiest hour over mean, and over the quietest.
    for (preset, peak, span) in [(Week::Coding, 3.008, 30.39), (Week::Conversation, 1.656, 3.51)] {
        let hours = week(preset, level);
        assert!((hours.iter().sum::<f64>() - 168.0).abs() < 1e-6);
        assert!((most(&hours) - peak).abs() < 1e-3 && (most(&hours) / least(&hours) - span).abs() < 1e-2, "{hours:?}");
        let smooth = week(preset, None);
        assert!((smooth.iter().sum::<f64>() - 168.0).abs() < 1e-6 && most(&smooth) < peak);
        // The weekend of a worldwide service is a little over half of its weekdays, of a coding assistant a third.
        let (working, weekend) = hours.split_at(120);
        let share = weekend.iter().sum::<f64>() / 48.0 / (working.iter().sum::<f64>() / 120.0);
        assert!((0.3..0.6).contains(&share), "{share}");
    }
    let day = |preset| {
        hours(&Shape {
            daily: Some(Daily { preset: Some(preset), between: level, ..Daily::default() }),
            ..Shape::default()
        })
    };
    let chat = day(DayPreset::Chat);
    assert!((chat[15] / chat[12] - 190.0 / 70.0).abs() < 1e-6 && (chat[10] / chat[3] - 32.0).abs() < 1e-6);
    assert!(day(DayPreset::Flat).iter().all(|hour| (hour - 1.0).abs() < 1e-9));
}

/// The two days on which a day is not 24 hours, in two zones: what the clocks skip is skipped, what they repeat repeats.
#[test]
fn days_of_23_and_25_hours_follow_the_clocks() {
    let weights: Vec<f64> = (1..=24).map(f64::from).collect();
    let shape = |zone: &str| Shape {
        daily: Some(Daily {
            weights: weights.clone(),
            between: Some(Between::Level),
            zone: Some(zone.to_owned()),
            ..Daily::default()
        }),
        ..Shape::default()
    };
    // The zone, its midnight in UTC, the hours that the day has, and the hour that is skipped or repeated.
    let days = [
        ("America/New_York", "2025-03-09T05:00:00Z", 23, 2),
        ("America/New_York", "2025-11-02T04:00:00Z", 25, 1),
        ("Europe/Berlin", "2025-03-29T23:00:00Z", 23, 2),
        ("Europe/Berlin", "2025-10-25T22:00:00Z", 25, 2),
    ];
    for (zone, midnight, length, special) in days {
        let start = Civil::parse(midnight).unwrap();
        let until = |hour: u64| shape(zone).integral(secs(hour * HOUR), &start) / HOUR as f64 * 12.5;
        let seen: Vec<u64> = (0..length).map(|hour| (until(hour + 1) - until(hour)).round() as u64).collect();
        let mut expected: Vec<u64> = (1..=24).collect();
        match length {
            23 => drop(expected.remove(special)),
            _ => expected.insert(special, special as u64 + 1),
        }
        assert_eq!(seen, expected, "{zone} {midnight}");
    }
}

/// Spikes at random have the mean that the integral says: five standard errors over 300 runs (once in 1.7 million seeds).
/// The first one waits from the start on, so that a short run has fewer than the long run.
#[test]
fn random_spikes_have_their_mean() {
    let spike = Spike {
        every: Some(secs(2 * HOUR)),
        factor: 4.0,
        rise: secs(600),
        length: secs(900),
        decay: secs(60),
        ..Spike::default()
    };
    let shape = Shape { spike: Some(spike), ..Shape::default() };
    let counts: Vec<f64> = (0..300)
        .map(|run| {
            times(&shape, &poisson(200), run).iter().filter(|at| at.as_nanos() >= 24 * HOUR * 1_000_000_000).count()
                as f64
        })
        .collect();
    let (mean, error) = super::traffic::mean_and_error(&counts);
    let expected = shape.integral(secs(4 * 24 * HOUR), &start()) / HOUR as f64 * 200.0;
    assert!((mean - expected).abs() < 5.0 * error, "{mean} ± {error} for {expected}");
    // (300 + 900 + 60) seconds of 3 more, of every 7200 + 600 + 900 + 840.
    assert!((expected / (200.0 * 96.0) - (1.0 + 3.0 * 1_260.0 / 9_540.0)).abs() < 1e-9);
}

/// What is printed of a loaded scenario holds the weights themselves, so that it reads back without the file.
#[test]
fn weights_come_from_a_file() {
    let text =
        "[traffic.app]\narrivals.poisson = \"60/h\"\nshape.daily.table = \"tests/golden/scenarios/logs/day.csv\"\n";
    let mut loaded = load_text("table.toml", text, &[]).expect("it is valid");
    let daily = loaded.scenario.traffic[0].1.shape.clone().and_then(|shape| shape.daily).unwrap();
    let hours: Vec<f64> = (0..24).map(|hour| f64::from(hour % 12 + 1)).collect();
    assert_eq!((daily.table, &daily.weights), (None, &hours));
    let printed = resolved::print(&mut loaded.scenario, None);
    let again = load_text("resolved.toml", &printed, &[]).expect("it is valid");
    assert_eq!(again.scenario.traffic, loaded.scenario.traffic);
}
