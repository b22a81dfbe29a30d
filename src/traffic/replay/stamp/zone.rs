//! Stamps that name no zone, or name it by letters such as `PST`, on the clocks of one that is stated.
//!
//! Twice a year most clocks change. An hour that they repeat has two instants for each of its stamps: of these a stamp is the
//! one nearer to the row above, so that either direction of a log is followed from row to row; in a log whose rows are known
//! to ascend, it is the first that is not before the row above. Rows half an hour apart and more do not tell the passes of
//! the hour apart, unless they are known to ascend. An hour that clocks skip has no stamps: one that is written
//! all the same lies as much later as they skip. How often either happened is counted.

use super::SECONDS_PER_DAY;
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// The clocks of one zone, told one stamp of a log after the other.
#[derive(Clone, Debug)]
pub(in crate::traffic::replay) struct Zone {
    name: String,
    clocks: TimeZone,
    /// Whether no row is earlier than the one above.
    ascends: bool,
    /// The local minute of the stamp before, in seconds from a 1970 without zones, and what the zone makes of it.
    minute: i64,
    offsets: Offsets,
    /// The stamp before, in seconds from 1970.
    last: Option<i64>,
    /// Stamps of times that the clocks repeat.
    repeated: u64,
    /// Stamps of times that the clocks skip.
    skipped: u64,
}

/// By how many seconds local clocks are ahead of UTC.
#[derive(Clone, Copy, Debug)]
enum Offsets {
    One(i64),
    /// In the first and in the second pass.
    Repeated(i64, i64),
    /// Before the change.
    Skipped(i64),
}

impl Zone {
    /// The zone called `name`; `None` where there is no such zone.
    pub(in crate::traffic::replay) fn new(name: &str, ascends: bool) -> Option<Self> {
        let clocks = TimeZone::get(name).ok()?;
        let offsets = offsets(&clocks, 0);
        Some(Zone { name: name.to_owned(), clocks, ascends, minute: 0, offsets, last: None, repeated: 0, skipped: 0 })
    }

    /// Its name, as it was stated.
    pub(in crate::traffic::replay) fn name(&self) -> &str {
        &self.name
    }

    /// What was taken for granted about the stamps so far, one sentence each.
    pub(in crate::traffic::replay) fn doubts(&self) -> Vec<String> {
        let name = &self.name;
        let rule = if self.ascends { "the first instant not before" } else { "the instant nearer to" };
        let repeated = (self.repeated > 0).then(|| {
            format!(
                "{} stamps are of an hour that the clocks of `{name}` repeat: at {rule} the row above",
                self.repeated
            )
        });
        let skipped = (self.skipped > 0).then(|| {
            format!(
                "{} stamps are of an hour that the clocks of `{name}` skip, as much later: is it the `zone`?",
                self.skipped
            )
        });
        repeated.into_iter().chain(skipped).collect()
    }

    /// Seconds from 1970 to the instant at which clocks show `local`, which is written as such seconds, too.
    pub(super) fn instant(&mut self, local: i64) -> i64 {
        let minute = local - local.rem_euclid(60);
        if minute != self.minute {
            (self.minute, self.offsets) = (minute, offsets(&self.clocks, minute));
        }
        let instant = match self.offsets {
            Offsets::One(offset) => local - offset,
            Offsets::Repeated(first, second) => {
                self.repeated += 1;
                self.nearer(local - first, local - second)
            }
            Offsets::Skipped(before) => {
                self.skipped += 1;
                local - before
            }
        };
        self.last = Some(instant);
        instant
    }

    /// Seconds from 1970 to the instant at which clocks show `local` and are called `name`, such as `PST`; `None` where they
    /// never are then. A time that clocks skip belongs to neither name.
    pub(super) fn named(&self, local: i64, name: &str) -> Option<i64> {
        let offsets = match offsets(&self.clocks, local - local.rem_euclid(60)) {
            Offsets::One(offset) => [offset; 2],
            Offsets::Repeated(first, second) => [first, second],
            Offsets::Skipped(_) => return None,
        };
        let is_called = |&instant: &i64| {
            let instant = Timestamp::from_second(instant);
            instant.is_ok_and(|instant| self.clocks.to_offset_info(instant).abbreviation() == name)
        };
        offsets.map(|offset| local - offset).into_iter().find(is_called)
    }

    /// Which of two instants the next row is of; the first where nothing tells.
    fn nearer(&self, first: i64, second: i64) -> i64 {
        let Some(last) = self.last else { return first };
        let is_second = if self.ascends { first < last } else { second.abs_diff(last) < first.abs_diff(last) };
        if is_second { second } else { first }
    }
}

/// What `clocks` make of the local minute that begins at `local`: clocks change between minutes.
fn offsets(clocks: &TimeZone, local: i64) -> Offsets {
    let seconds = |offset: Offset| i64::from(offset.seconds());
    let Ok(minute) = Timestamp::from_second(local.clamp(-SECONDS_PER_DAY, super::LAST_SECOND)) else {
        return Offsets::One(0);
    };
    match clocks.to_ambiguous_timestamp(Offset::UTC.to_datetime(minute)).offset() {
        AmbiguousOffset::Unambiguous { offset } => Offsets::One(seconds(offset)),
        AmbiguousOffset::Fold { before, after } => Offsets::Repeated(seconds(before), seconds(after)),
        AmbiguousOffset::Gap { before, .. } => Offsets::Skipped(seconds(before)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60;

    /// Seconds of `2025-11-02 HH:MM` in UTC.
    fn autumn(hour: i64, minute: i64) -> i64 {
        "2025-11-02T00:00:00Z".parse::<Timestamp>().unwrap().as_second() + (hour * 60 + minute) * MINUTE
    }

    /// New York's clocks go from 01:59 back to 01:00 at 06:00 UTC.
    fn new_york(ascends: bool) -> Zone {
        Zone::new("America/New_York", ascends).unwrap()
    }

    #[test]
    fn a_repeated_hour_is_told_by_the_row_above_in_both_directions() {
        let instants: Vec<i64> = (-90..180).step_by(7).map(|minutes| autumn(6, 0) + minutes * MINUTE).collect();
        let local = |&instant: &i64| if instant < autumn(6, 0) { instant - 4 * 3_600 } else { instant - 5 * 3_600 };
        for ascends in [false, true] {
            let mut zone = new_york(ascends);
            let found: Vec<i64> = instants.iter().map(|instant| zone.instant(local(instant))).collect();
            assert_eq!(found, instants, "upwards");
            // From 05:00 to 07:00 UTC every seven minutes.
            assert_eq!((zone.repeated, zone.skipped), (17, 0));
        }
        let mut zone = new_york(false);
        let found: Vec<i64> = instants.iter().rev().map(|instant| zone.instant(local(instant))).collect();
        assert!(found.iter().eq(instants.iter().rev()), "downwards");
    }

    #[test]
    fn rows_that_ascend_never_step_back() {
        // 01:10, then 01:05: five minutes back, or 55 on.
        let (late, early) = (autumn(1, 10), autumn(1, 5));
        let told = |ascends| {
            let mut zone = new_york(ascends);
            [zone.instant(late), zone.instant(early)].map(|instant| (instant - autumn(5, 0)) / MINUTE)
        };
        assert_eq!(told(true), [10, 65]);
        assert_eq!(told(false), [10, 5]);
    }

    #[test]
    fn a_skipped_hour_lies_behind_the_change() {
        let spring = "2025-03-09T02:30:00Z".parse::<Timestamp>().unwrap().as_second();
        let mut zone = new_york(true);
        assert_eq!(zone.instant(spring), "2025-03-09T03:30:00-04:00".parse::<Timestamp>().unwrap().as_second());
        assert_eq!((zone.repeated, zone.skipped), (0, 1));
    }

    #[test]
    fn any_second_has_an_instant() {
        for name in ["Pacific/Apia", "Asia/Kathmandu", "UTC", "Antarctica/Troll"] {
            let mut zone = Zone::new(name, false).unwrap();
            for local in [i64::MIN / 4, -1, 0, 1_700_000_000, super::super::LAST_SECOND, i64::MAX / 4] {
                assert!(zone.instant(local).abs_diff(local) <= 86_400, "{name}");
            }
        }
        assert!(Zone::new("Mars/Olympus", false).is_none());
    }
}
