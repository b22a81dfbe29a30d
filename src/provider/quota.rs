//! All limits of a tier together: a call passes only if every one admits it, and is otherwise charged to none.

use super::charging::{Charging, Reserve, Settle, Terms};
use super::headers::Level;
use super::{Beyond, Hint, Ledger, LimitSpec, Pressure, PriceList, Scope, Tier};
use crate::limiter::{AnyLimiter, Limiter, LimiterModel, Verdict};
use crate::protocol::{Class, Counts, Reply, Request};
use crate::units::{Civil, Share, SimDuration, SimTime, Tokens};

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

#[derive(Clone, Debug)]
struct Limit {
    charging: Charging,
    place: Place,
    capacity: u64,
    period: SimDuration,
    hint: Hint,
    measure: Measure,
    holds: bool,
    delays: bool,
    counts_refused: bool,
    beyond: Beyond,
    /// Of a quota.
    ledger: Option<Ledger>,
    /// All of the account; of a limit that counts some apart, how each of them begins.
    whole: Part,
    /// Those that it counts apart, by number.
    parts: Vec<Part>,
}

/// How much a call is charged at admission, as masks of what it is made of: limits of different kinds are asked one after the
/// other, and masks cost less than a branch that nobody can foresee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Measure {
    call: u64,
    uncached: u64,
    cached: u64,
    output: u64,
    /// Whether the limit's policy says how much instead; the masks are empty then.
    is_policy: bool,
}

impl Measure {
    const CALL: Measure = Measure { call: 1, uncached: 0, cached: 0, output: 0, is_policy: false };

    fn new(charging: &Charging) -> Self {
        const ALL: u64 = u64::MAX;
        let none = Measure::default();
        let is_direct = charging.reserve == Reserve::Actual && charging.burndown == 1 && charging.cached == Share::ONE;
        match charging.counts {
            Counts::Requests => Measure::CALL,
            Counts::InputTokens if is_direct => Measure { uncached: ALL, cached: ALL, ..none },
            Counts::UncachedInputTokens if is_direct => Measure { uncached: ALL, ..none },
            Counts::OutputTokens if is_direct => Measure { output: ALL, ..none },
            Counts::TotalTokens if is_direct => Measure { uncached: ALL, cached: ALL, output: ALL, ..none },
            _ => Measure { is_policy: true, ..none },
        }
    }

    /// The amount, where no policy is asked; otherwise nothing.
    #[inline(always)]
    fn of(&self, request: &Request) -> u64 {
        let [input, cached, output] = [request.input, request.cached, request.output].map(u64::from);
        // Three counts of 32 bits: no sum overflows, and cached tokens are a part of the input.
        let prompt = (input.wrapping_sub(cached) & self.uncached).wrapping_add(cached & self.cached);
        self.call.wrapping_add(prompt).wrapping_add(output & self.output)
    }
}

/// Where a limit counts a call.
#[derive(Clone, Debug)]
enum Place {
    /// With all others.
    Whole,
    /// In the part of its class, if the limit counts it at all.
    OfClass(Vec<Option<u32>>),
    /// In the part of its client, if the limit counts its class at all.
    OfClient(Vec<bool>),
}

/// What a limit counts together.
#[derive(Clone, Debug)]
struct Part {
    state: AnyLimiter,
    usage: Usage,
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

impl Quota {
    /// The limits of `tier` with nothing used, for calls of such `classes`. `hint` is what the 429s of
    /// those say that have no hint of their own.
    pub fn new(tier: &Tier, classes: &[Class], civil: &Civil, hint: Hint) -> Self {
        let limits: Vec<Limit> = tier.limits.iter().map(|(_, spec)| Limit::new(spec, classes, civil, hint)).collect();
        let listens = limits.iter().any(|limit| limit.holds || limit.charging.settle != Settle::Never);
        let is_simple = limits.iter().all(Limit::is_simple);
        let gated = !listens && is_simple && limits.iter().all(|limit| limit.measure == Measure::CALL);
        let terms =
            |class: &Class| Terms { class: class.clone(), max_output: class.max_tokens.unwrap_or(tier.max_output) };
        Quota {
            meters: limits.iter().any(|limit| limit.charging.settle == Settle::AsGenerated),
            terms: classes.iter().map(terms).collect(),
            prices: PriceList::new(&tier.price, classes),
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
        self.limits.iter_mut().for_each(|limit| limit.hint = Hint::None);
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

    /// What a reply to a call of the first class tells of its limits at `now`.
    pub fn levels(&mut self, now: SimTime) -> Vec<Level> {
        let level = |limit: &mut Limit| {
            let (counts, period, capacity) = (limit.charging.counts, limit.period, limit.capacity);
            let (remaining, full_at) = limit.part(&Request::default())?.state.level(now, capacity);
            Some(Level { counts, period, limit: capacity, remaining, full_in: full_at? - now })
        };
        self.limits.iter_mut().filter_map(level).collect()
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
    #[inline]
    pub fn call(&mut self, now: SimTime, request: &Request) -> Reply {
        if now < self.gate.until {
            let Gate { until, limit, hint } = self.gate;
            return Reply::TooManyRequests { limit, retry_after: hint.of(until - now) };
        }
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
            let at = if refusals == 1 { refusing } else { self.last_to_open(now, request) };
            return self.refuse(now, request, at);
        }
        for limit in &mut self.limits {
            let amount = limit.measure.of(request);
            if amount > 0 {
                limit.whole.state.charge(now, amount);
                limit.whole.usage.charged += amount;
                if let Some(ledger) = &mut limit.ledger {
                    ledger.charge(now, clamped(i128::from(amount)));
                }
            }
        }
        Reply::Accepted { wait: SimDuration::ZERO, spilled: false }
    }

    fn ask(&mut self, now: SimTime, request: &Request) -> Reply {
        if let Some(pressure) = &mut self.pressure {
            self.factor = pressure.factor(now);
        }
        let mut refusals = 0;
        let mut refusing = 0;
        let mut spilled = false;
        let Quota { limits, terms, prices, factor, .. } = self;
        for (at, limit) in limits.iter_mut().enumerate() {
            if !limit.admits(now, request, terms, prices, *factor) {
                match limit.beyond {
                    Beyond::Refuse => (refusals, refusing) = (refusals + 1, at),
                    Beyond::Spill => spilled = true,
                }
            }
        }
        match refusals {
            0 => self.admit(now, request, spilled),
            1 => self.refuse(now, request, refusing),
            _ => {
                let last = self.last_to_open(now, request);
                self.refuse(now, request, last)
            }
        }
    }

    #[inline]
    fn admit(&mut self, now: SimTime, request: &Request, spilled: bool) -> Reply {
        let Quota { limits, terms, prices, factor, .. } = self;
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
                if let Some(ledger) = &mut limit.ledger {
                    ledger.charge(now, clamped(i128::from(amount)));
                }
            }
        }
        Reply::Accepted { wait, spilled }
    }

    fn refuse(&mut self, now: SimTime, request: &Request, at: usize) -> Reply {
        if !self.is_simple {
            self.charge_refused(now, request);
        }
        let Quota { limits, terms, prices, factor, .. } = self;
        let limit = &mut limits[at];
        let hint = limit.hint;
        let amount = limit.asked(request, terms, prices, *factor);
        if amount > limit.capacity {
            return Reply::TooLarge { limit: at as u16 };
        }
        if !self.gated && hint == Hint::None && limit.ledger.is_none() {
            return Reply::TooManyRequests { limit: at as u16, retry_after: None };
        }
        let opens = limit.opens(now, request, amount);
        if let Some(ledger) = &mut limit.ledger {
            ledger.close(now, opens.unwrap_or(SimTime::NEVER));
        }
        if self.gated {
            self.gate = Gate { until: opens.unwrap_or(now), limit: at as u16, hint };
        }
        let retry_after = opens.and_then(|instant| hint.of(instant - now));
        Reply::TooManyRequests { limit: at as u16, retry_after }
    }

    /// Charges a refused call to the limits that count such calls too.
    fn charge_refused(&mut self, now: SimTime, request: &Request) {
        let Quota { limits, terms, prices, factor, .. } = self;
        for limit in limits.iter_mut().filter(|limit| limit.counts_refused) {
            let amount = limit.reserved(request, terms, prices, *factor);
            if let Some(part) = limit.part(request).filter(|_| amount > 0) {
                part.state.charge_refused(now, amount);
                part.usage.charged += amount;
                if let Some(ledger) = &mut limit.ledger {
                    ledger.charge(now, clamped(i128::from(amount)));
                }
            }
        }
    }

    /// Of several limits that refuse, the one that would open last; one that waits for something else to happen counts as
    /// opening soon, one that never opens as last of all.
    #[cold]
    fn last_to_open(&mut self, now: SimTime, request: &Request) -> usize {
        let Quota { limits, terms, prices, factor, .. } = self;
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
        let factor = &call.factor;
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

impl Limit {
    fn new(spec: &LimitSpec, classes: &[Class], civil: &Civil, hint: Hint) -> Self {
        let place = Place::new(spec, classes);
        let charging = spec.charging();
        let whole = Part { state: spec.limiter.start(civil), usage: Usage::default() };
        let parts = if let Place::OfClass(places) = &place {
            let count = places.iter().flatten().max().map_or(0, |most| *most as usize + 1);
            vec![whole.clone(); count]
        } else {
            Vec::new()
        };
        Limit {
            measure: Measure::new(&charging),
            capacity: spec.limiter.capacity(),
            period: spec.limiter.period(),
            hint: spec.hint.unwrap_or(hint),
            holds: spec.limiter.holds(),
            delays: spec.limiter.delays(),
            counts_refused: spec.counts_refused,
            beyond: spec.beyond,
            ledger: spec.limiter.is_quota().then(Ledger::default),
            charging,
            place,
            whole,
            parts,
        }
    }

    /// Whether it counts all calls together at what they use, refuses what does not fit, and does nothing else.
    fn is_simple(&self) -> bool {
        let refuses = self.beyond == Beyond::Refuse && !self.counts_refused && !self.delays;
        matches!(self.place, Place::Whole) && !self.measure.is_policy && refuses
    }

    /// Whether there is room for `request`. Brings the limit up to `now`.
    #[inline]
    fn admits(&mut self, now: SimTime, request: &Request, terms: &[Terms], prices: &PriceList, factor: f64) -> bool {
        let amount = self.asked(request, terms, prices, factor);
        match self.part(request) {
            Some(part) if amount > 0 => part.state.admits(now, amount),
            _ => true,
        }
    }

    /// When `amount`, which was refused, would pass; `None` where that is not to be known.
    fn opens(&mut self, now: SimTime, request: &Request, amount: u64) -> Option<SimTime> {
        match self.part(request)?.state.opens(now, amount) {
            Verdict::RetryAt(instant) => Some(instant),
            _ => None,
        }
    }

    /// What `request` must find room for.
    #[inline]
    fn asked(&self, request: &Request, terms: &[Terms], prices: &PriceList, factor: f64) -> u64 {
        let reserved = self.reserved(request, terms, prices, factor);
        if self.charging.reserve == Reserve::Nothing { reserved.max(1) } else { reserved }
    }

    /// What it is charged at admission.
    #[inline]
    fn reserved(&self, request: &Request, terms: &[Terms], prices: &PriceList, factor: f64) -> u64 {
        let amount = if self.measure.is_policy {
            self.charging.reserved(request, &terms[usize::from(request.source)], prices)
        } else {
            self.measure.of(request)
        };
        if factor == 1.0 {
            return amount;
        }
        // What fits a limit at all is never too large for a while.
        tightened(amount, factor).min(self.capacity.max(amount))
    }

    /// Where `request` is counted; nowhere if it is none of the limit's.
    #[inline]
    fn part(&mut self, request: &Request) -> Option<&mut Part> {
        match &self.place {
            Place::Whole => Some(&mut self.whole),
            Place::OfClass(parts) => {
                let part = parts[usize::from(request.source)]?;
                Some(&mut self.parts[part as usize])
            }
            Place::OfClient(counts) if counts[usize::from(request.source)] => {
                Some(self.of_client(request.client as usize))
            }
            Place::OfClient(_) => None,
        }
    }

    #[inline(never)]
    fn of_client(&mut self, client: usize) -> &mut Part {
        if client >= self.parts.len() {
            self.parts.resize(client + 1, self.whole.clone());
        }
        &mut self.parts[client]
    }

    /// Whether it counts calls of the class of `request`.
    fn is_for(&self, request: &Request) -> bool {
        let class = usize::from(request.source);
        match &self.place {
            Place::Whole => true,
            Place::OfClass(parts) => parts[class].is_some(),
            Place::OfClient(counts) => counts[class],
        }
    }

    /// Whether `call` was charged here.
    #[inline]
    fn counts(&self, call: &Admitted) -> bool {
        !(call.spilled && self.beyond == Beyond::Spill)
    }

    /// Gives back what was held during a call.
    fn release(&mut self, now: SimTime, request: &Request, call: &Admitted, amount: u64) {
        if let Some(part) = self.part(request).filter(|_| amount > 0) {
            part.state.settle(now, amount);
            part.usage.held += u128::from(amount) * u128::from((now - call.at).as_nanos());
        }
    }

    /// Takes `more` of a call than was taken before, or gives back where that is below zero.
    fn correct(&mut self, now: SimTime, request: &Request, call: &Admitted, more: i128) {
        if let Some(ledger) = self.ledger.as_mut().filter(|_| more != 0) {
            ledger.charge(now, clamped(more));
        }
        let Some(part) = self.part(request) else { return };
        let amount = u64::try_from(more.unsigned_abs()).unwrap_or(u64::MAX);
        if more > 0 {
            part.state.overdraw(now, amount);
            part.usage.charged += amount;
        } else if more < 0 {
            part.state.refund(now, call.at, amount);
            part.usage.charged -= amount;
        }
    }
}

/// What a ledger takes of an amount.
fn clamped(amount: i128) -> i64 {
    amount.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

impl Place {
    fn new(spec: &LimitSpec, classes: &[Class]) -> Self {
        let counted: Vec<bool> = classes.iter().map(|class| spec.only.holds(&class.labels)).collect();
        match spec.scope {
            Scope::Client => return Place::OfClient(counted),
            Scope::Account if counted.iter().all(|counts| *counts) => return Place::Whole,
            _ => {}
        }
        let mut names: Vec<Option<&str>> = Vec::new();
        let mut number = |class| {
            let name = spec.scope.name_in(class);
            let known = names.iter().position(|other| *other == name);
            known.unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            }) as u32
        };
        Place::OfClass(classes.iter().zip(counted).map(|(class, counts)| counts.then(|| number(class))).collect())
    }
}

/// `amount` of a limit that lets through only the part `factor` of it, rounded up.
#[inline]
fn tightened(amount: u64, factor: f64) -> u64 {
    if factor == 1.0 { amount } else { (amount as f64 / factor).ceil() as u64 }
}
