//! All limits of a tier together: a call passes only if every one admits it, and is otherwise charged to none.

mod limit;

use super::charging::{Settle, Terms};
use super::headers::Level;
use super::{Beyond, Hint, Ledger, Pressure, PriceList, Tier};
use crate::limiter::{Limiter, Verdict};
use crate::protocol::{Class, Counts, Reply, Request};
use crate::units::{Civil, SimDuration, SimTime, Tokens};
use limit::{Limit, Measure, tightened};

/// The state of a tier's limits.
#[derive(Clone, Debug)]
pub struct Quota {
    limits: Vec<Limit>,
    terms: Vec<Terms>, // by class
    prices: PriceList,
    /// Tightens all limits by time.
    pressure: Option<Pressure>,
    factor: f64, // of the last call
    listens: bool,
    meters: bool,
    /// Whether every limit is simple, and none is tightened.
    is_simple: bool,
    /// Whether a limit lets calls spill.
    spills: bool,
    /// Whether a refusal closes the door for everybody: every limit counts the requests of all, so that all ask for the
    /// same, none waits for calls to end, and none minds being asked in vain.
    gated: bool,
    gate: Gate,
}

/// Until when every request is refused, and by which limit. While one limit refuses all, nothing is charged to any, so
/// the others open when they would have, and the last of them stays the last.
#[derive(Clone, Copy, Debug)]
struct Gate {
    until: SimTime,
    limit: u16,
    hint: Hint,
}

/// What was charged to one limit during a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usage {
    /// Requests, tokens or billionths of a dollar, without what was given back.
    pub charged: u64,
    /// For a limit that holds an amount during the call: amount times nanoseconds.
    pub held: u128,
}

/// A call that was admitted, as its limits need to know it later.
#[derive(Clone, Copy, Debug)]
pub struct Admitted {
    /// When.
    pub at: SimTime,
    /// Completion tokens that [`Quota::generate`] was told of.
    pub generated: Tokens,
    /// Whether it passed beyond a limit that lets calls spill over.
    pub spilled: bool,
    /// How far its limits were tightened: [`Quota::factor`].
    pub factor: f64,
}

impl Admitted {
    /// A call that was admitted at the start.
    pub const AT_ONCE: Admitted =
        Admitted { at: SimTime::ZERO, generated: Tokens::new(0), spilled: false, factor: 1.0 };
}

/// How a limit stands towards a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Where the limit counts it, by number: with all others, or apart.
    pub part: u32,
    /// What it asks for.
    pub asks: u64,
    /// The most that the limit can hold.
    pub capacity: u64,
    /// What is left of that.
    pub left: u64,
    /// Whether it would pass.
    pub verdict: Verdict,
}

impl Quota {
    /// The limits of `tier` with nothing used, for calls of such `classes`. `hint` is what the 429s of
    /// those say that have no hint of their own.
    pub fn new(tier: &Tier, classes: &[Class], civil: &Civil, hint: Hint) -> Self {
        let limits: Vec<Limit> = tier.limits.iter().map(|(_, spec)| Limit::new(spec, classes, civil, hint)).collect();
        let listens = limits.iter().any(|limit| limit.holds || limit.charging.settle != Settle::Never);
        let is_simple = limits.iter().all(Limit::is_simple);
        let gated = !listens && is_simple && limits.iter().all(|limit| limit.measure == Measure::CALL);
        let terms = |class: &Class| Terms {
            max_tokens: class.max_tokens,
            max_output: class.max_tokens.unwrap_or(tier.max_output),
        };
        Quota {
            meters: limits.iter().any(|limit| limit.charging.settle == Settle::AsGenerated),
            terms: classes.iter().map(terms).collect(),
            prices: PriceList::new(&tier.price, classes),
            spills: limits.iter().any(|limit| limit.beyond == Beyond::Spill),
            limits,
            pressure: None,
            is_simple,
            factor: 1.0,
            listens,
            gated,
            gate: Gate { until: SimTime::ZERO, limit: 0, hint },
        }
    }

    /// What calls cost.
    #[inline]
    pub fn prices(&self) -> &PriceList {
        &self.prices
    }

    /// The same, whose 429s say nothing: spares the work where the client does not listen.
    pub fn muted(mut self) -> Self {
        for limit in &mut self.limits {
            limit.hint = Hint::None;
            limit.is_mute = !self.gated && limit.ledger.is_none();
        }
        self
    }

    /// The same, tightened by `pressure`: what a call asks for and is charged is divided by its factor, rounded up, and at
    /// most what the limit holds.
    pub fn under(mut self, pressure: Option<Pressure>) -> Self {
        // A door that is closed for all may open earlier than it seemed.
        self.gated &= pressure.is_none();
        self.is_simple &= pressure.is_none();
        self.pressure = pressure;
        self
    }

    /// How far limits were tightened at the last call, in (0, 1].
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// The state at `now` of the limits that count `request`, of those that know when all is there again.
    pub fn levels(&mut self, now: SimTime, request: &Request) -> Vec<Level> {
        let level = |limit: &mut Limit| {
            let (counts, period, capacity) = (limit.charging.counts, limit.period, limit.capacity);
            let (remaining, full_at) = limit.part(request)?.state.level(now, capacity);
            Some(Level { counts, period, limit: capacity, remaining, full_in: full_at? - now })
        };
        self.limits.iter_mut().filter_map(level).collect()
    }

    /// How each limit stands towards `request` at `now`; `None` where it has nothing to say about it.
    pub fn rooms(&mut self, now: SimTime, request: &Request) -> Vec<Option<Room>> {
        let Quota { limits, terms, prices, factor, .. } = self;
        let room = |limit: &mut Limit| {
            let (asks, capacity) = (limit.asked(request, terms, prices, *factor), limit.capacity);
            let number = limit.part_number(request)?;
            let part = limit.part(request).filter(|_| asks > 0)?;
            let verdict = part.state.verdict(now, asks);
            let (left, _) = part.state.level(now, capacity);
            Some(Room { part: number, asks, capacity, left, verdict })
        };
        limits.iter_mut().map(room).collect()
    }

    /// What each limit charges a call for `request` at its admission, and in which of its parts; `None` where it charges
    /// nothing, or only holds something until the call ends.
    pub fn charges(&self, request: &Request) -> Vec<Option<(u32, u64)>> {
        let Quota { limits, terms, prices, factor, .. } = self;
        let charge = |limit: &Limit| {
            let amount = limit.reserved(request, terms, prices, *factor);
            Some((limit.part_number(request)?, amount)).filter(|_| amount > 0 && !limit.holds)
        };
        limits.iter().map(charge).collect()
    }

    /// Whether a limit needs to hear when calls end.
    pub fn listens(&self) -> bool {
        self.listens
    }

    /// Whether a limit needs to hear how far answers are.
    pub fn meters(&self) -> bool {
        self.meters
    }

    /// What was charged to each limit so far; of a limit that counts some apart, to the one that used it most.
    pub fn usage(&self) -> impl Iterator<Item = Usage> + '_ {
        let most = |limit: &Limit| limit.parts.iter().chain([&limit.whole]).map(|part| part.usage).max();
        self.limits.iter().map(move |limit| most(limit).unwrap_or_default())
    }

    /// The books of each limit that is a quota.
    pub fn ledgers(&self) -> impl Iterator<Item = Option<&Ledger>> {
        self.limits.iter().map(|limit| limit.ledger.as_ref())
    }

    /// Asks all limits, and charges all of them or none.
    #[inline(always)]
    pub fn call(&mut self, now: SimTime, request: &Request) -> Reply {
        if now < self.gate.until {
            let Gate { until, limit, hint } = self.gate;
            return Reply::TooManyRequests { limit, retry_after: hint.of(until - now) };
        }
        self.ask_all(now, request)
    }

    /// Asks every limit. Apart from the gate, which most refusals of a crowd do not come past.
    #[inline(never)]
    fn ask_all(&mut self, now: SimTime, request: &Request) -> Reply {
        if self.is_simple { self.ask_simply(now, request) } else { self.ask(now, request) }
    }

    /// Asks limits that are all simple: what [`Quota::ask`] comes to for most tiers.
    #[inline]
    fn ask_simply(&mut self, now: SimTime, request: &Request) -> Reply {
        let mut refusals = 0;
        let mut refusing = 0;
        for (at, limit) in self.limits.iter_mut().enumerate() {
            let amount = limit.measure.of(request);
            if amount > 0 && !limit.whole.state.admits(now, amount) {
                (refusals, refusing) = (refusals + 1, at);
            }
        }
        if refusals > 0 {
            let at = if refusals == 1 { refusing } else { self.last_to_open(now, request, false) };
            let limit = &self.limits[at];
            // Nobody hears when it opens, and it fits some time.
            if limit.is_mute && limit.measure.of(request) <= limit.capacity {
                return Reply::TooManyRequests { limit: at as u16, retry_after: None };
            }
            return self.refuse(now, request, at, false);
        }
        for limit in &mut self.limits {
            let amount = limit.measure.of(request);
            if amount > 0 {
                limit.whole.state.charge(now, amount);
                limit.whole.usage.charged += amount;
                limit.book(now, i128::from(amount));
            }
        }
        Reply::Accepted { wait: SimDuration::ZERO, spilled: false }
    }

    #[inline(never)]
    fn ask(&mut self, now: SimTime, request: &Request) -> Reply {
        if let Some(pressure) = &mut self.pressure {
            self.factor = pressure.factor(now);
        }
        let mut refusals = 0;
        let mut refusing = 0;
        let spilled = self.spills && self.goes_beyond(now, request);
        let Quota { limits, terms, prices, factor, .. } = self;
        let prices = prices.beyond(spilled);
        for (at, limit) in limits.iter_mut().enumerate() {
            if limit.beyond == Beyond::Refuse && !limit.admits(now, request, terms, prices, *factor) {
                (refusals, refusing) = (refusals + 1, at);
            }
        }
        match refusals {
            0 => self.admit(now, request, spilled),
            1 => self.refuse(now, request, refusing, spilled),
            _ => {
                let last = self.last_to_open(now, request, spilled);
                self.refuse(now, request, last, spilled)
            }
        }
    }

    /// Whether a limit that lets calls spill has no room for `request`. Asked first: it decides on the price.
    fn goes_beyond(&mut self, now: SimTime, request: &Request) -> bool {
        let Quota { limits, terms, prices, factor, .. } = self;
        let mut spilling = limits.iter_mut().filter(|limit| limit.beyond == Beyond::Spill);
        spilling.any(|limit| !limit.admits(now, request, terms, prices, *factor))
    }

    #[inline]
    fn admit(&mut self, now: SimTime, request: &Request, spilled: bool) -> Reply {
        let Quota { limits, terms, prices, factor, .. } = self;
        let prices = prices.beyond(spilled);
        let mut wait = SimDuration::ZERO;
        for limit in limits.iter_mut().filter(|limit| !(spilled && limit.beyond == Beyond::Spill)) {
            let amount = limit.reserved(request, terms, prices, *factor);
            let delays = limit.delays;
            // A limit on tokens has nothing to say about a request without any.
            if amount > 0
                && let Some(part) = limit.part(request)
            {
                part.state.charge(now, amount);
                part.usage.charged += amount;
                if delays {
                    wait = wait.max(part.state.delay(now));
                }
                limit.book(now, i128::from(amount));
            }
        }
        Reply::Accepted { wait, spilled }
    }

    fn refuse(&mut self, now: SimTime, request: &Request, at: usize, spilled: bool) -> Reply {
        if !self.is_simple {
            self.charge_refused(now, request, spilled);
        }
        let Quota { limits, terms, prices, factor, .. } = self;
        let limit = &mut limits[at];
        let hint = limit.hint;
        let listed = limit.asked(request, terms, prices, *factor);
        let amount = if spilled { limit.asked(request, terms, prices.beyond(true), *factor) } else { listed };
        // It may not spill, or spill, the next time.
        if amount.min(listed) > limit.capacity || (limit.refuses_for_good && limit.ledger.is_none()) {
            return Reply::TooLarge { limit: at as u16 };
        }
        if !self.gated && hint == Hint::None && limit.ledger.is_none() {
            return Reply::TooManyRequests { limit: at as u16, retry_after: None };
        }
        let opens = limit.opens(now, request, amount);
        if let Some(ledger) = &mut limit.ledger {
            ledger.close(now, opens.unwrap_or(SimTime::NEVER));
        }
        if limit.refuses_for_good {
            return Reply::TooLarge { limit: at as u16 };
        }
        if self.gated {
            self.gate = Gate { until: opens.unwrap_or(now), limit: at as u16, hint };
        }
        let retry_after = opens.and_then(|instant| hint.of(instant - now));
        Reply::TooManyRequests { limit: at as u16, retry_after }
    }

    /// Charges a refused call to the limits that count such calls too.
    fn charge_refused(&mut self, now: SimTime, request: &Request, spilled: bool) {
        let Quota { limits, terms, prices, factor, .. } = self;
        for limit in limits.iter_mut().filter(|limit| limit.counts_refused) {
            let prices = prices.beyond(spilled && limit.beyond == Beyond::Refuse);
            let amount = limit.reserved(request, terms, prices, *factor);
            if let Some(part) = limit.part(request).filter(|_| amount > 0) {
                part.state.charge_refused(now, amount);
                part.usage.charged += amount;
                limit.book(now, i128::from(amount));
            }
        }
    }

    /// Of several limits that refuse, the one that would open last; one that waits for something else to happen counts as
    /// opening soon, one that never opens as last of all.
    #[cold]
    fn last_to_open(&mut self, now: SimTime, request: &Request, spilled: bool) -> usize {
        let Quota { limits, terms, prices, factor, .. } = self;
        let prices = prices.beyond(spilled);
        let opens = |limit: &mut Limit| {
            let amount = limit.asked(request, terms, prices, *factor);
            if limit.beyond == Beyond::Spill || amount == 0 {
                return None;
            }
            match limit.part(request)?.state.verdict(now, amount) {
                Verdict::Admit => None,
                Verdict::Busy => Some(now),
                Verdict::RetryAt(instant) => Some(instant),
                Verdict::Never => Some(SimTime::NEVER),
            }
        };
        let refusals = limits.iter_mut().enumerate().filter_map(|(at, limit)| Some((opens(limit)?, at)));
        // Of several that open together the first one stated is named.
        refusals.reduce(|last, next| if next.0 > last.0 { next } else { last }).map_or(0, |(_, at)| at)
    }

    /// Whether a limit refuses by 400.
    pub fn bars(&self, limit: u16) -> bool {
        self.limits[usize::from(limit)].refuses_for_good
    }

    /// The first limit that `request` can never pass, by number, and what it asks of it.
    pub fn too_large(&self, request: &Request) -> Option<(usize, u64)> {
        let Quota { limits, terms, prices, .. } = self;
        let asks = |limit: &Limit| if limit.is_for(request) { limit.asked(request, terms, prices, 1.0) } else { 0 };
        let refuses = |(at, limit): (usize, &Limit)| {
            let asked = asks(limit);
            (asked > limit.capacity && limit.beyond == Beyond::Refuse).then_some((at, asked))
        };
        limits.iter().enumerate().find_map(refuses)
    }

    /// The answer to a call has come to so many tokens in all, `output`, no fewer than it was told before.
    pub fn generate(&mut self, now: SimTime, request: &Request, call: &Admitted, output: Tokens) {
        for limit in self.limits.iter_mut().filter(|limit| limit.charging.settle == Settle::AsGenerated) {
            if limit.counts(call) {
                let charge = |output: Tokens| tightened(limit.charging.generated(u64::from(output)), call.factor);
                let more = charge(output) - charge(call.generated);
                limit.correct(now, request, call, i128::from(more));
            }
        }
    }

    /// A call that was admitted has ended with so much of an answer, `output`; `None` where it broke off
    /// and is not paid for: its prompt was used, and what was generated.
    #[inline]
    pub fn settle(&mut self, now: SimTime, request: &Request, call: &Admitted, output: Option<Tokens>) {
        if !self.listens {
            return;
        }
        let Quota { limits, terms, prices, .. } = self;
        let (prices, factor) = (prices.beyond(call.spilled), &call.factor);
        for limit in limits.iter_mut().filter(|limit| limit.counts(call)) {
            if limit.holds {
                let amount = limit.reserved(request, terms, prices, *factor);
                limit.release(now, request, call, amount);
            } else if limit.charging.settle != Settle::Never {
                let is_free = output.is_none() && limit.charging.counts == Counts::Spend;
                let ended = Request { output: output.unwrap_or(call.generated), ..*request };
                let used = limit.charging.used(&ended, prices);
                let used = if is_free { 0 } else { i128::from(tightened(used, *factor)) };
                let is_metered = limit.charging.settle == Settle::AsGenerated;
                let generated = limit.charging.generated(u64::from(call.generated));
                let generated = if is_metered { i128::from(tightened(generated, *factor)) } else { 0 };
                let taken = i128::from(limit.reserved(request, terms, prices, *factor)) + generated;
                limit.correct(now, request, call, used - taken);
            }
        }
    }
}
