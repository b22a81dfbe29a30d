//! Real clients: each wait against what was read in its source, and what a scenario makes of them.

use crate::program::{Program, ratecast};
use ratecast::client::Strategy;
use ratecast::client::control::Throttle;
use ratecast::client::control::breaker::{CircuitBreaker, Window};
use ratecast::client::control::budget::{Grant, Load};
use ratecast::client::retry::Failing;
use ratecast::client::retry::schedule::{Delay, Schedule};
use ratecast::client::retry::{Backoff, Composed, DecorrelatedJitter, Jitter, Persistence, RetryPolicy};
use ratecast::params::Choice;
use ratecast::protocol::Fault;
use ratecast::rng::Seed;
use ratecast::scenario::{clients, load_text, read_text, resolved};
use ratecast::units::{Share, SimDuration, SimTime};
use std::fs;

const REFUSED: Failing = Failing::Refused(None);
const DOWN: Failing = Failing::Fault(Fault::Unavailable);

fn client(name: &str) -> clients::KnownClient {
    clients::client(name).unwrap_or_else(|| panic!("there is no client `{name}`"))
}

fn millis(ms: f64) -> SimDuration {
    SimDuration::from_nanos((ms * 1e6).round() as u64)
}

/// The delays of a client, as if it made at least four attempts.
fn delays(name: &str) -> Vec<Delay> {
    let mut policy = client(name).retry;
    if let RetryPolicy::Composed(composed) = &mut policy {
        composed.persistence.attempts = composed.persistence.attempts.max(6);
    }
    Schedule::new([&policy]).delays()
}

#[test]
fn every_client_says_what_it_is_and_reads_back_as_printed() {
    let names: Vec<&str> = clients::names().collect();
    assert!(names.len() > 50);
    for (at, name) in names.iter().enumerate() {
        assert!(!names[..at].contains(name), "{name} twice");
        let mut client = client(name);
        for text in [&client.summary, &client.group, &client.version, &client.source, &client.as_of] {
            assert!(!text.is_empty(), "{name}");
        }
        let mut back = clients::KnownClient::default();
        read_text(name, &resolved::print(&mut client, None), &[], &mut back)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(back, client, "{name}");
    }
    let files = fs::read_dir("catalog/clients").unwrap();
    assert_eq!(files.count(), names.len(), "a file of the folder is not in the list");
}

/// Waits without any randomness, in milliseconds, from the sources of the clients.
const EXACT: &[(&str, &[f64])] = &[
    ("ai21-configured", &[1000.0, 1000.0, 2000.0, 4000.0, 8000.0]),
    ("huggingface-hub", &[1000.0, 2000.0, 4000.0, 8000.0, 8000.0]),
    // Nothing, and a way there and back.
    ("tenacity", &[50.0; 5]),
    ("tenacity-exponential", &[1000.0, 2000.0, 4000.0, 8000.0, 16_000.0]),
    ("urllib3-configured", &[0.0, 2000.0, 4000.0, 8000.0, 16_000.0, 32_000.0, 64_000.0, 120_000.0, 120_000.0]),
    ("azure-core", &[0.0, 1600.0, 3200.0, 6400.0, 12_800.0]),
    ("litellm-completion", &[0.0; 5]),
    ("litellm-completion-exponential", &[1000.0, 2000.0, 4000.0, 8000.0, 10_000.0]),
    ("langchain-decorator", &[4000.0, 4000.0, 4000.0, 8000.0, 10_000.0]),
    ("backon", &[1000.0, 2000.0, 4000.0, 8000.0, 16_000.0]),
    ("resilience4j", &[500.0; 5]),
    ("resilience4j-breaker", &[500.0; 5]),
    ("resilience4j-breaker-timed", &[500.0; 5]),
    ("resilience4j-exponential", &[500.0, 750.0, 1125.0, 1687.5, 2531.25]),
    ("polly", &[2000.0; 5]),
    ("polly-linear", &[2000.0, 4000.0, 6000.0, 8000.0, 10_000.0]),
    ("polly-exponential", &[2000.0, 4000.0, 8000.0, 16_000.0, 32_000.0]),
];

#[test]
fn waits_without_jitter_are_exact() {
    for (name, published) in EXACT {
        for (retry, (delay, &ms)) in delays(name).iter().zip(*published).enumerate() {
            let expected = Delay { least: millis(ms), mean: millis(ms), most: millis(ms) };
            assert_eq!(*delay, expected, "{name}, retry {}", retry + 1);
        }
    }
}

/// Waits with jitter: the step before it for the first retries, and what a draw makes of it at least and at most: a
/// factor and a term in milliseconds each.
type Ends = ((f64, f64), (f64, f64));
const RANDOM: &[(&str, &[f64], Ends)] = &[
    ("anthropic", &[500.0, 1000.0, 2000.0, 4000.0, 8000.0], ((0.75, 0.0), (1.0, 0.0))),
    ("anthropic-1.0", &[500.0, 1000.0, 2000.0, 4000.0, 8000.0], ((0.75, 0.0), (1.0, 0.0))),
    ("openai", &[500.0, 1000.0, 2000.0, 4000.0, 8000.0], ((0.75, 0.0), (1.0, 0.0))),
    ("openai-2.50", &[500.0, 1000.0, 2000.0, 4000.0, 8000.0], ((0.75, 0.0), (1.0, 0.0))),
    ("groq", &[500.0, 1000.0, 2000.0, 4000.0, 8000.0], ((0.75, 0.0), (1.0, 0.0))),
    ("llamaindex-anthropic", &[500.0, 1000.0, 2000.0, 4000.0, 8000.0, 8000.0], ((0.75, 0.0), (1.0, 0.0))),
    ("langchain-rate-limiter", &[500.0, 1000.0, 2000.0, 4000.0, 8000.0], ((0.75, 0.0), (1.0, 0.0))),
    ("cohere", &[1000.0, 2000.0, 4000.0, 8000.0, 16_000.0], ((0.9, 0.0), (1.1, 0.0))),
    ("mistralai-configured", &[500.0, 750.0, 1125.0, 1687.5, 2531.25], ((1.0, 0.0), (1.0, 1000.0))),
    ("google-genai-options", &[1000.0, 2000.0, 4000.0, 8000.0, 16_000.0], ((1.0, 0.0), (1.0, 1000.0))),
    ("tenacity-random-exponential", &[1000.0, 2000.0, 4000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("tenacity-random-exponential-8", &[1000.0, 2000.0, 4000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("tenacity-exponential-jitter", &[1000.0, 2000.0, 4000.0], ((1.0, 0.0), (1.0, 1000.0))),
    ("backoff-expo", &[1000.0, 2000.0, 4000.0, 8000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("backoff-fibo", &[1000.0, 1000.0, 2000.0, 3000.0, 5000.0, 8000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("backoff-constant", &[1000.0, 1000.0, 1000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("google-api-core", &[1000.0, 2000.0, 4000.0, 8000.0, 16_000.0, 32_000.0, 60_000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("botocore-legacy", &[1000.0, 2000.0, 4000.0, 8000.0, 16_000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("botocore-standard-1.43", &[1000.0, 2000.0, 4000.0, 8000.0, 16_000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("botocore-standard", &[1000.0, 2000.0, 4000.0, 8000.0, 16_000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("botocore-adaptive", &[1000.0, 2000.0, 4000.0, 8000.0, 16_000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("google-sre", &[1000.0, 2000.0, 4000.0, 8000.0, 16_000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("litellm-router", &[500.0, 1000.0, 2000.0, 4000.0, 8000.0], ((1.0, 0.0), (1.0, 750.0))),
    ("langchain-with-retry", &[1000.0, 2000.0, 4000.0], ((1.0, 0.0), (1.0, 1000.0))),
    ("llamaindex-openai", &[1000.0, 2000.0, 4000.0, 8000.0, 16_000.0], ((0.0, 1000.0), (1.0, 0.0))),
    ("cenkalti-backoff", &[500.0, 750.0, 1125.0, 1687.5], ((0.5, 0.0), (1.5, 0.0))),
    ("rust-backoff", &[500.0, 750.0, 1125.0, 1687.5], ((0.5, 0.0), (1.5, 0.0))),
    ("backon-jitter", &[1000.0, 2000.0, 4000.0], ((1.0, 0.0), (2.0, 0.0))),
    ("reqwest-retry", &[1000.0, 2000.0, 4000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("reqwest-retry-bounded", &[1000.0, 2000.0, 4000.0], ((0.0, 500.0), (1.0, 0.0))),
    ("tower", &[50.0, 100.0, 200.0], ((1.0, 0.0), (1.99, 0.0))),
    ("resilience4j-randomised", &[500.0, 750.0, 1125.0], ((0.5, 0.0), (1.5, 0.0))),
    ("polly-jitter", &[2000.0, 2000.0, 2000.0], ((0.75, 0.0), (1.25, 0.0))),
    ("polly-linear-jitter", &[2000.0, 4000.0, 6000.0], ((0.75, 0.0), (1.25, 0.0))),
    ("grpc", &[100.0, 200.0, 400.0, 800.0, 1000.0], ((0.8, 0.0), (1.2, 0.0))),
    ("grpc-before-2024", &[100.0, 200.0, 400.0, 800.0, 1000.0], ((0.0, 0.0), (1.0, 0.0))),
    ("envoy", &[25.0, 75.0, 175.0, 250.0, 250.0], ((0.0, 0.0), (1.0, 0.0))),
];

/// Each step of a growth is rounded to a nanosecond, so that a wait may lie a few beside.
#[test]
fn waits_with_jitter_lie_between_their_ends_around_their_mean() {
    for (name, steps, (least, most)) in RANDOM {
        let at = |step: f64, (factor, term): (f64, f64)| factor * step + term;
        for (retry, (delay, &step)) in delays(name).iter().zip(*steps).enumerate() {
            let (low, high) = (at(step, *least), at(step, *most));
            let near = |span: SimDuration, ms: f64| (span.as_nanos() as f64 - ms * 1e6).abs() <= 4.0;
            let context = format!("{name}, retry {}: {delay:?}, expected {low} to {high} ms", retry + 1);
            assert!(near(delay.least, low) && near(delay.most, high), "{context}");
            assert!(near(delay.mean, (low + high) / 2.0), "{context}");
        }
    }
}

#[test]
fn every_client_that_waits_is_in_a_table() {
    let has_own_test = ["finagle", "polly-exponential-jitter"];
    let known = |name: &str| {
        EXACT.iter().any(|row| row.0 == name) || RANDOM.iter().any(|row| row.0 == name) || has_own_test.contains(&name)
    };
    for name in clients::names() {
        let waits = client(name).retry.kind() != "none";
        assert_eq!(known(name), waits, "{name}");
    }
}

/// The stated means against draws: a standard error of the mean of 20,000 uniform draws is 0.0020 of their range, and six of
/// them are passed by chance twice in a billion.
#[test]
fn means_are_those_of_draws() {
    let mut stream = Seed(5).stream(0, "means of clients");
    for (name, ..) in RANDOM {
        let mut policy = client(name).retry;
        if let RetryPolicy::Composed(composed) = &mut policy {
            composed.persistence.attempts = 6;
            composed.persistence.total_time = None;
        }
        let backoff = Backoff::new(&policy);
        for (at, delay) in delays(name).iter().enumerate().take(4) {
            let mut wait = || {
                let draw = stream.uniform();
                let (retry, previous) = (at as u32 + 1, SimDuration::ZERO);
                let refused = backoff.delay(retry, previous, None, SimDuration::ZERO, || draw);
                let failed = backoff.delay_after_fault(retry, previous, None, SimDuration::ZERO, || draw);
                refused.or(failed).expect("attempts are left").as_secs_f64()
            };
            let mean = (0..20_000).map(|_| wait()).sum::<f64>() / 20_000.0;
            let range = delay.most.as_secs_f64() - delay.least.as_secs_f64();
            let off = (mean - delay.mean.as_secs_f64()).abs();
            assert!(off <= 6.0 * 0.00205 * range + 1e-9, "{name}, retry {}: {mean} of {delay:?} (seed 5)", at + 1);
        }
    }
}

/// Means that 200,000 samples gave elsewhere, to the third digit; our own error with 20,000 walks is at most 1 %.
#[test]
fn decorrelated_jitters_have_their_published_means() {
    let (base, cap) = (SimDuration::from_secs(1), SimDuration::from_secs(60));
    let persistence = Persistence { attempts: 7, ..Persistence::default() };
    let aws = RetryPolicy::DecorrelatedJitter(DecorrelatedJitter { base, cap, persistence });
    let decorrelated = Composed { base, cap: Some(cap), persistence, ..Composed::default() };
    let same = RetryPolicy::Composed(Composed { jitter: Jitter::Decorrelated, ..decorrelated.clone() });
    let polly = RetryPolicy::Composed(Composed { jitter: Jitter::DecorrelatedV2, cap: None, ..decorrelated });
    let published: [(&RetryPolicy, &[f64]); 2] =
        [(&aws, &[2.00, 3.50, 5.75, 9.13, 13.63, 18.05]), (&polly, &[0.871, 1.158, 2.080, 4.129, 8.239])];
    for (policy, means) in published {
        for (delay, mean) in Schedule::new([policy]).delays().iter().zip(means) {
            let off = (delay.mean.as_secs_f64() - mean).abs();
            assert!(off < 0.02 * mean, "{policy:?}: {delay:?} for {mean}");
        }
    }
    assert_eq!(Schedule::new([&aws]).delays(), Schedule::new([&same]).delays());
    let finagle = delays("finagle");
    let secs = |delay: &Delay| [delay.least, delay.most].map(|span| (span.as_secs_f64() * 1e3).round());
    assert_eq!(finagle.iter().map(secs).collect::<Vec<_>>(), [[5.0, 15.0], [5.0, 45.0], [5.0, 135.0]]);
}

/// What the settings of clients wait in all: retries, mean and longest in seconds.
const TOTALS: &[(&str, Failing, u64, f64, f64)] = &[
    ("anthropic", REFUSED, 2, 1.3125, 1.5),
    ("openai", REFUSED, 2, 1.3125, 1.5),
    ("groq", REFUSED, 2, 1.3125, 1.5),
    ("cohere", REFUSED, 2, 3.0, 3.3),
    ("google-genai-options", REFUSED, 4, 17.0, 19.0),
    ("huggingface-hub", REFUSED, 5, 23.0, 23.0),
    ("botocore-legacy", REFUSED, 4, 7.5, 15.0),
    ("botocore-standard", REFUSED, 2, 1.5, 3.0),
    ("botocore-standard", DOWN, 2, 0.075, 0.15),
    ("azure-core", REFUSED, 3, 4.8, 4.8),
    ("litellm-router", REFUSED, 2, 2.25, 3.0),
    ("langchain-with-retry", REFUSED, 2, 4.0, 5.0),
    ("backon", REFUSED, 3, 7.0, 7.0),
    ("resilience4j", REFUSED, 2, 1.0, 1.0),
    ("polly", REFUSED, 3, 6.0, 6.0),
    ("urllib3", REFUSED, 0, 0.0, 0.0),
    ("httpx", DOWN, 0, 0.0, 0.0),
    ("mistralai", REFUSED, 0, 0.0, 0.0),
    ("google-genai", REFUSED, 0, 0.0, 0.0),
    ("ai21", REFUSED, 0, 0.0, 0.0),
];

#[test]
fn clients_wait_in_all_what_their_settings_buy() {
    for &(name, failing, retries, mean, longest) in TOTALS {
        let outlook = Schedule::new([&client(name).retry]).outlook(failing);
        let near = |span: Option<SimDuration>, secs: f64| (span.unwrap().as_secs_f64() - secs).abs() < 1e-7;
        assert_eq!(outlook.calls.0, retries + 1, "{name}");
        assert!(near(outlook.mean_wait, mean) && near(outlook.longest_wait, longest), "{name}: {outlook:?}");
        // Whoever is sure to end within the minute leaves it with a chance that is the mean wait over the minute.
        assert!((outlook.trapped - (1.0 - mean / 60.0)).abs() < 1e-7 && outlook.walks == 0, "{name}: {outlook:?}");
    }
}

/// A limit of time makes the number of calls random; means as simulated elsewhere, 200,000 and 50,000 times.
#[test]
fn a_limit_of_time_makes_calls_random() {
    for (name, sleeps, most) in [("google-api-core", 8.6, 120), ("cenkalti-backoff", 24.4, 900)] {
        let outlook = Schedule::new([&client(name).retry]).outlook(REFUSED);
        assert!((outlook.calls.1 - 1.0 - sleeps).abs() < 0.2, "{name}: {outlook:?}");
        assert_eq!(outlook.longest_wait, Some(SimDuration::from_secs(most)), "{name}");
        assert!(outlook.mean_wait < outlook.longest_wait && outlook.walks == 20_000, "{name}: {outlook:?}");
    }
    // So many sleeps were seen in nine of ten runs of the one, and in all 50,000 of the other, whose ends are chance.
    for (name, left_out, least, most, slack) in [("google-api-core", 5, 7, 11, 0), ("cenkalti-backoff", 0, 21, 29, 1)] {
        let backoff = Backoff::new(&client(name).retry);
        let mut stream = Seed(7).stream(0, name);
        let mut sleeps = || {
            let (mut elapsed, mut calls) = (SimDuration::ZERO, 1);
            while let Some(delay) = backoff.delay(calls, SimDuration::ZERO, None, elapsed, || stream.uniform()) {
                (elapsed, calls) = (elapsed + delay, calls + 1);
            }
            calls - 1
        };
        let mut runs: Vec<u32> = (0..50_000).map(|_| sleeps()).collect();
        runs.sort_unstable();
        let cut = left_out * runs.len() / 100;
        let (low, high) = (runs[cut], runs[runs.len() - 1 - cut]);
        let is_near = |seen: u32, told: u32| seen.abs_diff(told) <= slack;
        assert!(is_near(low, least) && is_near(high, most), "{name}: {low} to {high} (seed 7)");
    }
    let endless = Schedule::new([&client("tenacity-exponential").retry]).outlook(REFUSED);
    assert_eq!((endless.longest_wait, endless.mean_wait), (None, None));
}

/// The chance of being caught in the minute by draws, against an instant of it drawn for every walk.
#[test]
fn the_chance_of_a_closed_minute_is_what_instants_give() {
    let policy = client("polly-exponential-jitter").retry;
    let backoff = Backoff::new(&policy);
    let mut stream = Seed(9).stream(0, "instants");
    let n = 100_000;
    let mut caught = 0;
    for _ in 0..n {
        let mut at = 60.0 * stream.uniform();
        for retry in 1..4 {
            let wait = backoff.delay(retry, SimDuration::ZERO, None, SimDuration::ZERO, || stream.uniform());
            at += wait.expect("attempts are left").as_secs_f64();
        }
        caught += u32::from(at < 60.0);
    }
    let drawn = f64::from(caught) / f64::from(n);
    let stated = Schedule::new([&policy]).outlook(REFUSED).trapped;
    // A standard error of 0.0011 here: six of them are passed by chance twice in a billion.
    assert!((drawn - stated).abs() < 0.007, "{drawn} and {stated} (seed 9)");
}

#[test]
fn layers_multiply_calls() {
    let openai = |attempts| {
        let mut policy = client("openai").retry;
        let RetryPolicy::Composed(composed) = &mut policy else { panic!("of parts") };
        composed.persistence.attempts = attempts;
        policy
    };
    let (index, envoy) = (client("llamaindex-openai").retry, client("envoy").retry);
    let stack = Schedule::new([&openai(4), &index]).outlook(REFUSED);
    assert_eq!((stack.calls, stack.walks), ((12, 12.0, 12), 0));
    // Three times 3.0625 s in the SDK, and 1 s and 1.5 s around it.
    assert_eq!(stack.mean_wait, Some(millis(11_687.5)));
    assert_eq!(stack.longest_wait, Some(millis(13_500.0)));
    let three = Schedule::new([&openai(4), &index, &envoy]);
    assert_eq!(three.outlook(REFUSED).calls.0, 12, "Envoy does not retry a 429");
    assert_eq!(three.outlook(DOWN).calls.0, 24);
}

/// Client, hint, draw and the wait after a first refusal; all in milliseconds.
const HINTS: &[(&str, f64, f64, Option<f64>)] = &[
    ("anthropic", 3_600_000.0, 0.0, Some(3_600_000.0)),
    ("anthropic-1.0", 60_000.0, 0.0, Some(60_000.0)),
    ("anthropic-1.0", 60_001.0, 0.0, Some(375.0)),
    ("openai", 120_000.0, 0.0, Some(120_000.0)),
    ("openai", 120_001.0, 0.0, None),
    ("openai-2.50", 61_000.0, 0.0, Some(375.0)),
    ("groq", 61_000.0, 0.0, Some(375.0)),
    ("cohere", 90_000.0, 0.5, Some(60_000.0)),
    ("mistralai-configured", 90_000.0, 0.5, Some(90_000.0)),
    ("google-genai-options", 90_000.0, 0.5, Some(1_500.0)),
    ("huggingface-hub", 20_000.0, 0.5, Some(21_000.0)),
    ("urllib3-configured", 30_000_000.0, 0.5, Some(21_600_000.0)),
    ("google-api-core", 90_000.0, 0.5, Some(500.0)),
    ("azure-core", 90_000.0, 0.5, Some(90_000.0)),
    ("botocore-legacy", 90_000.0, 0.5, Some(500.0)),
    ("botocore-standard-1.43", 90_000.0, 0.5, Some(500.0)),
    ("botocore-standard", 100.0, 0.5, Some(500.0)),
    ("botocore-standard", 3_000.0, 0.5, Some(3_000.0)),
    ("botocore-standard", 90_000.0, 0.5, Some(5_500.0)),
    ("litellm-router", 20_000.0, 0.5, Some(20_375.0)),
    ("litellm-router", 61_000.0, 0.0, Some(500.0)),
    ("llamaindex-openai", 30_000.0, 0.5, Some(30_000.0)),
    ("cenkalti-backoff", 90_000.0, 0.5, Some(90_000.0)),
    ("rust-backoff", 90_000.0, 0.5, Some(90_000.0)),
    ("reqwest-retry", 90_000.0, 0.5, Some(500.0)),
    ("resilience4j", 90_000.0, 0.5, Some(500.0)),
    ("backoff-expo", 90_000.0, 0.5, Some(500.0)),
    ("tenacity-exponential", 90_000.0, 0.5, Some(1_000.0)),
    ("litellm-completion", 90_000.0, 0.5, Some(0.0)),
    ("langchain-with-retry", 90_000.0, 0.5, Some(1_500.0)),
    ("llamaindex-anthropic", 90_000.0, 0.5, Some(90_000.0)),
    ("backon", 90_000.0, 0.5, Some(1_000.0)),
    ("polly", 90_000.0, 0.5, Some(2_000.0)),
];

#[test]
fn hints_are_treated_as_each_client_does() {
    for &(name, hint, draw, wait) in HINTS {
        let backoff = Backoff::new(&client(name).retry);
        let delay = backoff.delay(1, SimDuration::ZERO, Some(millis(hint)), SimDuration::ZERO, || draw);
        assert_eq!(delay, wait.map(millis), "{name}, hint {hint} ms");
    }
}

/// What clients try again after, of what the service here may say: 429, 500, 503, 504, 529 and an answer that breaks off.
const RETRIED: &[(&str, [u8; 6])] = &[
    ("anthropic", [1, 1, 1, 1, 1, 1]),
    ("anthropic-1.0", [1, 1, 1, 1, 1, 1]),
    ("openai", [1, 1, 1, 1, 1, 1]),
    ("openai-2.50", [1, 1, 1, 1, 1, 1]),
    ("groq", [1, 1, 1, 1, 1, 1]),
    ("cohere", [1, 1, 1, 1, 1, 0]),
    ("mistralai-configured", [1, 1, 1, 1, 0, 0]),
    ("google-genai-options", [1, 1, 1, 1, 0, 0]),
    ("ai21-configured", [1, 1, 1, 0, 0, 0]),
    ("huggingface-hub", [1, 1, 1, 1, 0, 1]),
    ("google-api-core", [1, 1, 1, 0, 0, 1]),
    ("azure-core", [1, 1, 1, 1, 1, 1]),
    ("botocore-legacy", [1, 1, 1, 1, 0, 1]),
    ("botocore-standard-1.43", [1, 1, 1, 1, 0, 1]),
    ("botocore-standard", [1, 1, 1, 1, 0, 1]),
    ("botocore-adaptive", [1, 1, 1, 1, 0, 1]),
    ("litellm-router", [1, 1, 1, 1, 1, 0]),
    ("reqwest-retry", [1, 1, 1, 1, 1, 1]),
    ("grpc", [0, 0, 1, 0, 0, 0]),
    ("envoy", [0, 1, 1, 1, 1, 0]),
];

#[test]
fn clients_try_again_after_what_their_sources_list() {
    for (name, expected) in RETRIED {
        let backoff = Backoff::new(&client(name).retry);
        let refused = backoff.delay(1, SimDuration::ZERO, None, SimDuration::ZERO, || 0.5).is_some();
        let faults = [Fault::Internal, Fault::Unavailable, Fault::Timeout, Fault::Overloaded, Fault::Dropped];
        let seen: Vec<u8> =
            [refused].into_iter().chain(faults.map(|fault| backoff.retries(fault))).map(u8::from).collect();
        assert_eq!(seen, expected, "{name}");
    }
}

#[test]
fn some_clients_do_not_retry_a_429() {
    let retries = |name: &str, failing| {
        let outlook = Schedule::new([&client(name).retry]).outlook(failing);
        outlook.calls.2 > 1
    };
    let deaf: Vec<&str> = clients::names().filter(|name| !retries(name, REFUSED)).collect();
    let once = ["mistralai", "google-genai", "ai21", "urllib3", "httpx", "langchain-decorator"];
    for name in deaf.iter().filter(|name| !once.contains(name)) {
        assert!(["grpc", "grpc-before-2024", "envoy", "finagle"].contains(name), "{name}");
        assert!(retries(name, DOWN), "{name}");
    }
    assert_eq!(deaf.len(), 10);
    let overloads = |name: &str| Backoff::new(&client(name).retry).retries(Fault::Overloaded);
    assert!(overloads("anthropic") && !overloads("google-genai-options") && !overloads("botocore-standard"));
}

const SCENARIO: &str = "duration = \"1h\"\nreplications = 2\n[traffic.app]\narrivals.poisson = { rate = \"5/min\" }\n";

#[test]
fn a_strategy_begins_as_a_client() {
    let text = format!(
        "{SCENARIO}[strategy.sdk]\npreset = \"anthropic\"\n[strategy.more]\npreset = \"anthropic\"\n\
         retry.backoff.attempts = 6\n[strategy.other]\npreset = \"openai\"\nretry.full-jitter = {{ base = \"2s\" }}\n"
    );
    let ready = load_text("test", &text, &["strategy.sdk.concurrency=4".to_owned()]).unwrap();
    let strategy = |name: &str| &ready.scenario.strategy.iter().find(|(known, _)| known == name).unwrap().1;
    let original = client("anthropic").retry;
    assert_eq!((&strategy("sdk").retry, strategy("sdk").concurrency), (&original, Some(4)));
    let (RetryPolicy::Composed(more), RetryPolicy::Composed(mut expected)) = (&strategy("more").retry, original) else {
        panic!("of parts");
    };
    expected.persistence.attempts = 6;
    assert_eq!(*more, expected);
    let RetryPolicy::FullJitter(other) = &strategy("other").retry else { panic!("another kind") };
    assert_eq!((other.growth.base, other.persistence.attempts), (SimDuration::from_secs(2), 6));
    let set = ["strategy.sdk.preset=cohere".to_owned()];
    let changed = load_text("test", &format!("{SCENARIO}[strategy.sdk]\npreset = \"openai\"\n"), &set).unwrap();
    assert_eq!(changed.scenario.strategy[0].1.retry, client("cohere").retry);
}

/// A client whose preset has rules for hints can be made deaf all the same.
#[test]
fn every_client_can_be_made_deaf() {
    for name in clients::names() {
        let kind = client(name).retry.kind();
        if kind == "none" {
            continue;
        }
        let text = format!("{SCENARIO}[strategy.sdk]\npreset = \"{name}\"\nretry.{kind}.honor-retry-after = false\n");
        let ready = load_text("test", &text, &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let backoff = Backoff::new(&ready.scenario.strategy[0].1.retry);
        assert!(!backoff.reads_hints(), "{name}");
    }
}

#[test]
fn a_resolved_preset_reads_back_to_the_same_strategy() {
    for name in clients::names() {
        let text = format!("{SCENARIO}[strategy.sdk]\npreset = \"{name}\"\n");
        let mut ready = load_text("test", &text, &[]).unwrap();
        let again = load_text("test", &resolved::print(&mut ready.scenario, None), &[]).unwrap();
        assert_eq!(again.scenario.strategy, ready.scenario.strategy, "{name}");
    }
}

#[test]
fn a_name_that_is_no_client_is_shown_at_its_place() {
    for (name, help) in [("antropic", "did you mean `anthropic`?"), ("my-own", "`ratecast strategies` lists them")] {
        let scenario = format!("{SCENARIO}[strategy.sdk]\npreset = \"{name}\"\n");
        let ended = Program::new(["check", "s.toml"]).file("s.toml", &scenario).ended();
        assert_eq!(ended.status, 2);
        let expected = [format!("there is no client `{name}`"), "s.toml:6:10".to_owned(), help.to_owned()];
        assert!(expected.iter().all(|text| ended.stderr.contains(text)), "{}", ended.stderr);
    }
}

#[test]
fn clients_are_listed_shown_and_stacked() {
    let list = ratecast(["strategies"]);
    assert_eq!((list.status, list.stderr.as_str()), (0, ""));
    assert!(list.stdout.lines().all(|line| line.chars().count() <= 80), "{}", list.stdout);
    for name in clients::names() {
        assert_eq!(
            list.stdout.lines().filter(|line| line.split_whitespace().next() == Some(name)).count(),
            1,
            "{name}"
        );
    }
    let groups: Vec<&str> = list.stdout.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')).collect();
    assert!(groups.iter().enumerate().all(|(at, group)| !groups[..at].contains(group)), "{groups:?}");
    let shown = ratecast(["strategies", "anthropic"]).stdout;
    assert!(shown.starts_with(&fs::read_to_string("catalog/clients/anthropic.toml").unwrap()), "{shown}");
    assert!(shown.contains("#       1        375ms      437.5ms        500ms\n"), "{shown}");
    assert!(shown.contains("refuses all the others too: 97.8%\n"), "{shown}");
    let stack = ratecast(["strategies", "openai:4", "in", "llamaindex-openai"]);
    assert_eq!(stack.status, 0, "{}", stack.stderr);
    assert!(stack.stdout.contains("calls per request              12 "), "{}", stack.stdout);
    assert!(ratecast(["strategies", "grpc"]).stdout.contains("# A 429 is not tried again.\n"));
    for (wrong, help) in [
        (&["strategies", "antropic"][..], "did you mean `anthropic`?"),
        (&["strategies", "openai:0"], "from 1"),
        (&["strategies", "httpx:3"], "from 1"),
        (&["strategies", "openai", "envoy"], "write `in` between"),
        (&["strategies", "openai", "in"], "write `in` between"),
        (&["strategies", "\u{1b}[2J"], "lists them"),
    ] {
        let ended = ratecast(wrong.iter().copied());
        assert_eq!((ended.status, ended.stdout.as_str()), (2, ""), "{wrong:?}");
        assert!(ended.stderr.contains(help) && !ended.stderr.contains('\u{1b}'), "{wrong:?}: {}", ended.stderr);
    }
}

/// Retries that a client makes in all where everything fails at once, for so many requests.
fn retries_in_a_storm(name: &str, requests: u32) -> u32 {
    let client = client(name);
    let mut budget = client.budget.as_ref().unwrap_or_else(|| panic!("{name} has no budget")).model().start();
    let down = Failing::Fault(Fault::Unavailable);
    let mut retries = 0;
    for _ in 0..requests {
        budget.began(SimTime::ZERO);
        budget.failed(SimTime::ZERO, down, Grant::FREE);
        retries += u32::from(budget.grants(SimTime::ZERO, down, Load { calls: 40, waiting: 0 }).is_some());
    }
    retries
}

/// From the sources of the clients: what is in the purse, and what 1,000 requests put into it.
#[test]
fn budgets_of_clients_are_those_of_their_sources() {
    let published = [
        ("botocore-standard", 35),       // 500 / 14
        ("botocore-adaptive", 35),       // 500 / 14
        ("botocore-standard-1.43", 100), // 500 / 5
        ("finagle", 300),                // 10 a second for 10 s, and a fifth of 1,000
        ("tower", 300),
        ("grpc", 4), // the fifth failure leaves no more than half
        ("grpc-before-2024", 4),
        ("envoy", 3),
        ("google-sre", 100), // a tenth
    ];
    for (name, retries) in published {
        assert_eq!(retries_in_a_storm(name, 1_000), retries, "{name}");
    }
    let with_budget = clients::names().filter(|name| client(name).budget.is_some()).count();
    assert_eq!(with_budget, published.len());
}

#[test]
fn breakers_and_throttles_of_clients_are_those_of_their_sources() {
    let known = client("resilience4j-breaker");
    let (slow_call, slow_rate) = (Some(SimDuration::from_secs(60)), Some(Share::ONE));
    let window = Window { minimum: Some(100), slow_call, slow_rate, ..Window::default() };
    assert_eq!(known.breaker, Some(CircuitBreaker::Window(window.clone())));
    // Its `slidingWindowSize` of 100 is then in seconds.
    let timed = Window { calls: None, last: Some(SimDuration::from_secs(100)), ..window };
    assert_eq!(client("resilience4j-breaker-timed").breaker, Some(CircuitBreaker::Window(timed)));
    assert_eq!(client("google-sre").throttle, Some(Throttle::default()));
    let guarded = clients::names().filter(|name| client(name).breaker.is_some() || client(name).throttle.is_some());
    assert_eq!(guarded.collect::<Vec<_>>(), ["resilience4j-breaker", "resilience4j-breaker-timed", "google-sre"]);
}

/// How long clients wait for an answer, in seconds; all others for ever, or as their caller says.
const TIMEOUTS: &[(&str, u64)] = &[
    ("anthropic", 600),
    ("anthropic-1.0", 600),
    ("openai", 600),
    ("openai-2.50", 600),
    ("groq", 60),
    ("ai21", 300),
    ("ai21-configured", 300),
    ("langchain-rate-limiter", 600),
    ("llamaindex-anthropic", 600),
];

#[test]
fn clients_wait_for_answers_as_long_as_their_sources_say() {
    let waits = |name| Some((name, client(name).timeout?.as_nanos() / 1_000_000_000));
    assert_eq!(clients::names().filter_map(waits).collect::<Vec<_>>(), TIMEOUTS);
    let text = "preset = \"langchain-rate-limiter\"\npacing.requests = \"2/s\"\n";
    let mut strategy = Strategy::default();
    read_text("strategy", text, &[], &mut strategy).unwrap();
    let pacing = strategy.pacing.expect("it keeps a pace");
    assert_eq!((pacing.requests.unwrap().amount, pacing.burst), (2, Some(SimDuration::ZERO)));
    let text = "preset = \"groq\"\ntimeout = \"5s\"\n";
    let mut strategy = Strategy::default();
    read_text("strategy", text, &[], &mut strategy).unwrap();
    assert_eq!(strategy.timeout, Some(SimDuration::from_secs(5)));
}

/// A strategy has what its preset has, and may say otherwise.
#[test]
fn a_strategy_has_the_budget_of_its_preset_or_its_own() {
    let kind = |text: &str| {
        let mut strategy = Strategy::default();
        read_text("strategy", text, &[], &mut strategy).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut back = Strategy::default();
        read_text("resolved", &resolved::print(&mut strategy, None), &[], &mut back).unwrap();
        assert_eq!(back, strategy, "{text}");
        strategy.budget.map(|budget| budget.kind())
    };
    let of = |more: &str| kind(&format!("preset = \"botocore-standard\"\n{more}"));
    assert_eq!([of(""), of("budget.none = {}"), of("budget.sre = {}")], [Some("aws"), Some("none"), Some("sre")]);
    assert_eq!([of("budget.aws.capacity = 50"), kind("preset = \"openai\"")], [Some("aws"), None]);
}
