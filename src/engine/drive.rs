//! The loop, and what every run begins and ends with.

use super::event::MOST_EVENTS;
use super::run::{Cell, RunError, Stop};
use crate::provider::Quota;
use crate::recorder::{LimitRecord, Record};
use crate::units::SimTime;

/// A run as the loop sees it.
pub(super) trait Turns {
    /// When the next request arrives.
    fn next_arrival(&self) -> SimTime;

    /// When the next event of the queue happens.
    fn next_event(&self) -> SimTime;

    /// What has no outcome by then stays pending.
    fn end(&self) -> SimTime;

    /// The next request arrives.
    fn arrive(&mut self);

    /// The next event of the queue happens.
    fn happen(&mut self);

    /// Whether so many more requests under way might be too many to tell apart.
    fn is_nearly_full(&self, more: usize) -> bool;
}

/// How often a run looks at what may stop it.
const EVENTS_BETWEEN_LOOKS: u64 = 1 << 16;

/// Lets everything happen, in order.
#[inline]
pub(super) fn drive(run: &mut impl Turns, stop: Stop) -> Result<(), RunError> {
    let mut steps = 0u64;
    loop {
        let (arrival, due) = (run.next_arrival(), run.next_event());
        // At one instant every event of the queue goes before an arrival.
        if arrival < due {
            run.arrive();
        } else if due <= run.end() {
            run.happen();
        } else {
            return Ok(());
        }
        steps += 1;
        if steps.is_multiple_of(EVENTS_BETWEEN_LOOKS) {
            look(run, steps, stop)?;
        }
    }
}

#[cold]
fn look(run: &impl Turns, steps: u64, stop: Stop) -> Result<(), RunError> {
    let at = run.next_arrival().min(run.next_event());
    if steps > stop.events.min(MOST_EVENTS / 4) {
        return Err(RunError::Events { most: stop.events, at });
    }
    if run.is_nearly_full(EVENTS_BETWEEN_LOOKS as usize) {
        return Err(RunError::UnderWay { at });
    }
    if (stop.interrupted)() { Err(RunError::Interrupted) } else { Ok(()) }
}

/// The record of a run of `cell` that meets `limits` limits, with nothing in it.
pub(super) fn new_record(cell: Cell, limits: usize) -> Record {
    let (scenario, price) = (cell.scenario, &cell.tier.price);
    let warmup = SimTime::ZERO.saturating_add(scenario.warmup);
    let mut record = Record::new(scenario.classes().len(), limits, warmup, scenario.duration);
    if price.is_billed_by_month() {
        let months = price.civil(&scenario.start).months(warmup, SimTime::ZERO.saturating_add(scenario.duration));
        record.by_month(months.iter().rev().skip(1).rev().map(|month| month.end).collect());
    }
    record
}

/// Writes into `limits` what was charged to those of `quota`.
pub(super) fn close_books(cell: Cell, quota: &Quota, limits: &mut [LimitRecord], from: SimTime) {
    let to = SimTime::ZERO.saturating_add(cell.scenario.duration);
    for ((limit, usage), ledger) in limits.iter_mut().zip(quota.usage()).zip(quota.ledgers()) {
        (limit.charged, limit.held) = (usage.charged, usage.held);
        if let Some(ledger) = ledger {
            limit.closed = u128::from(ledger.closed(from, to).as_nanos());
            limit.daily = ledger.daily().to_vec();
        }
    }
}

/// Checks that every request has one outcome, and every attempt one answer.
pub(super) fn check(cell: Cell, replication: u64, record: &Record) -> Result<(), RunError> {
    record.check_conservation().map_err(|what| RunError::NotConserved {
        what: format!("{what} (seed {}, replication {replication})", cell.scenario.seed),
    })
}
