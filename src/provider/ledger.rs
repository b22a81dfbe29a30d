//! What became of a quota: how much of it went on each day, and when it was gone.

use crate::units::{SimDuration, SimTime};

/// The books of a limit that is a quota, of all that it counts together or apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// What was charged on each day, the first one from the scenario's start on, less what was given back on it.
    daily: Vec<i64>,
    /// When the last of these days is over.
    today_ends: SimTime,
    /// From a refusal until what was refused would pass; apart, one after the other.
    closed: Vec<(SimTime, SimTime)>,
}

const DAY: SimDuration = SimDuration::from_secs(86_400);

impl Ledger {
    /// `amount` was charged at `now`, or given back where it is below zero.
    #[inline]
    pub(super) fn charge(&mut self, now: SimTime, amount: i128) {
        if now >= self.today_ends {
            self.begin_day(now);
        }
        if let Some(today) = self.daily.last_mut() {
            *today = today.saturating_add(amount.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64);
        }
    }

    #[cold]
    fn begin_day(&mut self, now: SimTime) {
        let days = now.as_nanos() / DAY.as_nanos() + 1;
        self.daily.resize(days as usize, 0);
        self.today_ends = SimTime::ZERO.saturating_add(DAY.saturating_mul(days));
    }

    /// Something was refused at `now` and passes from `opens` on.
    pub(super) fn close(&mut self, now: SimTime, opens: SimTime) {
        match self.closed.last_mut() {
            Some((_, until)) if now < *until => *until = (*until).max(opens),
            _ => self.closed.push((now, opens)),
        }
    }

    /// What was charged on each day.
    pub fn daily(&self) -> &[i64] {
        &self.daily
    }

    /// How long it was closed between `from` and `to`.
    pub fn closed(&self, from: SimTime, to: SimTime) -> SimDuration {
        let within = |&(since, until): &(SimTime, SimTime)| {
            let (since, until) = (since.max(from), until.min(to));
            if since < until { until - since } else { SimDuration::ZERO }
        };
        self.closed.iter().map(within).fold(SimDuration::ZERO, SimDuration::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_one_closure_are_one() {
        let at = |hours: u64| SimTime::ZERO + SimDuration::from_secs(3_600 * hours);
        let mut ledger = Ledger::default();
        for (now, opens) in [(10, 24), (11, 24), (30, 48), (40, 48)] {
            ledger.close(at(now), at(opens));
        }
        assert_eq!(ledger.closed(at(0), at(100)), SimDuration::from_secs(3_600 * 32));
        assert_eq!(ledger.closed(at(12), at(36)), SimDuration::from_secs(3_600 * 18));
        ledger.charge(at(1), 5);
        ledger.charge(at(50), 7);
        ledger.charge(at(51), -2);
        assert_eq!(ledger.daily(), [5, 0, 5]);
    }
}
