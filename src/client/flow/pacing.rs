//! A pace of the client's own that stays below the limits.

use super::Hold;
use crate::client::Estimate;
use crate::client::estimate::amount;
use crate::limiter::{Limiter, LimiterModel, TokenBucket, Verdict};
use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::{Class, Counts, Request};
use crate::units::{Allowance, Civil, Period, Rate, Share, SimDuration, SimTime};

/// Holds calls back so that limits are not met: rather than to bounce off them and back off, a call waits for its turn.
///
/// Each paced limit is a bucket of its own that every call draws on, or one for each client where the limit counts them apart. Its rate is that of the limit less `margin`, and it
/// holds `burst`, by default what the margin leaves of the limit (at least one call): then no window of the limit's length,
/// wherever it begins, sees more than the limit allows, whatever its algorithm. A call larger than the bucket goes when it
/// is full, and those after it wait the longer; only such calls can still meet a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Pacing {
    /// Calls in a span, at most. Where this and the next three are left out, the limits of the tier are paced: those on
    /// requests and tokens over an hour or less.
    pub requests: Option<Allowance>,
    /// Prompt tokens in a span, at most.
    pub input_tokens: Option<Allowance>,
    /// Completion tokens in a span, at most.
    pub output_tokens: Option<Allowance>,
    /// Prompt and completion tokens together in a span, at most.
    pub tokens: Option<Allowance>,
    /// How much of each limit is left unused, in 0..1; by default 10 % of the tier's limits, and nothing of stated ones.
    pub margin: Option<Share>,
    /// How much may go at once, as the time in which the pace makes up for it; 0 spaces calls evenly. By default what the
    /// margin leaves.
    pub burst: Option<SimDuration>,
    /// How answers are guessed, as long as calls are under way.
    pub estimate: Estimate,
    /// Whether the guess is put right when the call has ended. A provider may not do so: who paces `max-tokens` against
    /// limits that keep what they reserved turns it off.
    pub correct: bool,
    /// Whether limits are paced too beyond which calls are not refused but pass at another price: then none does, but for
    /// those larger than the bucket.
    pub within_reserved: bool,
}

impl Default for Pacing {
    fn default() -> Self {
        let (requests, input_tokens, output_tokens, tokens) = (None, None, None, None);
        let (margin, burst, estimate, correct) = (None, None, Estimate::MaxTokens, true);
        let within_reserved = false;
        Pacing { requests, input_tokens, output_tokens, tokens, margin, burst, estimate, correct, within_reserved }
    }
}

impl Parameters for Pacing {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("requests", &mut self.requests);
        visitor.optional("input-tokens", &mut self.input_tokens);
        visitor.optional("output-tokens", &mut self.output_tokens);
        visitor.optional("tokens", &mut self.tokens);
        visitor.optional("margin", &mut self.margin);
        visitor.optional("burst", &mut self.burst);
        visitor.optional("estimate", &mut self.estimate);
        visitor.optional("correct", &mut self.correct);
        visitor.optional("within-reserved", &mut self.within_reserved);
    }

    fn check(&self) -> Result<(), Invalid> {
        for (key, _, allowance) in self.stated() {
            if allowance.is_money {
                let help = "write a number in a span, as in `\"80k/min\"`";
                return Err(Invalid::new(key, "what calls cost is not paced", help));
            }
            if let Period::Calendar(unit) = allowance.period {
                let message = format!("a {} has no fixed length to spread calls over", unit.name());
                let help = format!("write a number in a fixed span, as in `\"{}/30d\"`", allowance.amount);
                return Err(Invalid::new(key, message, help));
            }
        }
        if self.within_reserved && !self.is_of_tier() {
            let help = "leave one of them out";
            let message = "what is stated here is paced, and no limit of the tier";
            return Err(Invalid::new("within-reserved", message, help));
        }
        match self.margin {
            Some(margin) if margin >= Share::ONE => {
                let message = format!("a margin of {margin} leaves nothing to send");
                Err(Invalid::new("margin", message, "write a share below `100%`, as in `\"10%\"`"))
            }
            _ => Ok(()),
        }
    }
}

impl Pacing {
    /// Whether it states no limit of its own, so that those of the tier are paced.
    pub fn is_of_tier(&self) -> bool {
        self.stated().next().is_none()
    }

    /// The limits that it states, by key.
    fn stated(&self) -> impl Iterator<Item = (&'static str, Counts, Allowance)> {
        let keys = [
            ("requests", Counts::Requests, self.requests),
            ("input-tokens", Counts::InputTokens, self.input_tokens),
            ("output-tokens", Counts::OutputTokens, self.output_tokens),
            ("tokens", Counts::TotalTokens, self.tokens),
        ];
        keys.into_iter().filter_map(|(key, counts, allowance)| Some((key, counts, allowance?)))
    }

    /// The limits that it states for calls of so many `classes`.
    fn own(&self, classes: usize) -> Vec<Known> {
        let known = |(_, counts, allowance): (_, _, Allowance)| Known {
            counts,
            rate: allowance.rate(),
            capacity: allowance.amount,
            period: allowance.period.mean_length(),
            pools: vec![Some(0); classes],
            is_apart: false,
        };
        self.stated().map(known).collect()
    }
}

/// The longest span of a tier's limits that are paced: nobody spreads the calls of a day over all of it.
const LONGEST: SimDuration = SimDuration::from_secs(3_600);

/// A limit of the tier, as its documentation describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// What it counts.
    pub counts: Counts,
    /// What it lets through in the long run.
    pub rate: Rate,
    /// The most that it lets through at once.
    pub capacity: u64,
    /// The span over which it counts.
    pub period: SimDuration,
    /// For each class the pool in which its calls are counted together; `None` where the limit does not count them.
    pub pools: Vec<Option<u32>>,
    /// Whether it counts each client apart, whatever the pool.
    pub is_apart: bool,
}

/// The state of a pace.
#[derive(Clone, Debug)]
pub struct Pace {
    paced: Vec<Paced>,
    estimate: Estimate,
    correct: bool,
    classes: Vec<Class>,
}

#[derive(Clone, Debug)]
struct Paced {
    counts: Counts,
    pools: Vec<Option<u32>>, // by class
    burst: u64,
    is_apart: bool,
    fresh: <TokenBucket as LimiterModel>::State,
    buckets: Vec<<TokenBucket as LimiterModel>::State>, // by pool, or by client where each is apart
}

impl Pace {
    /// The pace of `spec` for calls of `classes` to a tier whose limits are `known`.
    pub fn new(spec: &Pacing, known: &[Known], classes: &[Class]) -> Self {
        let own = spec.own(classes.len());
        let is_of_tier = own.is_empty();
        let margin = spec.margin.unwrap_or(if is_of_tier {
            Share::from_hundred_millionths(10_000_000)
        } else {
            Share::default()
        });
        let suits = |known: &&Known| !is_of_tier || (known.period <= LONGEST && known.counts != Counts::Spend);
        let limits = if is_of_tier { known } else { &own };
        let paced = |known: &Known| Paced::new(known, margin, spec.burst);
        Pace {
            paced: limits.iter().filter(suits).filter_map(paced).collect(),
            estimate: spec.estimate,
            correct: spec.correct,
            classes: classes.to_vec(),
        }
    }

    /// Whether there is nothing to keep to.
    pub fn is_free(&self) -> bool {
        self.paced.is_empty()
    }

    /// When a call for `request` may go if no other goes before it, `now` or later.
    pub fn ready_at(&mut self, now: SimTime, request: &Request) -> SimTime {
        let Pace { paced, estimate, classes, .. } = self;
        let class = &classes[usize::from(request.source)];
        let ready_at = |paced: &mut Paced| paced.ready_at(now, request, estimate.amount(paced.counts, request, class));
        paced.iter_mut().map(ready_at).max().unwrap_or(now)
    }

    /// The same for each of the buckets that it draws on.
    pub fn holds(&mut self, now: SimTime, request: &Request, into: &mut Vec<(Hold, SimTime)>) {
        let Pace { paced, estimate, classes, .. } = self;
        let class = &classes[usize::from(request.source)];
        for (number, paced) in paced.iter_mut().enumerate() {
            let amount = estimate.amount(paced.counts, request, class);
            if let Some(part) = paced.part(request).filter(|_| amount > 0) {
                into.push((Hold::Paced(number as u16, part), paced.ready_at(now, request, amount)));
            }
        }
    }

    /// The buckets that calls of `class` may draw on.
    pub fn holds_of(&self, class: u16) -> impl Iterator<Item = Hold> {
        let pool = move |paced: &Paced| {
            paced.pools[usize::from(class)].map(|pool| if paced.is_apart { Hold::EACH } else { pool })
        };
        let numbered = self.paced.iter().enumerate();
        numbered.filter_map(move |(number, paced)| Some(Hold::Paced(number as u16, pool(paced)?)))
    }

    /// Whether `hold` is a bucket of one client alone.
    pub fn is_apart(&self, hold: Hold) -> bool {
        matches!(hold, Hold::Paced(number, _) if self.paced.get(usize::from(number)).is_some_and(|paced| paced.is_apart))
    }

    /// A call for `request` goes, whether or not it may.
    pub fn take(&mut self, now: SimTime, request: &Request) {
        let Pace { paced, estimate, classes, .. } = self;
        let class = &classes[usize::from(request.source)];
        for paced in paced {
            let amount = estimate.amount(paced.counts, request, class);
            if let Some(bucket) = paced.bucket(request) {
                bucket.overdraw(now, amount);
            }
        }
    }

    /// A call for `request` that went at `sent` is answered. What was guessed of it too much may be sent by others.
    pub fn answered(&mut self, now: SimTime, sent: SimTime, request: &Request) {
        if !self.correct {
            return;
        }
        let Pace { paced, estimate, classes, .. } = self;
        let class = &classes[usize::from(request.source)];
        for paced in paced {
            let guessed = estimate.amount(paced.counts, request, class);
            let used = amount(paced.counts, request, u64::from(request.output));
            match paced.bucket(request) {
                Some(bucket) if used > guessed => bucket.overdraw(now, used - guessed),
                Some(bucket) if used < guessed => bucket.refund(now, sent, guessed - used),
                _ => {}
            }
        }
    }
}

impl Paced {
    fn new(known: &Known, margin: Share, burst: Option<SimDuration>) -> Option<Self> {
        let rest =
            Share::from_hundred_millionths(Share::ONE.hundred_millionths().saturating_sub(margin.hundred_millionths()));
        let rate = known.rate.times(rest)?;
        let burst = match burst {
            None => margin.of(known.capacity).max(1),
            Some(span) => {
                let ahead = u128::from(span.as_nanos()) * u128::from(rate.events()) / u128::from(rate.nanos());
                u64::try_from(ahead).unwrap_or(u64::MAX).saturating_add(1)
            }
        };
        let buckets = known.pools.iter().flatten().max().map_or(0, |most| *most as usize + 1);
        let fresh = TokenBucket { refill: rate, capacity: Some(burst) }.start(&Civil::default());
        let (counts, pools, is_apart) = (known.counts, known.pools.clone(), known.is_apart);
        Some(Paced { counts, pools, burst, is_apart, buckets: vec![fresh.clone(); buckets], fresh })
    }

    /// The number of the bucket of `request`, if it draws on any.
    fn part(&self, request: &Request) -> Option<u32> {
        let pool = self.pools[usize::from(request.source)]?;
        Some(if self.is_apart { request.client } else { pool })
    }

    fn bucket(&mut self, request: &Request) -> Option<&mut <TokenBucket as LimiterModel>::State> {
        let part = self.part(request)? as usize;
        if part >= self.buckets.len() {
            // A client that was not there before.
            self.buckets.resize(part + 1, self.fresh.clone());
        }
        self.buckets.get_mut(part)
    }

    fn ready_at(&mut self, now: SimTime, request: &Request, amount: u64) -> SimTime {
        // One that is larger than the bucket goes when that is full.
        let amount = amount.min(self.burst);
        match self.bucket(request).filter(|_| amount > 0).map(|bucket| bucket.verdict(now, amount)) {
            Some(Verdict::RetryAt(instant)) => instant,
            _ => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Tokens;

    const MINUTE: SimDuration = SimDuration::from_secs(60);

    fn at(millis: u64) -> SimTime {
        SimTime::from_nanos(millis * 1_000_000)
    }

    fn call(input: u32, output: u32) -> Request {
        Request { input: Tokens::new(input), output: Tokens::new(output), ..Request::default() }
    }

    /// When calls go that are all there at the start.
    fn times(pace: &mut Pace, request: &Request, count: usize) -> Vec<SimTime> {
        let mut now = SimTime::ZERO;
        let mut next = || {
            now = pace.ready_at(now, request);
            pace.take(now, request);
            now
        };
        (0..count).map(|_| next()).collect()
    }

    fn own(spec: &Pacing) -> Pace {
        Pace::new(spec, &[], &[Class::default()])
    }

    fn minute(amount: u64, counts: Counts) -> Known {
        let rate = Allowance::per(amount, MINUTE).rate();
        Known { counts, rate, capacity: amount, period: MINUTE, pools: vec![Some(0)], is_apart: false }
    }

    #[test]
    fn stated_calls_are_spaced_evenly() {
        let spec = Pacing { requests: Some(Allowance::per(50, MINUTE)), ..Pacing::default() };
        assert_eq!(times(&mut own(&spec), &call(0, 0), 4), [0, 1_200, 2_400, 3_600].map(at));
        let ahead = Pacing { burst: Some(SimDuration::from_secs(3)), ..spec };
        assert_eq!(times(&mut own(&ahead), &call(0, 0), 5), [0, 0, 0, 1_200, 2_400].map(at));
    }

    #[test]
    fn no_window_sees_more_than_the_limit_of_the_tier() {
        let mut pace = Pace::new(&Pacing::default(), &[minute(60, Counts::Requests)], &[Class::default()]);
        let went = times(&mut pace, &call(0, 0), 400);
        let most = (0..340).map(|first| went.iter().filter(|&&t| t >= went[first] && t < went[first] + MINUTE).count());
        // 6 at once and 54 a minute, the last of which comes just when the minute is over.
        assert_eq!((went[5], most.max()), (at(0), Some(59)));
    }

    #[test]
    fn tokens_have_a_pace_of_their_own_and_a_large_call_goes_when_nothing_is_owed() {
        let spec = Pacing { tokens: Some(Allowance::per(60_000, MINUTE)), ..Pacing::default() };
        let mut pace = own(&spec);
        assert_eq!(times(&mut pace, &call(900, 100), 3), [0, 1_000, 2_000].map(at));
        assert_eq!(pace.ready_at(at(2_500), &call(1, 0)), at(3_000));
    }

    #[test]
    fn a_guess_is_put_right_at_the_end() {
        let class = Class { max_tokens: Some(Tokens::new(1_900)), ..Class::default() };
        let spec = Pacing { tokens: Some(Allowance::per(60_000, MINUTE)), ..Pacing::default() };
        let request = call(100, 400);
        for (correct, ready) in [(true, 1_000), (false, 2_000)] {
            let mut pace = Pace::new(&Pacing { correct, ..spec.clone() }, &[], std::slice::from_ref(&class));
            pace.take(at(0), &request);
            assert_eq!(pace.ready_at(at(500), &request), at(2_000));
            pace.answered(at(1_000), at(0), &request);
            assert_eq!(pace.ready_at(at(1_000), &request), at(ready));
        }
    }

    #[test]
    fn pools_and_long_spans_are_told_apart() {
        let day = SimDuration::from_secs(86_400);
        let daily = Known { period: day, rate: Allowance::per(10, day).rate(), ..minute(10, Counts::Requests) };
        let pools = vec![Some(0), Some(1), None];
        let limits = [Known { pools, ..minute(10, Counts::Requests) }, daily, minute(5, Counts::Spend)];
        let mut pace = Pace::new(&Pacing::default(), &limits[..1], &vec![Class::default(); 3]);
        let of = |source: u16| Request { source, ..Request::default() };
        pace.take(at(0), &of(0));
        let ready = [0, 1, 2].map(|source| pace.ready_at(at(0), &of(source)));
        assert!(ready[0] > at(0) && ready[1..] == [at(0); 2]);
        assert!(Pace::new(&Pacing::default(), &limits[1..], &[Class::default()]).is_free());
    }

    #[test]
    fn each_client_has_a_pace_of_its_own() {
        let known = Known { is_apart: true, ..minute(6, Counts::Requests) };
        let spec = Pacing { margin: Some(Share::default()), burst: Some(SimDuration::ZERO), ..Pacing::default() };
        let mut pace = Pace::new(&spec, &[known], &[Class::default()]);
        let of = |client: u32| Request { client, ..Request::default() };
        pace.take(at(0), &of(700));
        let ready = [700, 3, 701].map(|client| pace.ready_at(at(0), &of(client)));
        assert_eq!(ready, [at(10_000), at(0), at(0)]);
        let mut holds = Vec::new();
        pace.holds(at(0), &of(700), &mut holds);
        assert_eq!(holds, [(Hold::Paced(0, 700), at(10_000))]);
        assert!(pace.holds_of(0).all(|hold| hold.is_of_each()));
    }
}
