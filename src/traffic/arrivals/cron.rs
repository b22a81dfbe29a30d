//! Jobs on a schedule in civil time.

use super::{ArrivalModel, ArrivalProcess, once_a_second};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{Stream, exp};
use crate::units::{Civil, Rate, SimDuration, SimTime};
use jiff::civil::Date;
use jiff::tz::AmbiguousOffset;

/// `requests` requests at every instant of a cron schedule: five fields for minute, hour, day of the month, month and day
/// of the week, each a `*`, a number, a range `9-17`, a list `0,30` or a step `*/15` (POSIX crontab, with steps and names
/// as in Vixie cron).
///
/// At a clock change it does as Vixie cron does: a job of stated hours runs once, an hour later where its hour is skipped
/// and at the first of two; a job of every hour follows the hours that there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Cron {
    /// The five fields, such as `5 * * * *`: every hour at minute 5.
    pub schedule: String,
    /// Requests at each instant. At least 1.
    pub requests: u64,
    /// Each request is delayed by a uniform part of this, less than the time to the next instant of the schedule.
    pub spread: SimDuration,
    /// The zone whose clocks the schedule follows; by default the scenario's.
    pub zone: Option<String>,
}

impl Default for Cron {
    fn default() -> Self {
        Cron { schedule: "5 * * * *".to_owned(), requests: 100, spread: SimDuration::ZERO, zone: None }
    }
}

impl Parameters for Cron {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("schedule", &mut self.schedule);
        visitor.required("requests", &mut self.requests);
        visitor.optional("spread", &mut self.spread);
        visitor.optional("zone", &mut self.zone);
    }

    fn check(&self) -> Result<(), Invalid> {
        let schedule = Schedule::parse(&self.schedule)?;
        if schedule.days_in_400_years() == 0 {
            let help = "write a day that its month has";
            return Err(Invalid::new("schedule", format!("`{}` never comes", self.schedule), help));
        }
        if self.requests == 0 {
            return Err(Invalid::new("requests", "0 requests at each instant are none", "write at least 1"));
        }
        let shortest = SimDuration::from_secs(60 * schedule.least_distance());
        if self.spread >= shortest {
            let message =
                format!("a spread of {} reaches the next instant, which may come after {shortest}", self.spread);
            return Err(Invalid::new("spread", message, format!("write a spread below {shortest}")));
        }
        crate::traffic::check_zone(self.zone.as_deref())
    }
}

impl ArrivalModel for Cron {
    fn process(&self, stream: Stream, start: &Civil) -> Box<dyn ArrivalProcess> {
        let clock = crate::traffic::in_zone(start, self.zone.as_deref());
        let date = clock.at(SimTime::ZERO).date();
        Box::new(Process {
            schedule: Schedule::parse(&self.schedule).unwrap_or_default(),
            requests: self.requests,
            spread: self.spread.as_nanos() as f64,
            clock,
            date: Some(date),
            instants: Vec::new(),
            at: SimTime::NEVER,
            left: 0,
            undrawn: 0.0,
            stream,
        })
    }

    fn mean_rate(&self) -> Rate {
        let schedule = Schedule::parse(&self.schedule).unwrap_or_default();
        let a_day = u64::from(schedule.minutes.count_ones() * schedule.hours.count_ones());
        let requests = self.requests.saturating_mul(a_day) as f64 * schedule.days_in_400_years() as f64;
        Rate::nearest(requests / (DAYS_IN_400_YEARS as f64 * 86_400.0)).unwrap_or(once_a_second())
    }

    fn keeps_civil_time(&self) -> bool {
        true
    }
}

const DAYS_IN_400_YEARS: u64 = 146_097;

/// The values that each field allows, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64, // 0 is Sunday
}

/// A field's name, its least and its greatest value.
const FIELDS: [(&str, u32, u32); 5] =
    [("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7)];
const EVERY_HOUR: u64 = (1 << 24) - 1;
const EVERY_DAY: u64 = ((1 << 31) - 1) << 1;
const EVERY_WEEKDAY: u64 = (1 << 7) - 1;
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    fn parse(text: &str) -> Result<Self, Invalid> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = parts.as_slice() else {
            let help = "write minute, hour, day of the month, month and day of the week, as in `5 * * * *`";
            return Err(Invalid::new("schedule", format!("a schedule has 5 fields, this one {}", parts.len()), help));
        };
        let read = |at: usize, text: &str| field(text, FIELDS[at]);
        let mut weekdays = read(4, weekday)?;
        weekdays = (weekdays | weekdays >> 7) & EVERY_WEEKDAY;
        Ok(Schedule {
            minutes: read(0, minute)?,
            hours: read(1, hour)?,
            days: read(2, day)?,
            months: read(3, month)?,
            weekdays,
        })
    }

    /// Where both a day of the month and a day of the week are stated, either will do (POSIX).
    fn has_day(&self, date: Date) -> bool {
        let day = self.days & (1 << date.day()) != 0;
        let weekday = self.weekdays & (1 << date.weekday().to_sunday_zero_offset()) != 0;
        let is_day = match (self.days == EVERY_DAY, self.weekdays == EVERY_WEEKDAY) {
            (false, false) => day || weekday,
            _ => day && weekday,
        };
        is_day && self.months & (1 << date.month()) != 0
    }

    fn days_in_400_years(&self) -> u64 {
        let first = Date::constant(2000, 1, 1);
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok());
        days.take(DAYS_IN_400_YEARS as usize).filter(|&day| self.has_day(day)).count() as u64
    }

    fn minutes_of_the_day(&self) -> impl Iterator<Item = u64> {
        let (hours, minutes) = (self.hours, self.minutes);
        let hours = (0..24).filter(move |hour| hours & (1 << hour) != 0);
        hours.flat_map(move |hour| (0..60).filter(move |m| minutes & (1 << m) != 0).map(move |m| 60 * hour + m))
    }

    /// Minutes between neighbours, the first of the next day included.
    fn least_distance(&self) -> u64 {
        let mut last = None;
        let mut least = 1_440;
        for minute in self.minutes_of_the_day() {
            least = least.min(last.map_or(1_440, |last| minute - last));
            last = Some(minute);
        }
        let first = self.minutes_of_the_day().next().unwrap_or(0);
        least.min(1_440 + first - last.unwrap_or(0))
    }
}

/// Reads one field.
fn field(text: &str, (name, least, most): (&str, u32, u32)) -> Result<u64, Invalid> {
    let invalid = || {
        let help = format!("write `*`, a number from {least} to {most}, a range `a-b`, a list `a,b` or a step `*/n`");
        Invalid::new("schedule", format!("`{text}` is no {name}"), help)
    };
    let number = |text: &str| value(text, name).filter(|value| (least..=most).contains(value));
    let mut bits = 0;
    for item in text.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|&step| step > 0).ok_or_else(invalid)?),
            None => (item, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (least, if name == "day of the week" { 6 } else { most }),
            Some((first, last)) => (number(first).ok_or_else(invalid)?, number(last).ok_or_else(invalid)?),
            None => {
                let only = number(range).ok_or_else(invalid)?;
                // `5/15` goes on to the end, as in Vixie cron.
                (only, if item.contains('/') { most } else { only })
            }
        };
        if first > last {
            return Err(invalid());
        }
        (first..=last).step_by(step).for_each(|value| bits |= 1 << value);
    }
    Ok(bits)
}

/// A number, or the name of a month or a day.
fn value(text: &str, field: &str) -> Option<u32> {
    let names: &[&str] = match field {
        "month" => &MONTHS,
        "day of the week" => &WEEKDAYS,
        _ => &[],
    };
    let lower = text.to_ascii_lowercase();
    if let Some(at) = names.iter().position(|name| *name == lower) {
        return Some(at as u32 + u32::from(field == "month"));
    }
    if text.is_empty() || text.len() > 2 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

struct Process {
    schedule: Schedule,
    requests: u64,
    spread: f64, // ns
    clock: Civil,
    date: Option<Date>,     // the next day to look at
    instants: Vec<SimTime>, // of the day, the next one last
    at: SimTime,            // the instant whose requests are made
    left: u64,              // requests that it still has
    undrawn: f64,           // the part of the spread after its last request, in 0..=1
    stream: Stream,
}

impl Process {
    /// Goes on to the next instant of the schedule; false after the last.
    fn advance(&mut self) -> bool {
        while self.instants.is_empty() {
            let Some(date) = self.date.filter(|date| date.year() < 2500) else { return false };
            self.date = date.tomorrow().ok();
            if self.schedule.has_day(date) {
                self.collect(date);
            }
        }
        self.at = self.instants.pop().unwrap_or(SimTime::NEVER);
        self.left = self.requests;
        self.undrawn = 1.0;
        true
    }

    /// The instants of a day that do not lie before the start.
    fn collect(&mut self, date: Date) {
        let of_every_hour = self.schedule.hours == EVERY_HOUR;
        let epoch = i128::from(self.clock.epoch_nanos());
        let mut push = |instant: Result<jiff::Timestamp, jiff::Error>| {
            let nanos = instant.ok().and_then(|instant| u64::try_from(instant.as_nanosecond() - epoch).ok());
            self.instants.extend(nanos.map(SimTime::from_nanos));
        };
        for minute in self.schedule.minutes_of_the_day() {
            let local = date.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
            let ambiguous = self.clock.zone().to_ambiguous_timestamp(local);
            match ambiguous.offset() {
                AmbiguousOffset::Gap { .. } if of_every_hour => {}
                AmbiguousOffset::Fold { .. } if of_every_hour => {
                    push(ambiguous.earlier());
                    push(ambiguous.later());
                }
                _ => push(ambiguous.compatible()),
            }
        }
        self.instants.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// The next request: the least of those uniform delays that are left. The part of the spread behind it shrinks by
    /// `U^(1/left)`, taken as `exp(-E/left)`.
    fn next(&mut self) -> SimTime {
        if self.left == 0 && !self.advance() {
            return SimTime::NEVER;
        }
        if self.spread > 0.0 {
            self.undrawn *= exp(-self.stream.exponential() / self.left as f64);
        }
        self.left -= 1;
        self.at.saturating_add(SimDuration::from_nanos(((1.0 - self.undrawn) * self.spread) as u64))
    }
}

impl ArrivalProcess for Process {
    fn fill(&mut self, out: &mut [SimTime]) {
        out.fill_with(|| self.next());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    fn instants(schedule: &str, start: &str, count: usize) -> Vec<String> {
        let start = Civil::parse(start).unwrap();
        let cron = Cron { schedule: schedule.to_owned(), requests: 1, ..Cron::default() };
        assert_eq!(cron.check(), Ok(()));
        let mut out = vec![SimTime::ZERO; count];
        cron.process(Seed(1).stream(0, ""), &start).fill(&mut out);
        out.into_iter().map(|at| start.describe(at)[5..16].to_owned()).collect()
    }

    #[test]
    fn fields_are_lists_ranges_steps_and_names() {
        let monday = "2025-03-03T00:00:00[Europe/Berlin]";
        assert_eq!(instants("5 * * * *", monday, 3), ["03-03 00:05", "03-03 01:05", "03-03 02:05"]);
        assert_eq!(instants("*/30 9-10 * * MON-FRI", monday, 5)[3..], ["03-03 10:30", "03-04 09:00"]);
        assert_eq!(instants("0 12 13 * fri", monday, 4), ["03-07 12:00", "03-13 12:00", "03-14 12:00", "03-21 12:00"]);
        assert_eq!(instants("0 0 29 feb *", monday, 2), ["02-29 00:00", "02-29 00:00"]);
        assert_eq!(instants("0 0 * * 7", monday, 1), ["03-09 00:00"]);
        assert_eq!(instants("50/5 23 * * *", monday, 3), ["03-03 23:50", "03-03 23:55", "03-04 23:50"]);
    }

    #[test]
    fn a_clock_change_neither_loses_nor_doubles_a_daily_job() {
        let spring = "2025-03-09T00:00:00[America/New_York]";
        assert_eq!(instants("30 2 * * *", spring, 2), ["03-09 03:30", "03-10 02:30"]);
        assert_eq!(instants("30 * * * *", spring, 3), ["03-09 00:30", "03-09 01:30", "03-09 03:30"]);
        let autumn = "2025-11-02T00:00:00[America/New_York]";
        assert_eq!(instants("30 1 * * *", autumn, 2), ["11-02 01:30", "11-03 01:30"]);
        assert_eq!(
            instants("0,30 * * * *", autumn, 6)[2..],
            ["11-02 01:00", "11-02 01:30", "11-02 01:00", "11-02 01:30"]
        );
    }

    #[test]
    fn delays_are_uniform_and_in_order() {
        let cron = Cron { requests: 20_000, spread: SimDuration::from_secs(600), ..Cron::default() };
        let mut out = vec![SimTime::ZERO; 20_000];
        cron.process(Seed(1).stream(0, ""), &Civil::default()).fill(&mut out);
        assert!(out.is_sorted());
        let delays: Vec<f64> = out.iter().map(|at| (at.as_secs_f64() - 300.0) / 600.0).collect();
        assert!(delays.iter().all(|delay| (0.0..1.0).contains(delay)));
        let mean = delays.iter().sum::<f64>() / 20_000.0;
        // Five standard errors of a uniform mean.
        assert!((mean - 0.5).abs() < 5.0 * (1.0f64 / 12.0 / 20_000.0).sqrt(), "{mean}");
    }

    #[test]
    fn the_mean_rate_counts_leap_years() {
        let cron = |schedule: &str| Cron { schedule: schedule.to_owned(), requests: 97, ..Cron::default() };
        assert!((cron("5 * * * *").mean_rate().per_second() * 3_600.0 - 97.0).abs() < 1e-9);
        // 97 leap days in 400 years.
        let years = 146_097.0 * 86_400.0;
        assert!((cron("0 0 29 2 *").mean_rate().per_second() * years - 97.0 * 97.0).abs() < 1e-6);
    }
}
