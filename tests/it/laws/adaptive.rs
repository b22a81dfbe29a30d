//! What learns from answers stays within its bounds, says when a call may go and means it, and learns the right way round.

use crate::generate::{self, Dice, OnPanic};
use ratecast::client::adaptive::rate::{RateControl, SendRate};
use ratecast::client::adaptive::window::{Sample, Window, WindowSpec};
use ratecast::params::Choice;
use ratecast::units::{SimDuration, SimTime};

const CASES: u64 = 300;

fn millis(millis: u64) -> SimDuration {
    SimDuration::from_nanos(millis * 1_000_000)
}

/// What was said and done, step by step, with a client that goes at random and sends when it may.
fn walk(control: &mut dyn RateControl, dice: &mut Dice, steps: u64) -> Vec<(SimTime, Option<f64>)> {
    let (mut now, mut told) = (SimTime::ZERO, Vec::new());
    for _ in 0..steps {
        now += millis(dice.pick(0..=700));
        match dice.pick(0..=2) {
            0 => judge_answer(control, now, dice.percent(30)),
            _ => now = judge_sending(control, now),
        }
        told.push((control.ready_at(now), control.rate(now)));
    }
    told
}

/// A 429 never lets a client send faster.
fn judge_answer(control: &mut dyn RateControl, now: SimTime, throttled: bool) {
    let before = control.rate(now);
    control.answered(now, throttled);
    if let (true, Some(before)) = (throttled, before) {
        let after = control.rate(now).expect("it goes on limiting");
        // What the floor holds up does not fall.
        assert!(after <= before, "a 429 took the rate from {before} to {after}");
    }
}

/// A call goes when it is said to, and could not have gone a little before.
fn judge_sending(control: &mut dyn RateControl, now: SimTime) -> SimTime {
    let ready = control.ready_at(now);
    assert!(ready >= now);
    assert_eq!(control.ready_at(ready), ready, "ready at {ready:?} as said at {now:?}");
    // The instant is rounded up, and sums of floats are off by a billionth of a call.
    let early = SimTime::from_nanos(ready.as_nanos().saturating_sub(1_000));
    if early > now && (ready - now) < SimDuration::from_secs(100) {
        assert!(control.ready_at(early) > early, "{ready:?} as said at {now:?} is later than it must be");
    }
    control.sent(ready);
    ready
}

#[test]
fn send_rates_keep_their_word() {
    for kind in generate::kinds_of(&SendRate::registered()) {
        for case in 0..CASES {
            let model = generate::send_rate(&mut Dice::new(kind, case), kind);
            let _tried = OnPanic(|| format!("case {case} of the dice `{kind}`: {model:?}"));
            let told = |purpose| {
                let mut control = model.model().start();
                walk(&mut *control, &mut Dice::new(purpose, case), 300)
            };
            let first = told("walk");
            assert_eq!(first, told("walk"), "the same answers give the same rates");
            assert!(case > 0 || first != told("another walk"), "answers matter");
        }
    }
}

/// Calls that go as soon as they may from `now` on, for so long, each answered at once.
fn rush(control: &mut dyn RateControl, now: SimTime, span: SimDuration, throttled: bool) -> (u64, SimTime) {
    let (mut now, end, mut calls) = (now, now + span, 0);
    loop {
        let at = control.ready_at(now);
        // One that holds nothing back yet is asked 20 times a second.
        now = if at > now { at } else { at + millis(50) };
        if now > end {
            return (calls, end);
        }
        control.sent(now);
        control.answered(now, throttled);
        calls += 1;
    }
}

#[test]
fn send_rates_fall_with_429s_and_come_back_without() {
    for model in SendRate::registered() {
        let mut control = model.model().start();
        let minute = SimDuration::from_secs(60);
        let (_, now) = rush(&mut *control, SimTime::ZERO, minute, false);
        let (_, now) = rush(&mut *control, now, minute, true);
        let low = control.rate(now).unwrap_or_else(|| panic!("{}: 429s change nothing", model.kind()));
        let (calls, now) = rush(&mut *control, now, minute, true);
        assert!((1..=60).contains(&calls), "{}: {calls} calls in a minute of 429s", model.kind());
        // Where nothing refuses, nothing stops the cubic curve: not for long.
        let (_, now) = rush(&mut *control, now, SimDuration::from_secs(20), false);
        let high = control.rate(now).expect("it goes on limiting");
        assert!(high > 2.0 * low, "{}: from {low} to {high} calls a second in 20 s", model.kind());
    }
}

/// Twelve calls in 1.2 s, which suits every gathering, so many times.
fn feed(window: &mut Window, now: &mut SimTime, rounds: u32, took: SimDuration, dropped: bool) -> u32 {
    for _ in 0..12 * rounds {
        *now += millis(100);
        let took = if dropped { SimDuration::ZERO } else { took };
        window.sample(Sample { at: *now, took, in_flight: window.limit(), dropped }, || 0.5);
    }
    window.limit()
}

#[test]
fn windows_learn_the_right_way_round() {
    for spec in WindowSpec::registered() {
        let (kind, (least, most)) = (spec.kind(), spec.model().bounds());
        let (mut window, mut now) = (Window::new(&spec), SimTime::ZERO);
        let start = window.limit();
        let fast = feed(&mut window, &mut now, 15, SimDuration::from_secs(1), false);
        assert!(fast > start, "{kind}: {start} calls became {fast} while all was well");
        let turned_away = feed(&mut window, &mut now, 5, SimDuration::ZERO, true);
        // Of one that is blind to them the call before the first of them may still have moved it, by a step.
        let as_said = if spec.model().heeds_drops() { turned_away < fast } else { turned_away <= fast + 1 };
        assert!(as_said, "{kind}: {fast} calls became {turned_away} while all were turned away");
        let again = feed(&mut window, &mut now, 15, SimDuration::from_secs(1), false);
        let slow = feed(&mut window, &mut now, 5, SimDuration::from_secs(100), false);
        assert!(slow < again, "{kind}: {again} calls became {slow} while all was slow");
        feed(&mut window, &mut now, 10_000, SimDuration::from_secs(1), false);
        assert!((least..=most).contains(&window.limit()));
    }
}

#[test]
fn windows_stay_within_their_bounds() {
    for kind in generate::kinds_of(&WindowSpec::registered()) {
        let mut moved = 0;
        for case in 0..CASES {
            let spec = generate::window(&mut Dice::new(kind, case), kind);
            let _tried = OnPanic(|| format!("case {case} of the dice `{kind}`: {spec:?}"));
            let (least, most) = spec.model().bounds();
            let limits = || {
                let (mut dice, mut window, mut at) = (Dice::new("samples", case), Window::new(&spec), SimTime::ZERO);
                let mut draws = Dice::new("draws", case);
                let mut limit = || {
                    at += millis(dice.pick(0..=300));
                    let took = millis(dice.pick(0..=9_000));
                    let (in_flight, dropped) = (dice.pick(0..=2 * u64::from(most)) as u32, dice.percent(20));
                    window.sample(Sample { at, took, in_flight, dropped }, || draws.uniform());
                    assert!(least.max(1) <= window.limit() && window.limit() <= most);
                    window.limit()
                };
                (0..600).map(|_| limit()).collect::<Vec<_>>()
            };
            let first = limits();
            moved += u64::from(first.iter().any(|limit| *limit != first[0]));
            assert_eq!(first, limits(), "the same calls give the same limits");
        }
        assert!(moved > CASES / 2, "{kind} moved in {moved} of {CASES} cases");
    }
}
