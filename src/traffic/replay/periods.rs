//! Logs that count the requests of each minute, hour or day, and the arrivals that are made of the counts.
//!
//! Where in its period a request came nobody knows: bursts within a period cannot be seen in what this makes.

use super::cells::Cells;
use super::count;
use super::error::quote;
use super::layout::{self, Layout};
use super::plain::Reading;
use super::spread::Places;
use super::stamp::{Clock, Stamp};
use super::{Replay, Spread, Thousands};
use crate::rng::Seed;
use crate::units::Tokens;
use crate::units::grammar::Misread;
use std::collections::BTreeMap;

/// The most periods: two years of minutes.
const MOST_PERIODS: usize = 2 * 366 * 24 * 60;
/// The most requests in all of them.
const MOST_REQUESTS: u64 = 1_000_000_000;

/// What is known about one period.
#[derive(Clone, Copy, Default)]
struct Period {
    /// Its length in nanoseconds, where the log states it.
    nanos: Option<u64>,
    requests: u64,
    tokens: [Option<u64>; 3],
}

/// The periods of a log.
#[derive(Default)]
pub(super) struct Periods {
    by_start: BTreeMap<i64, Period>,
    has_requests: bool,
}

type Wrong = (Option<usize>, Misread);

/// What a series counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    Requests,
    /// Input, cached input or output.
    Tokens(usize),
}

impl Periods {
    /// Adds what one record says.
    pub(super) fn add(
        &mut self,
        layout: &Layout,
        cells: &impl Cells,
        clock: &mut Clock,
        thousands: Option<Thousands>,
    ) -> Result<(), Wrong> {
        let Some(counts) = layout.periods else { return Ok(()) };
        if let Some(series) = counts.series {
            return self.add_series(layout, &counts, series, cells, clock);
        }
        let start = read_stamp(cells, layout.time, 0, clock)?;
        let end =
            counts.end.filter(|&end| cells.count(end) > 0).map(|end| Ok((end, read_stamp(cells, end, 0, clock)?)));
        let nanos = match end.transpose()? {
            None => None,
            Some((slot, end)) => match end.nanos_since(start).filter(|&nanos| nanos > 0) {
                Some(nanos) => Some(nanos),
                None => {
                    let message =
                        format!("the period ends at {}, when it begins or before", quote(clock.write(end).as_bytes()));
                    return Err((Some(slot), Misread::new(message, "mend the row, or delete it")));
                }
            },
        };
        let sum = |slots: &[usize]| sum(cells, slots, thousands);
        let requests = sum(counts.requests.as_slice())?;
        let tokens = [sum(&layout.input)?, sum(&layout.cached)?, sum(&layout.output)?];
        self.has_requests |= counts.requests.is_some();
        let period = self.period(start, layout.time)?;
        period.nanos = nanos.or(period.nanos);
        add(&mut period.requests, requests);
        period.tokens.iter_mut().zip(tokens).for_each(|(sum, count)| add_some(sum, count));
        Ok(())
    }

    /// Adds the steps of a counter that grows.
    fn add_series(
        &mut self,
        layout: &Layout,
        counts: &layout::Periods,
        name: usize,
        cells: &impl Cells,
        clock: &mut Clock,
    ) -> Result<(), Wrong> {
        let counted = counted(cells.get(name, 0).unwrap_or_default()).map_err(|misread| (Some(name), misread))?;
        let Some(value) = counts.requests else { return Ok(()) };
        let mut before: Option<(Stamp, u64)> = None;
        for at in 0..cells.count(layout.time) {
            let stamp = read_stamp(cells, layout.time, at, clock)?;
            let cell = cells.get(value, at).unwrap_or_default();
            let Some(level) = count::read_sum(cell, None).map_err(|misread| (Some(value), misread))? else { continue };
            if let Some((start, last)) = before.replace((stamp, level)) {
                let Some(nanos) = stamp.nanos_since(start).filter(|&nanos| nanos > 0) else {
                    let message = format!("the series steps back in time at {}", quote(clock.write(stamp).as_bytes()));
                    return Err((
                        Some(layout.time),
                        Misread::new(message, "write the values of a series in order of time"),
                    ));
                };
                // A counter that drops was reset, and counts from zero.
                let step = level.checked_sub(last).unwrap_or(level);
                self.has_requests |= counted == Counted::Requests;
                let period = self.period(start, layout.time)?;
                period.nanos = Some(nanos);
                match counted {
                    Counted::Requests => add(&mut period.requests, Some(step)),
                    Counted::Tokens(kind) => add_some(&mut period.tokens[kind], Some(step)),
                }
            }
        }
        Ok(())
    }

    fn period(&mut self, start: Stamp, slot: usize) -> Result<&mut Period, Wrong> {
        if self.by_start.len() >= MOST_PERIODS && !self.by_start.contains_key(&start.nanos()) {
            let message = format!("there are more than {MOST_PERIODS} periods");
            return Err((Some(slot), Misread::new(message, "cut the log, or export longer periods")));
        }
        Ok(self.by_start.entry(start.nanos()).or_default())
    }

    /// The requests that the counts stand for.
    pub(super) fn spread(mut self, spec: &Replay) -> Result<Spreading, Misread> {
        self.find_lengths(spec)?;
        if !self.has_requests {
            self.divide_tokens(spec)?;
        }
        self.carry_tokens()?;
        let total = self.by_start.values().fold(0u64, |sum, period| sum.saturating_add(period.requests));
        if total > MOST_REQUESTS {
            let message = format!("the counts add up to {total} requests, more than {MOST_REQUESTS}");
            return Err(Misread::new(message, "cut the log, or check that the values are counts"));
        }
        let random = (spec.spread == Spread::Random).then(|| Seed(spec.spread_seed).stream(0, "replay/spread"));
        let mut periods: Vec<_> = self.by_start.into_iter().filter(|(_, period)| period.requests > 0).collect();
        periods.reverse();
        Ok(Spreading { periods, places: Places::new(random), done: 0 })
    }

    /// Gives each period its length: as stated, as the log states it, or up to the next one at the smallest step there is.
    fn find_lengths(&mut self, spec: &Replay) -> Result<(), Misread> {
        let starts: Vec<i64> = self.by_start.keys().copied().collect();
        let step = starts.windows(2).map(|pair| pair[1].abs_diff(pair[0])).min();
        for (at, (start, period)) in self.by_start.iter_mut().enumerate() {
            let length = spec.period.map(|period| period.as_nanos()).or(period.nanos).or(step);
            let Some(length) = length else {
                let message = "there is one period, and nothing says how long it is";
                return Err(Misread::new(message, "say so, as in `period = \"5min\"`"));
            };
            let next = starts.get(at + 1).map_or(u64::MAX, |next| next.abs_diff(*start));
            period.nanos = Some(length.min(next));
        }
        Ok(())
    }

    /// Gives the tokens of periods without requests, in which longer answers were still being written, to the next request.
    fn carry_tokens(&mut self) -> Result<(), Misread> {
        let mut carried = [None; 3];
        for period in self.by_start.values_mut() {
            let (to, from) = match period.requests {
                0 => (&mut carried, &mut period.tokens),
                _ => (&mut period.tokens, &mut carried),
            };
            to.iter_mut().zip(from).for_each(|(sum, count)| add_some(sum, count.take()));
        }
        if let Some(last) = self.by_start.values_mut().rev().find(|period| period.requests > 0) {
            last.tokens.iter_mut().zip(carried).for_each(|(sum, count)| add_some(sum, count));
        }
        let is_too_large = |period: &Period| {
            let most = u64::from(u32::MAX).saturating_mul(period.requests);
            period.requests > 0 && period.tokens.iter().any(|tokens| tokens.is_some_and(|tokens| tokens > most))
        };
        if self.by_start.values().any(is_too_large) {
            let message = format!("a request of some period would have more than {} tokens", u32::MAX);
            return Err(Misread::new(message, "check the counts of requests and of tokens"));
        }
        Ok(())
    }

    /// Makes requests of a typical size out of tokens.
    fn divide_tokens(&mut self, spec: &Replay) -> Result<(), Misread> {
        let Some(size) = spec.tokens_per_request else {
            let message = "the log counts tokens and no requests";
            return Err(Misread::new(message, "say how many tokens a request has, as in `tokens-per-request = 1500`"));
        };
        for period in self.by_start.values_mut() {
            let [input, _, output] = period.tokens.map(Option::unwrap_or_default);
            let tokens = input.saturating_add(output);
            // To the nearest, but a period with tokens has a request.
            let requests = tokens.saturating_add(size / 2) / size;
            period.requests = if tokens > 0 { requests.max(1) } else { 0 };
        }
        Ok(())
    }
}

/// What the series called `name` counts.
fn counted(name: &[u8]) -> Result<Counted, Misread> {
    let text = String::from_utf8_lossy(name);
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    match () {
        _ if name.is_empty() => {
            let help = "ask for the counter itself, as in `vllm:request_success_total`, without `rate` or `sum`";
            Err(Misread::new("the series has no name, so nothing says what it counts", help))
        }
        _ if !has(&["_total", "_count"]) => {
            let message = format!("{} is no counter: its name ends neither in `_total` nor in `_count`", quote(name));
            Err(Misread::new(message, "ask for a counter of requests, as in `vllm:request_success_total`"))
        }
        _ if has(&["cached_tokens", "cache_read"]) => Ok(Counted::Tokens(1)),
        _ if has(&["prompt_tokens", "input_tokens"]) => Ok(Counted::Tokens(0)),
        _ if has(&["generation_tokens", "completion_tokens", "output_tokens"]) => Ok(Counted::Tokens(2)),
        _ => Ok(Counted::Requests),
    }
}

fn read_stamp(cells: &impl Cells, slot: usize, at: usize, clock: &mut Clock) -> Result<Stamp, Wrong> {
    clock.read(cells.get(slot, at).unwrap_or_default()).map_err(|misread| (Some(slot), misread))
}

/// The sum of all values of all `slots`; `None` where there is none.
fn sum(cells: &impl Cells, slots: &[usize], thousands: Option<Thousands>) -> Result<Option<u64>, Wrong> {
    let mut sum = None;
    for &slot in slots {
        for at in 0..cells.count(slot) {
            let cell = cells.get(slot, at).unwrap_or_default();
            add_some(&mut sum, count::read_sum(cell, thousands).map_err(|misread| (Some(slot), misread))?);
        }
    }
    Ok(sum)
}

fn add(sum: &mut u64, count: Option<u64>) {
    *sum = sum.saturating_add(count.unwrap_or_default());
}

fn add_some(sum: &mut Option<u64>, count: Option<u64>) {
    if let Some(count) = count {
        *sum = Some(sum.unwrap_or_default().saturating_add(count));
    }
}

/// The requests of periods, in the order of time.
pub(super) struct Spreading {
    /// Those that are not done, the next one last.
    periods: Vec<(i64, Period)>,
    places: Places,
    /// Requests of the period at hand that came.
    done: u64,
}

impl Spreading {
    /// The longest period, in nanoseconds.
    pub(super) fn longest(&self) -> u64 {
        self.periods.iter().filter_map(|(_, period)| period.nanos).max().unwrap_or(0)
    }

    /// The next request.
    pub(super) fn next(&mut self) -> Option<Reading> {
        let (start, period) = *self.periods.last()?;
        let (number, length) = (self.done, period.nanos.unwrap_or_default());
        let offset = self.places.next(number, period.requests, length);
        let share = |total: Option<u64>| {
            // The parts differ by one at most, and add up to the total; none is too large, as has been checked.
            let up_to =
                |count: u64| u128::from(total.unwrap_or_default()) * u128::from(count) / u128::from(period.requests);
            total.map(|_| Tokens::new(u32::try_from(up_to(number + 1) - up_to(number)).unwrap_or(u32::MAX)))
        };
        let [input, cached, output] = period.tokens.map(share);
        self.done += 1;
        if self.done == period.requests {
            self.periods.pop();
            self.done = 0;
        }
        let stamp = Stamp::at(start.saturating_add_unsigned(offset));
        Some(Reading { stamp, input, cached, output, client: None, key: None, failed: false })
    }
}
