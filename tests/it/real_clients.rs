//! Our presets against the clients themselves: what their own code draws, and what they do when a server never answers well.
//!
//! Only where `RATECAST_PYTHON` names an interpreter that has their packages; CONTRIBUTING.md tells how. Packages that are
//! not installed are told and left out, and the version that was asked stands beside that of the preset.

use ratecast::client::retry::{Backoff, RetryPolicy};
use ratecast::protocol::Fault;
use ratecast::rng::Seed;
use ratecast::scenario::clients;
use ratecast::units::SimDuration;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::process::Command;

/// Delays that each client draws before each of its retries.
const DRAWS: usize = 10_000;
/// Ours, to have almost no error of our own.
const OUR_DRAWS: usize = 100_000;
/// The greatest draw.
const LAST: f64 = 1.0 - f64::EPSILON / 2.0;

/// What `tests/python/real_clients.py` says, line by line; `None` without an interpreter.
fn told<T: DeserializeOwned>(arguments: &[&str]) -> Option<Vec<T>> {
    let Some(python) = std::env::var_os("RATECAST_PYTHON") else {
        println!("RATECAST_PYTHON names no interpreter: real clients are not asked");
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/real_clients.py");
    let output = Command::new(python).arg(script).args(arguments).output().expect("the interpreter starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    let (mut told, mut missing) = (Vec::new(), Vec::new());
    for line in stdout.lines() {
        match serde_json::from_str(line) {
            Ok(Missing { client, missing: true }) => missing.push(client),
            _ => told.push(serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))),
        }
    }
    println!("not installed, so not asked: {}", missing.join(", "));
    assert!(!told.is_empty(), "the interpreter has none of the packages of tests/python/requirements.txt");
    Some(told)
}

#[derive(Deserialize)]
struct Missing {
    client: String,
    missing: bool,
}

/// The delays that a client drew before one retry.
#[derive(Deserialize)]
struct Drawn {
    client: String,
    package: String,
    version: String,
    failing: String,
    retry: u32,
    delays: Vec<f64>,
}

/// How a call with a client went that a server always answered in the same bad way.
#[derive(Deserialize)]
struct Called {
    client: String,
    package: String,
    version: String,
    status: String,
    hint: Option<f64>,
    calls: usize,
    waits: Vec<f64>,
}

fn preset(name: &str) -> clients::KnownClient {
    clients::client(name).unwrap_or_else(|| panic!("there is no client `{name}`"))
}

/// The delay of `backoff` before its `retry`-th retry after a fault or a 429, with `draw`, in seconds.
fn delay(backoff: &Backoff, is_down: bool, retry: u32, draw: f64) -> f64 {
    let delay = match is_down {
        true => backoff.delay_after_fault(retry, SimDuration::ZERO, None, SimDuration::ZERO, || draw),
        false => backoff.delay(retry, SimDuration::ZERO, None, SimDuration::ZERO, || draw),
    };
    delay.expect("attempts are left").as_secs_f64()
}

/// The preset with attempts enough for every delay that was drawn.
fn persistent(name: &str) -> Backoff {
    let mut policy = preset(name).retry;
    if let RetryPolicy::Composed(composed) = &mut policy {
        composed.persistence.attempts = u32::MAX;
    }
    Backoff::new(&policy)
}

/// The greatest distance between two empirical distributions of values in order.
fn distance(ours: &[f64], theirs: &[f64]) -> f64 {
    let (mut at, mut seen, mut most) = (0, 0, 0.0f64);
    while at < ours.len() && seen < theirs.len() {
        let value = ours[at].min(theirs[seen]);
        at += ours[at..].iter().take_while(|&&our| our <= value).count();
        seen += theirs[seen..].iter().take_while(|&&their| their <= value).count();
        most = most.max((at as f64 / ours.len() as f64 - seen as f64 / theirs.len() as f64).abs());
    }
    most
}

/// Delays lie where ours can lie, reach as far, and are distributed alike.
///
/// A distance of Kolmogorov and Smirnov above 0.026 is met once in 100,000 pairs of samples of 10,000 and 100,000 of one
/// law, `2 exp(-2 n d^2)` with `n` = 9,091, so that some hundred comparisons are wrong once in a thousand runs. Uniform
/// samples of 10,000 leave a gap of 0.2 % at an end once in 500 million.
#[test]
fn clients_draw_the_delays_of_their_presets() {
    let Some(all) = told::<Drawn>(&["delays", &DRAWS.to_string()]) else { return };
    let mut stream = Seed(11).stream(0, "our delays");
    let mut wrong = Vec::new();
    for Drawn { client, package, version, failing, retry, mut delays } in all {
        let is_down = failing == "down";
        let backoff = persistent(&client);
        let [least, most] = [0.0, LAST].map(|draw| delay(&backoff, is_down, retry, draw));
        delays.sort_by(f64::total_cmp);
        let (first, last) = (delays[0], *delays.last().expect("delays were drawn"));
        // Each step of a growth is rounded to a nanosecond.
        let (slack, gap) = (1e-8, 0.002 * (most - least));
        let is_within = first >= least - slack && last <= most + slack;
        let reaches = first <= least + gap + slack && last >= most - gap - slack;
        let mut ours: Vec<f64> = (0..OUR_DRAWS).map(|_| delay(&backoff, is_down, retry, stream.uniform())).collect();
        ours.sort_by(f64::total_cmp);
        // Where nothing is random, the support says all.
        let distance = if most - least > slack { distance(&ours, &delays) } else { 0.0 };
        let line = format!(
            "{client} ({}), {package} {version}, {failing}, retry {retry}: {first:.6} to {last:.6} of {least:.6} to \
             {most:.6} s, distance {distance:.4}",
            preset(&client).version,
        );
        println!("{line}");
        if !is_within || !reaches || distance > 0.026 {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "not as the preset has it (draws of seed 11):\n{}", wrong.join("\n"));
}

/// The waits of a preset whose every call fails with `status`, and `hint`, where every draw is `draw`.
fn waits(name: &str, status: &str, hint: Option<f64>, draw: f64) -> Vec<f64> {
    let backoff = Backoff::new(&preset(name).retry);
    let fault = Fault::ALL.into_iter().find(|fault| fault.word() == status);
    let hint = hint.map(SimDuration::from_secs_f64);
    let (mut elapsed, mut previous) = (SimDuration::ZERO, SimDuration::ZERO);
    let mut waits = Vec::new();
    loop {
        let calls = waits.len() as u32 + 1;
        let delay = match fault {
            None => backoff.delay(calls, previous, hint, elapsed, || draw),
            Some(fault) if !backoff.retries(fault) => None,
            Some(_) => backoff.delay_after_fault(calls, previous, None, elapsed, || draw),
        };
        let Some(delay) = delay else { return waits };
        waits.push(delay.as_secs_f64());
        (elapsed, previous) = (elapsed + delay, delay);
    }
}

/// Where the waits are not those of the preset, which says so in a note.
const NOTED: &[(&str, &str)] = &[("azure-core", "dropped")];

/// As many calls as the preset makes, and each wait between its ends, whatever the answer.
#[test]
fn clients_treat_bad_answers_as_their_presets_do() {
    let Some(all) = told::<Called>(&["calls"]) else { return };
    let mut wrong = Vec::new();
    for Called { client, package, version, status, hint, calls, waits: seen } in all {
        let [least, most] = [0.0, LAST].map(|draw| waits(&client, &status, hint, draw));
        let expected = least.len() + 1;
        // Who waits for no time does not sleep.
        let ends: Vec<(f64, f64)> = least.into_iter().zip(most).filter(|(_, most)| *most > 0.0).collect();
        let lies = |((least, most), wait): (&(f64, f64), &f64)| *wait >= least - 1e-8 && *wait <= most + 1e-8;
        let is_noted = NOTED.contains(&(&client, &status));
        let holds = is_noted || seen.len() == ends.len() && ends.iter().zip(&seen).all(lies);
        let (own, hint) = (preset(&client).version, hint.map(|secs| format!(", hint {secs} s")).unwrap_or_default());
        let line = format!("{client} ({own}), {package} {version}, {status}{hint}: {calls} calls, waits {seen:?}");
        println!("{line}");
        if calls != expected || !holds {
            wrong.push(format!("{line}, expected {expected} calls, waits within {ends:?}"));
        }
    }
    assert!(wrong.is_empty(), "not as the preset has it:\n{}", wrong.join("\n"));
}

/// The distance itself, by hand.
#[test]
fn distances_are_those_of_the_two_staircases() {
    assert_eq!(distance(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0, 4.0]), 0.0);
    assert_eq!(distance(&[1.0, 1.0, 2.0, 2.0], &[2.0, 3.0]), 0.5);
    assert_eq!(distance(&[1.0, 2.0], &[5.0, 6.0, 7.0]), 1.0);
}
