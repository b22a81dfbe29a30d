//! One limit of a quota: where a call is counted, how much of it, and what became of that.

use super::{Admitted, Usage};
use crate::limiter::{AnyLimiter, Limiter, LimiterModel, Verdict};
use crate::protocol::{Class, Counts, Request};
use crate::provider::charging::{Charging, Reserve, Terms};
use crate::provider::{Beyond, Hint, Ledger, LimitSpec, PriceList, Refusal, Scope};
use crate::units::{Civil, Share, SimDuration, SimTime};

#[derive(Clone, Debug)]
pub(super) struct Limit {
    pub(super) charging: Charging,
    place: Place,
    pub(super) capacity: u64,
    pub(super) period: SimDuration,
    pub(super) hint: Hint,
    pub(super) measure: Measure,
    pub(super) holds: bool,
    pub(super) delays: bool,
    pub(super) counts_refused: bool,
    /// Whether nobody hears when it opens.
    pub(super) is_mute: bool,
    pub(super) beyond: Beyond,
    /// Whether what it refuses is not to be tried again.
    pub(super) refuses_for_good: bool,
    /// Of a quota.
    pub(super) ledger: Option<Ledger>,
    /// All of the account; of a limit that counts some apart, how each of them begins.
    pub(super) whole: Part,
    /// Those that it counts apart, by number.
    pub(super) parts: Vec<Part>,
}

/// How much a call is charged at admission, as masks of what it is made of: limits of different kinds are asked one after the
/// other, and masks cost less than a branch that nobody can foresee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Measure {
    pub(super) call: u64,
    uncached: u64,
    cached: u64,
    pub(super) output: u64,
    /// Whether the limit's policy says how much instead; the masks are empty then.
    is_policy: bool,
}

impl Measure {
    pub(super) const CALL: Measure = Measure { call: 1, uncached: 0, cached: 0, output: 0, is_policy: false };

    pub(super) fn new(charging: &Charging) -> Self {
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
    pub(super) fn of(&self, request: &Request) -> u64 {
        let [input, cached, output] = [request.input, request.cached, request.output].map(u64::from);
        // Three counts of 32 bits: no sum overflows, and cached tokens are a part of the input.
        let prompt = (input.wrapping_sub(cached) & self.uncached).wrapping_add(cached & self.cached);
        self.call.wrapping_add(prompt).wrapping_add(output & self.output)
    }
}

/// Where a limit counts a call.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// With all others.
    Whole,
    /// In the part of its class, if the limit counts it at all.
    OfClass(Vec<Option<u32>>),
    /// In the part of its client, if the limit counts its class at all.
    OfClient(Vec<bool>),
}

/// What a limit counts together.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) state: AnyLimiter,
    pub(super) usage: Usage,
}

impl Limit {
    pub(super) fn new(spec: &LimitSpec, classes: &[Class], civil: &Civil, hint: Hint) -> Self {
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
            is_mute: false,
            beyond: spec.beyond,
            refuses_for_good: spec.refusal == Refusal::Bad,
            ledger: spec.limiter.is_quota().then(Ledger::default),
            charging,
            place,
            whole,
            parts,
        }
    }

    /// Whether it counts all calls together at what they use, refuses what does not fit, and does nothing else.
    pub(super) fn is_simple(&self) -> bool {
        let refuses = self.beyond == Beyond::Refuse && !self.refuses_for_good && !self.counts_refused && !self.delays;
        matches!(self.place, Place::Whole) && !self.measure.is_policy && refuses
    }

    /// Whether there is room for `request`. Brings the limit up to `now`.
    #[inline]
    pub(super) fn admits(
        &mut self,
        now: SimTime,
        request: &Request,
        terms: &[Terms],
        prices: &PriceList,
        factor: f64,
    ) -> bool {
        let amount = self.asked(request, terms, prices, factor);
        match self.part(request) {
            Some(part) if amount > 0 => part.state.admits(now, amount),
            _ => true,
        }
    }

    /// When `amount`, which was refused, would pass; `None` where that is not to be known.
    pub(super) fn opens(&mut self, now: SimTime, request: &Request, amount: u64) -> Option<SimTime> {
        match self.part(request)?.state.opens(now, amount) {
            Verdict::RetryAt(instant) => Some(instant),
            _ => None,
        }
    }

    /// What `request` must find room for.
    #[inline]
    pub(super) fn asked(&self, request: &Request, terms: &[Terms], prices: &PriceList, factor: f64) -> u64 {
        let reserved = self.reserved(request, terms, prices, factor);
        match self.charging.reserve {
            Reserve::Nothing => reserved.max(1),
            Reserve::RoomForMaxTokens => self.tightened(self.room(request, terms, prices), factor),
            _ => reserved,
        }
    }

    /// The same of a limit that looks for more room than it takes. Apart, as few do.
    #[cold]
    fn room(&self, request: &Request, terms: &[Terms], prices: &PriceList) -> u64 {
        self.charging.room(request, &terms[usize::from(request.source)], prices)
    }

    /// What it is charged at admission.
    #[inline]
    pub(super) fn reserved(&self, request: &Request, terms: &[Terms], prices: &PriceList, factor: f64) -> u64 {
        let amount = if self.measure.is_policy {
            self.charging.reserved(request, &terms[usize::from(request.source)], prices)
        } else {
            self.measure.of(request)
        };
        self.tightened(amount, factor)
    }

    /// `amount` as it counts while limits are tightened.
    #[inline]
    fn tightened(&self, amount: u64, factor: f64) -> u64 {
        if factor == 1.0 {
            return amount;
        }
        // What fits a limit at all is never too large for a while.
        tightened(amount, factor).min(self.capacity.max(amount))
    }

    /// Where `request` is counted; nowhere if it is none of the limit's.
    #[inline]
    pub(super) fn part(&mut self, request: &Request) -> Option<&mut Part> {
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

    /// The number of the part in which `request` is counted; nowhere if it is none of the limit's.
    pub(super) fn part_number(&self, request: &Request) -> Option<u32> {
        match &self.place {
            Place::Whole => Some(0),
            Place::OfClass(parts) => parts[usize::from(request.source)],
            Place::OfClient(counts) => counts[usize::from(request.source)].then_some(request.client),
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
    pub(super) fn is_for(&self, request: &Request) -> bool {
        let class = usize::from(request.source);
        match &self.place {
            Place::Whole => true,
            Place::OfClass(parts) => parts[class].is_some(),
            Place::OfClient(counts) => counts[class],
        }
    }

    /// Whether `call` was charged here.
    #[inline]
    pub(super) fn counts(&self, call: &Admitted) -> bool {
        !(call.spilled && self.beyond == Beyond::Spill)
    }

    /// Gives back what was held during a call.
    pub(super) fn release(&mut self, now: SimTime, request: &Request, call: &Admitted, amount: u64) {
        if let Some(part) = self.part(request).filter(|_| amount > 0) {
            part.state.settle(now, amount);
            part.usage.held += u128::from(amount) * u128::from((now - call.at).as_nanos());
        }
    }

    /// Writes down what was charged, or given back where it is below zero.
    #[inline]
    pub(super) fn book(&mut self, now: SimTime, amount: i128) {
        if let Some(ledger) = self.ledger.as_mut().filter(|_| amount != 0) {
            ledger.charge(now, amount);
        }
    }

    /// Takes `more` of a call than was taken before, or gives back where that is below zero.
    pub(super) fn correct(&mut self, now: SimTime, request: &Request, call: &Admitted, more: i128) {
        self.book(now, more);
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

impl Place {
    pub(super) fn new(spec: &LimitSpec, classes: &[Class]) -> Self {
        let counted = |class: &Class| spec.counts_calls(&class.labels);
        match spec.scope {
            Scope::Client => Place::OfClient(classes.iter().map(counted).collect()),
            Scope::Account if classes.iter().all(counted) => Place::Whole,
            _ => Place::OfClass(spec.pools(classes)),
        }
    }
}

/// `amount` of a limit that lets through only the part `factor` of it, rounded up.
#[inline]
pub(super) fn tightened(amount: u64, factor: f64) -> u64 {
    if factor == 1.0 { amount } else { (amount as f64 / factor).ceil() as u64 }
}
