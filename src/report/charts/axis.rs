//! Where the ticks of an axis stand and what they say.

use super::text::{duration, number};

/// One tick: its value on the axis, and its label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub at: f64,
    pub label: String,
}

/// Maps the values `from..=to` to the pixels `low..=high`; other values go to the nearer end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub from: f64,
    pub to: f64,
    pub low: f64,
    pub high: f64,
}

impl Scale {
    /// The pixel of `value`.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = if self.to > self.from { (value - self.from) / (self.to - self.from) } else { 0.0 };
        self.low + share.clamp(0.0, 1.0) * (self.high - self.low)
    }
}

/// A value that a figure can show: beyond these bounds the arithmetic of axes overflows.
pub(super) fn usable(value: f64) -> bool {
    value.is_finite() && value.abs() <= 1e15
}

/// The largest usable value, at least 0.
pub(super) fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().filter(|value| usable(*value)).fold(0.0, f64::max)
}

/// Ticks from 0 to at least `max` in about `count` steps of 1, 2 or 5; the last one is the end of the axis.
pub(super) fn linear(max: f64, count: usize, label: impl Fn(f64) -> String) -> Vec<Tick> {
    let max = if max > 1e-12 { max } else { 1.0 };
    let step = round_step(max / count as f64);
    let steps = (max / step - 1e-9).ceil().max(1.0) as usize;
    (0..=steps).map(|i| i as f64 * step).map(|at| Tick { at, label: label(at) }).collect()
}

/// The same for lengths of time in seconds: in whole minutes, hours or days where it is long.
pub(super) fn linear_time(max: f64, count: usize) -> Vec<Tick> {
    let unit = [86_400.0, 3600.0, 60.0].into_iter().find(|unit| usable(max) && max >= *unit).unwrap_or(1.0);
    let tick = |tick: Tick| Tick { at: tick.at * unit, label: duration(tick.at * unit) };
    linear(max / unit, count, duration).into_iter().map(tick).collect()
}

/// The least of 1, 2, 5, 10, 20 ... (or 0.5, 0.2 ...) that is at least `step`.
fn round_step(step: f64) -> f64 {
    let mut power = 1.0;
    while power * 10.0 <= step {
        power *= 10.0;
    }
    while power > step {
        power /= 10.0;
    }
    [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power).find(|s| *s >= step * 0.999_999).unwrap_or(10.0 * power)
}

/// An axis of time since the start, in the unit that suits its length.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Elapsed {
    /// `minutes`.
    pub unit: &'static str,
    /// At seconds since the start.
    pub ticks: Vec<Tick>,
}

/// The axis from 0 to `seconds`, with at most `count` steps.
pub(super) fn elapsed(seconds: f64, count: usize) -> Elapsed {
    let (unit, length, steps): (_, _, &[f64]) = match seconds {
        s if s <= 150.0 => ("seconds", 1.0, &[1.0, 2.0, 5.0, 10.0, 15.0, 30.0]),
        s if s <= 9000.0 => ("minutes", 60.0, &[1.0, 2.0, 5.0, 10.0, 15.0, 30.0]),
        s if s <= 3.0 * 86_400.0 => ("hours", 3600.0, &[1.0, 2.0, 3.0, 6.0, 12.0, 24.0]),
        _ => ("days", 86_400.0, &[1.0, 2.0, 5.0, 7.0]),
    };
    let total = seconds / length;
    let fits = |step: &f64| total / step <= count as f64;
    let below_one = total < 2.0;
    let step = match steps.iter().copied().find(fits) {
        Some(step) if !below_one => step,
        _ => round_step(total / count as f64),
    };
    let ticks = (0..=(total / step + 1e-9) as usize).map(|i| i as f64 * step);
    Elapsed { unit, ticks: ticks.map(|at| Tick { at: at * length, label: number(at) }).collect() }
}

/// Times that people count in, in seconds, by how much an axis needs them: decades first, then their halves and fifths.
const TIMES: [&[f64]; 3] = [
    &[1e-4, 1e-3, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36_000.0, 86_400.0, 864_000.0, 8_640_000.0],
    &[0.005, 0.05, 0.5, 5.0, 30.0, 300.0, 1800.0, 18_000.0, 432_000.0],
    &[0.002, 0.02, 0.2, 2.0, 20.0, 120.0, 1200.0, 7200.0, 172_800.0],
];

/// The ticks inside a logarithmic axis of time, each at least `gap` pixels from the next; `scale` maps log seconds.
pub(super) fn log_time(scale: &Scale, gap: f64) -> Vec<Tick> {
    let mut chosen: Vec<f64> = Vec::new();
    for &time in TIMES.iter().copied().flatten() {
        let log = log(time);
        let inside = log >= scale.from - 1e-9 && log <= scale.to + 1e-9;
        if inside && chosen.iter().all(|other| (scale.at(*other) - scale.at(log)).abs() >= gap) {
            chosen.push(log);
        }
    }
    chosen.sort_by(f64::total_cmp);
    let label = |log: f64| {
        let time = TIMES.iter().copied().flatten().find(|time| self::log(**time) == log);
        duration(time.copied().unwrap_or_default())
    };
    chosen.into_iter().map(|at| Tick { at, label: label(at) }).collect()
}

/// The decimal logarithm of a time, which is taken as at least 0.1 ms.
pub(super) fn log(seconds: f64) -> f64 {
    libm::log10(seconds.max(1e-4))
}

/// The logarithms between which an axis shows all of `times`, with a little room; 100 ms to 1 h if there are none.
pub(super) fn log_range(times: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let shown = times.into_iter().filter(|time| usable(*time) && *time > 0.0).map(log);
    let (low, high) = shown.fold((f64::MAX, f64::MIN), |(low, high), log| (low.min(log), high.max(log)));
    if low > high {
        return (log(0.1), log(3600.0));
    }
    // More than a decade at least, so that one point alone has an axis with a few ticks.
    let room = ((1.3 - (high - low)) / 2.0).max(0.08);
    ((low - room).max(-4.0), high + room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn a_linear_axis_has_round_steps() {
        assert_eq!(labels(&linear(73.0, 5, number)), ["0", "20", "40", "60", "80"]);
        assert_eq!(labels(&linear(0.3, 3, number)), ["0", "0.1", "0.2", "0.3"]);
        assert_eq!(labels(&linear(5000.0, 5, number)), ["0", "1k", "2k", "3k", "4k", "5k"]);
    }

    #[test]
    fn an_axis_of_lengths_of_time_counts_in_their_unit() {
        assert_eq!(labels(&linear_time(431.0, 3)), ["0 s", "5 min", "10 min"]);
        assert_eq!(labels(&linear_time(0.9, 3)), ["0 s", "500 ms", "1 s"]);
        assert_eq!(labels(&linear_time(90_000.0, 3)), ["0 s", "12 h", "1 d", "1.5 d"]);
    }

    #[test]
    fn an_axis_of_nothing_is_still_an_axis() {
        for max in [0.0, -1.0, f64::NAN, 1e-300] {
            assert_eq!(linear(max, 5, number).last().map(|tick| tick.at), Some(1.0));
        }
        assert!(linear(1e15, 5, number).len() <= 7);
    }

    #[test]
    fn elapsed_time_takes_the_unit_that_suits() {
        for (seconds, unit, last) in
            [(60.0, "seconds", "60"), (3600.0, "minutes", "60"), (86_400.0, "hours", "24"), (2_592_000.0, "days", "30")]
        {
            let axis = elapsed(seconds, 12);
            assert_eq!((axis.unit, axis.ticks.last().map(|tick| tick.label.as_str())), (unit, Some(last)));
            assert!(axis.ticks.len() <= 13);
        }
        assert!(elapsed(1e15, 12).ticks.len() <= 13);
        assert!(elapsed(0.01, 12).ticks.len() <= 13);
    }

    #[test]
    fn a_log_axis_counts_as_people_do() {
        let scale = |from, to| Scale { from: log(from), to: log(to), low: 0.0, high: 900.0 };
        assert_eq!(labels(&log_time(&scale(0.1, 3600.0), 100.0)), ["100 ms", "1 s", "10 s", "1 min", "10 min", "1 h"]);
        assert_eq!(labels(&log_time(&scale(1.0, 10.0), 100.0)), ["1 s", "2 s", "5 s", "10 s"]);
    }

    #[test]
    fn a_log_range_needs_a_time_above_zero() {
        assert_eq!(log_range([]), (log(0.1), log(3600.0)));
        assert_eq!(log_range([0.0, f64::NAN, f64::INFINITY]), log_range([]));
        let (low, high) = log_range([1.0]);
        assert!(low < 0.0 && high > 0.0);
    }
}
