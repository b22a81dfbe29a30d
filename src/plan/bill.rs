//! What the measured time of one run costs, and a month at its pace.

use crate::engine::Cell;
use crate::metrics::Bill;
use crate::provider::{Price, Tier};
use crate::recorder::{ClassRecord, MonthUse, Record};
use crate::units::{CalendarMonth, CalendarUnit, Money, SimDuration, SimTime};

/// The bill of one run, and how it is split.
///
/// Allowances, steps and commitments make a month cost something else than its calls do. Each calendar month that was
/// measured whole has a bill of its own; what is left over at both ends (in a run shorter than a month all of it) is taken
/// together as the use of a mean month at that pace, billed, and counts by its length. The cost of a month is that of a
/// mean one at the pace of each of them, so that it can be compared whatever the lengths of the months and the prices are.
/// What a contract gives back where the service was there too seldom goes by the same months, and is a share of all that is
/// paid for them.
pub(super) struct RunBill {
    total: Bill,
    /// What the calls cost one by one.
    listed: Money,
    served: u64,
}

impl RunBill {
    /// The bill of a run of `cell` that left `record`.
    pub fn of(cell: Cell, record: &Record) -> Self {
        let (scenario, price) = (cell.scenario, &cell.tier.price);
        let measured = scenario.duration - scenario.warmup;
        let (all, month) = (record.total(), CalendarUnit::Month.mean_length());
        let listed = all.charges.total();
        let fixed_of = |tier: &Tier| fixed(&tier.price, measured);
        let fixed = cell.tiers().into_iter().map(|(_, tier)| fixed_of(tier)).fold(Money::ZERO, Money::saturating_add);
        let (usage, of_month, fixed) = if price.is_billed_by_month() {
            let [begin, end] = [scenario.warmup, scenario.duration].map(|at| SimTime::ZERO.saturating_add(at));
            let periods = Periods::of(&price.civil(&scenario.start).months(begin, end), record.months());
            let of_month = periods.bill_of_month(price, measured);
            (periods.bill(price), Some(of_month), fixed.less(periods.credit_on_fixed(price)))
        } else {
            (listed, None, fixed)
        };
        let fixed = fixed.saturating_add(all.transfer);
        let of_month = at_most(cell.tier.spend_cap(), of_month, usage, measured);
        let total = Bill { usage, of_month, fixed, months: measured.as_secs_f64() / month.as_secs_f64() };
        RunBill { total, listed, served: all.served() }
    }

    /// All of it.
    pub fn total(&self) -> Bill {
        self.total
    }

    /// What one class of requests costs: its share of the usage, and its way over the network. What else is fixed is nobody's
    /// alone.
    pub fn of_class(&self, class: &ClassRecord) -> Bill {
        let share = |usage: Money| match (self.listed, self.served) {
            (Money::ZERO, 0) => Money::ZERO,
            // Calls that cost nothing one by one and do together are all alike.
            (Money::ZERO, served) => usage.prorate(class.served(), served),
            (listed, _) => usage.portion(class.charges.total(), listed),
        };
        let Bill { usage, of_month, months, .. } = self.total;
        Bill { usage: share(usage), of_month: of_month.map(share), fixed: class.transfer, months }
    }
}

/// The cost of a month, if it is not that of its part: a cap on spend stops the calls that would cost more.
fn at_most(cap: Option<Money>, of_month: Option<Money>, usage: Money, measured: SimDuration) -> Option<Money> {
    let Some(cap) = cap else { return of_month };
    let month = CalendarUnit::Month.mean_length();
    let at_pace = of_month.unwrap_or_else(|| usage.prorate(month.as_nanos(), measured.as_nanos().max(1)));
    if at_pace > cap { Some(cap) } else { of_month }
}

/// What is paid for so long whatever is used: the subscription, and what is reserved.
fn fixed(price: &Price, length: SimDuration) -> Money {
    // In milliseconds a century times any fee stays far from overflow.
    let millis = |span: SimDuration| span.as_nanos() / 1_000_000;
    let fee = price.month.unwrap_or_default().0.prorate(millis(length), millis(CalendarUnit::Month.mean_length()));
    fee.saturating_add(price.reservation(millis(length)))
}

/// What was used in a span of time.
struct Period {
    length: SimDuration,
    used: MonthUse,
}

impl Period {
    /// What a mean month costs at this pace.
    fn bill_of_month(&self, price: &Price) -> Money {
        let (month, length) = (CalendarUnit::Month.mean_length().as_nanos(), self.length.as_nanos().max(1));
        let calls = (u128::from(self.used.calls) * u128::from(month) + u128::from(length / 2)) / u128::from(length);
        let calls = u64::try_from(calls).unwrap_or(u64::MAX);
        self.credited(price, price.bill(calls, self.used.listed.prorate(month, length)))
    }

    /// What it costs itself, as a calendar month.
    fn bill(&self, price: &Price) -> Money {
        self.credited(price, price.bill(self.used.calls, self.used.listed))
    }

    /// What is left of a `bill` after the credit.
    fn credited(&self, price: &Price, bill: Money) -> Money {
        bill.less(bill.share(price.terms.credit(self.used.uptime)))
    }
}

/// The measured time: whole calendar months, and parts of some taken together.
struct Periods {
    whole: Vec<Period>,
    rest: Period,
}

impl Periods {
    fn of(months: &[CalendarMonth], uses: &[MonthUse]) -> Self {
        let mut periods =
            Periods { whole: Vec::new(), rest: Period { length: SimDuration::ZERO, used: MonthUse::default() } };
        for (month, used) in months.iter().zip(uses) {
            let length = month.end - month.begin;
            if month.is_whole {
                periods.whole.push(Period { length, used: *used });
            } else {
                periods.rest.length = periods.rest.length.saturating_add(length);
                periods.rest.used.add(used);
            }
        }
        periods
    }

    /// What all of them cost.
    fn bill(&self, price: &Price) -> Money {
        let month = CalendarUnit::Month.mean_length();
        let rest = self.rest.bill_of_month(price).prorate(self.rest.length.as_nanos(), month.as_nanos());
        self.whole.iter().map(|month| month.bill(price)).fold(rest, Money::saturating_add)
    }

    /// What is given back of what is paid whatever is used.
    fn credit_on_fixed(&self, price: &Price) -> Money {
        let credit = |period: &Period| fixed(price, period.length).share(price.terms.credit(period.used.uptime));
        self.whole.iter().chain([&self.rest]).map(credit).fold(Money::ZERO, Money::saturating_add)
    }

    /// What a mean month costs at their pace, each by its part of the `measured` time.
    fn bill_of_month(&self, price: &Price, measured: SimDuration) -> Money {
        let part = |period: &Period| period.bill_of_month(price).prorate(period.length.as_nanos(), measured.as_nanos());
        self.whole.iter().chain([&self.rest]).map(part).fold(Money::ZERO, Money::saturating_add)
    }
}
