//! No budget grants more than it states, no breaker lets calls out while it is open.

use crate::generate::{self, Dice, OnPanic};
use ratecast::client::control::breaker::{Breaker, CircuitBreaker, Pass};
use ratecast::client::control::budget::{Budget, Failures, Grant, Load, RetryBudget, Sre};
use ratecast::client::retry::Failing;
use ratecast::params::Choice;
use ratecast::protocol::Fault;
use ratecast::units::{Share, SimDuration, SimTime};

/// Everything that a budget was told and said, in order.
#[derive(Default)]
struct Told {
    began: Vec<SimTime>,
    granted: Vec<(SimTime, Failing)>,
    /// Successes of first attempts, and after what the last retry was granted for.
    succeeded: Vec<Option<Failing>>,
    failed: Vec<SimTime>,
    retries_under_way: u64,
}

/// Whether `now` and `then` lie in the same `slices` slices of `span`.
fn is_remembered(now: SimTime, then: SimTime, span: SimDuration, slices: u64) -> bool {
    let slice = span.as_nanos() / slices;
    then.as_nanos() / slice + slices > now.as_nanos() / slice
}

/// Whether one more retry at `now` is within what `budget` states, with the one before it included. A new budget needs a
/// line here: a bound that no grant may break, computed from everything that was told since the start.
fn is_within(budget: &RetryBudget, told: &Told, now: SimTime, load: Load) -> bool {
    let whole = Share::ONE.hundred_millionths();
    let recent = |times: &mut dyn Iterator<Item = SimTime>, span, slices| {
        times.filter(|then| is_remembered(now, *then, span, slices)).count() as u64
    };
    let granted = told.granted.len() as u64;
    match budget {
        RetryBudget::NoBudget(_) => true,
        RetryBudget::Aws(aws) => {
            let cost = |failing: &Failing| match failing.fault() {
                None => aws.throttled_cost,
                Some(Fault::Timeout) => aws.timeout_cost.unwrap_or(aws.fault_cost),
                Some(_) => aws.fault_cost,
            };
            let taken: u64 = told.granted.iter().map(|(_, failing)| u64::from(cost(failing))).sum();
            let given: u64 = told.succeeded.iter().map(|after| after.as_ref().map_or(1, |f| u64::from(cost(f)))).sum();
            taken <= u64::from(aws.capacity) + given
        }
        // Each grant follows a failure, which takes a token, and half of the tokens stay.
        RetryBudget::Grpc(grpc) => {
            let given = told.succeeded.len() as f64 * grpc.token_ratio;
            granted as f64 <= f64::from(grpc.max_tokens) / 2.0 + given + 1e-6
        }
        RetryBudget::Deposit(deposit) => {
            let saved = told.began.len() as u64 * deposit.share.hundred_millionths();
            let after_the_first = granted.saturating_sub(deposit.initial);
            after_the_first * whole <= saved && granted <= deposit.bucket + deposit.share.of(told.began.len() as u64)
        }
        RetryBudget::Finagle(finagle) => {
            let began = recent(&mut told.began.iter().copied(), finagle.memory, 10);
            let retries = recent(&mut told.granted.iter().map(|(at, _)| *at), finagle.memory, 10);
            let always = u64::from(finagle.per_second) * finagle.memory.as_nanos() / 1_000_000_000;
            retries * whole <= always * whole + began * finagle.share.hundred_millionths()
        }
        RetryBudget::Envoy(envoy) => {
            let most = envoy.share.of(load.calls + load.waiting).max(envoy.least);
            told.retries_under_way <= most
        }
        RetryBudget::Sre(Sre { retries: of }) => {
            let began = recent(&mut told.began.iter().copied(), of.window, 100);
            let retries = recent(&mut told.granted.iter().map(|(at, _)| *at), of.window, 100);
            (retries - 1) * whole < began * of.share.hundred_millionths()
        }
        RetryBudget::Failures(Failures { failed: of }) => {
            let began = recent(&mut told.began.iter().copied(), of.window, 100);
            let failed = recent(&mut told.failed.iter().copied(), of.window, 100);
            failed * whole <= began * of.share.hundred_millionths()
        }
    }
}

fn failing(dice: &mut Dice) -> Failing {
    let faults = [Fault::Unavailable, Fault::Timeout, Fault::Internal];
    if dice.percent(50) { Failing::Refused(None) } else { Failing::Fault(dice.one_of(&faults)) }
}

/// Lets requests come and go at random; what was granted and what was denied.
fn live(budget: &RetryBudget, dice: &mut Dice) -> Vec<bool> {
    let mut state = budget.model().start();
    let mut told = Told::default();
    // Attempts under way: their grant and what it was granted for.
    let mut under_way: Vec<(Grant, Option<Failing>)> = Vec::new();
    let (mut now, mut answers) = (SimTime::ZERO, Vec::new());
    let bad = dice.pick(0..=100);
    for _ in 0..400 {
        now += SimDuration::from_nanos(dice.pick(0..=300_000_000));
        if under_way.is_empty() || dice.percent(40) {
            state.began(now);
            told.began.push(now);
            under_way.push((Grant::FREE, None));
            continue;
        }
        let at = dice.pick(0..=under_way.len() as u64 - 1) as usize;
        let (grant, after) = under_way.swap_remove(at);
        told.retries_under_way -= u64::from(after.is_some());
        if !dice.percent(bad) {
            state.succeeded(now, grant);
            told.succeeded.push(after);
            continue;
        }
        let failing = failing(dice);
        state.failed(now, failing, grant);
        told.failed.push(now);
        let load = Load { calls: under_way.len() as u64, waiting: dice.pick(0..=5) };
        let granted = state.grants(now, failing, load);
        answers.push(granted.is_some());
        match granted {
            Some(grant) if dice.percent(10) => {
                // The request expires during its back-off; the retry counts as made all the same, but for Envoy.
                told.granted.push((now, failing));
                state.dropped(grant);
            }
            Some(grant) => {
                told.granted.push((now, failing));
                told.retries_under_way += 1;
                under_way.push((grant, Some(failing)));
                assert!(is_within(budget, &told, now, load), "{} of {}", told.granted.len(), told.began.len());
            }
            None => asked_in_vain(&mut *state, now, failing, load),
        }
    }
    answers
}

/// A retry that was denied is denied again, if nothing was told in between.
fn asked_in_vain(state: &mut dyn Budget, now: SimTime, failing: Failing, load: Load) {
    assert!((0..3).all(|_| state.grants(now, failing, load).is_none()), "denied, and granted at once");
}

#[test]
fn budgets_grant_no_more_than_they_state() {
    for kind in generate::kinds_of(&RetryBudget::registered()) {
        let (mut granted, mut denied) = (0, 0);
        for case in 0..300 {
            let mut dice = Dice::new(kind, case);
            let budget = generate::retry_budget(&mut dice, kind);
            let _tried = OnPanic(|| format!("case {case} of the dice `{kind}`: {budget:?}"));
            let answers = live(&budget, &mut dice);
            granted += answers.iter().filter(|granted| **granted).count();
            denied += answers.iter().filter(|granted| !**granted).count();
            let mut again = Dice::new(kind, case);
            assert_eq!(
                live(&generate::retry_budget(&mut again, kind), &mut again),
                answers,
                "told alike, it says alike"
            );
        }
        assert!(granted > 500 && (denied > 500 || kind == "none"), "{kind}: {granted} granted, {denied} denied");
    }
}

/// The point of a budget: where everything fails, retries add little to many requests, whatever was before.
#[test]
fn a_storm_dies_of_every_budget() {
    for budget in RetryBudget::registered().iter().filter(|budget| budget.kind() != "none") {
        let mut state = budget.model().start();
        let at = |ms: u64| SimTime::from_nanos(ms * 1_000_000);
        // A good minute of 1,000 requests a second, then a bad one in which each that fails would be tried again at once.
        (0..60_000).for_each(|ms| {
            state.began(at(ms));
            state.succeeded(at(ms), Grant::FREE);
        });
        let mut retries = 0;
        for ms in 60_000..120_000 {
            state.began(at(ms));
            let mut grant = Grant::FREE;
            for _ in 0..10 {
                state.failed(at(ms), Failing::Refused(None), grant);
                match state.grants(at(ms), Failing::Refused(None), Load { calls: 1, waiting: 0 }) {
                    Some(next) => grant = next,
                    None => break,
                }
                // What comes late in the minute no longer draws on the good one before it.
                retries += u32::from(ms >= 90_000);
            }
        }
        // Envoy's counts what is under way, and here calls take no time: retries that follow one another are all one.
        let is_bounded = retries <= 30_000 / 4;
        assert!(is_bounded || budget.kind() == "envoy", "{}: {retries} retries for 30,000 requests", budget.kind());
    }
}

/// A call that is under way, and when it ends.
struct UnderWay {
    pass: Pass,
    ends: SimTime,
    failing: Option<Failing>,
}

/// Calls at random, which take their time; says how often it opened and how many calls were turned down.
fn circuit(spec: &CircuitBreaker, dice: &mut Dice) -> (u32, u32) {
    let mut breaker = Breaker::new(spec);
    let open_time = spec.model().terms().open_time;
    let mut under_way: Vec<UnderWay> = Vec::new();
    let (mut now, mut opened_at, mut openings, mut turned_down) = (SimTime::ZERO, None, 0, 0);
    for step in 0..1_500 {
        now += SimDuration::from_nanos(dice.pick(0..=400_000_000));
        under_way.sort_by_key(|call| call.ends);
        while under_way.first().is_some_and(|call| call.ends <= now) {
            let UnderWay { pass, ends, failing } = under_way.remove(0);
            if breaker.answered(ends, pass, failing) {
                (opened_at, openings) = (Some(ends), openings + 1);
            }
        }
        let is_open = opened_at.is_some_and(|opened| now < opened + open_time);
        let is_let = breaker.allows(now);
        assert!(!(is_open && is_let), "a call at {now:?}, open since {opened_at:?}");
        if !is_let {
            turned_down += 1;
            continue;
        }
        let is_bad = (step / 300) % 2 == 0 && dice.percent(85);
        let failing = if is_bad { Some(failing(dice)) } else { None };
        let ends = now + SimDuration::from_nanos(dice.pick(0..=2_000_000_000));
        under_way.push(UnderWay { pass: breaker.sent(now), ends, failing });
    }
    (openings, turned_down)
}

#[test]
fn breakers_let_nothing_out_while_they_are_open() {
    for kind in generate::kinds_of(&CircuitBreaker::registered()) {
        let (mut openings, mut turned_down) = (0, 0);
        for case in 0..300 {
            let mut dice = Dice::new(kind, case);
            let breaker = generate::breaker(&mut dice, kind);
            let _tried = OnPanic(|| format!("case {case} of the dice `{kind}`: {breaker:?}"));
            let (opened, down) = circuit(&breaker, &mut dice);
            (openings, turned_down) = (openings + opened, turned_down + down);
        }
        assert!(openings > 300 && turned_down > 1_000, "{kind}: {openings} openings, {turned_down} turned down");
    }
}

/// Down for good it is hardly called, and well again it is called as before.
#[test]
fn breakers_rest_while_a_service_is_down_and_come_back_with_it() {
    for spec in CircuitBreaker::registered() {
        let mut breaker = Breaker::new(&spec);
        let at = |secs: u64| SimTime::from_nanos(secs * 1_000_000_000);
        let mut calls = |from: u64, to: u64, failing: Option<Failing>| {
            (from..to)
                .filter(|&secs| {
                    breaker.allows(at(secs)) && {
                        let pass = breaker.sent(at(secs));
                        breaker.answered(at(secs), pass, failing);
                        true
                    }
                })
                .count()
        };
        assert_eq!(calls(0, 1_000, None), 1_000, "{}: well", spec.kind());
        let down = calls(1_000, 11_000, Some(Failing::Fault(Fault::Unavailable)));
        assert!(down < 2_000, "{}: {down} calls of 10,000 to a service that is down", spec.kind());
        calls(11_000, 11_100, None);
        assert_eq!(calls(11_100, 12_100, None), 1_000, "{}: well again", spec.kind());
    }
}
