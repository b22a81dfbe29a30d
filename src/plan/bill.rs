//! What the measured time of one run costs.

use crate::engine::Cell;
use crate::metrics::Bill;
use crate::provider::Price;
use crate::recorder::{ClassRecord, MonthUse, Record};
use crate::units::{CalendarMonth, CalendarUnit, Money, SimDuration, SimTime};

/// The bill of one run, and how it is split.
///
/// Allowances, steps and commitments make a month cost something else than its calls do, so each calendar month that was
/// measured whole has its own bill. What is left over at both ends (in a run shorter than a month all of it) is taken
/// together as the use of a mean month at that pace, billed, and counts by its length.
pub(super) struct RunBill {
    /// What all usage costs.
    usage: Money,
    /// What the calls cost one by one.
    listed: Money,
    served: u64,
    /// The subscription and what is reserved.
    fixed: Money,
    /// How many months that is.
    months: f64,
}

impl RunBill {
    /// The bill of a run of `cell` that left `record`.
    pub fn of(cell: Cell, record: &Record) -> Self {
        let (scenario, price) = (cell.scenario, &cell.tier.price);
        let measured = scenario.duration - scenario.warmup;
        let total = record.total();
        let listed = total.charges.total();
        let (whole, rest) = if price.is_billed_by_month() {
            let [begin, end] = [scenario.warmup, scenario.duration].map(|at| SimTime::ZERO.saturating_add(at));
            split(&price.civil(&scenario.start).months(begin, end), record.months())
        } else {
            (Vec::new(), Rest { length: measured, used: MonthUse::default() })
        };
        let month = CalendarUnit::Month.mean_length();
        let fee = price.month.unwrap_or_default().0;
        let fees = (fee * whole.len() as u64).saturating_add(fee.prorate(millis(rest.length), millis(month)));
        RunBill {
            usage: if price.is_billed_by_month() { by_month(price, &whole, &rest) } else { listed },
            listed,
            served: total.served(),
            fixed: fees.saturating_add(price.reservation(millis(measured))),
            months: whole.len() as f64 + rest.length.as_secs_f64() / month.as_secs_f64(),
        }
    }

    /// All of it.
    pub fn total(&self) -> Bill {
        Bill { usage: self.usage, fixed: self.fixed, months: self.months }
    }

    /// What one class of requests costs: its share of the usage. What is fixed is nobody's alone.
    pub fn of_class(&self, class: &ClassRecord) -> Bill {
        let usage = match (self.listed, self.served) {
            (Money::ZERO, 0) => Money::ZERO,
            // Calls that cost nothing one by one and do together are all alike.
            (Money::ZERO, served) => self.usage.prorate(class.served(), served),
            (listed, _) => self.usage.portion(class.charges.total(), listed),
        };
        Bill { usage, fixed: Money::ZERO, months: self.months }
    }
}

/// What was used in parts of months.
struct Rest {
    length: SimDuration,
    used: MonthUse,
}

impl Rest {
    /// The use of a whole `month` at this pace.
    fn in_a(&self, month: SimDuration) -> MonthUse {
        let (month, length) = (month.as_nanos(), self.length.as_nanos().max(1));
        let calls = (u128::from(self.used.calls) * u128::from(month) + u128::from(length / 2)) / u128::from(length);
        MonthUse { calls: u64::try_from(calls).unwrap_or(u64::MAX), listed: self.used.listed.prorate(month, length) }
    }
}

/// The bills of whole months, and that of a mean one at the pace of the rest by its length.
fn by_month(price: &Price, whole: &[MonthUse], rest: &Rest) -> Money {
    let month = CalendarUnit::Month.mean_length();
    let bill = |used: &MonthUse| price.bill(used.calls, used.listed);
    let of_rest = bill(&rest.in_a(month)).prorate(rest.length.as_nanos(), month.as_nanos());
    whole.iter().map(bill).fold(of_rest, Money::saturating_add)
}

/// The use of whole months, and what was used in parts of some.
fn split(months: &[CalendarMonth], uses: &[MonthUse]) -> (Vec<MonthUse>, Rest) {
    let mut whole = Vec::new();
    let mut rest = Rest { length: SimDuration::ZERO, used: MonthUse::default() };
    for (month, used) in months.iter().zip(uses) {
        if month.is_whole {
            whole.push(*used);
        } else {
            rest.length = rest.length.saturating_add(month.end - month.begin);
            rest.used.add(used);
        }
    }
    (whole, rest)
}

/// In milliseconds a century times any fee stays far from overflow.
fn millis(span: SimDuration) -> u64 {
    span.as_nanos() / 1_000_000
}
