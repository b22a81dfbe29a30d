//! A client that goes by the headers of replies.

use super::Hold;
use crate::client::Estimate;
use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::{Class, Labels, Request, Told};
use crate::units::{Share, SimDuration, SimTime};

crate::words! {
    /// For what a client waits when too little is left.
    #[derive(Default)]
    pub enum Until {
        /// For the instant that the header names, when all of the limit is there again.
        #[default]
        Reset = "reset",
        /// For as long as what lacks takes if the limit refills evenly until then. Right for buckets, too early for windows.
        Refill = "refill",
    }
}

/// Holds calls back while the last reply says that too little is left: what remains of a limit, less what was sent since,
/// must cover a call and the reserve, or the call waits.
///
/// It sees what a real client sees and no more: headers of the tier's own style, rounded as that style rounds, of the limits
/// that it prints, and only when a reply comes, be it an answer or a 429. What others take of the limits shows in the next
/// reply. When the reset has passed that a reply named, all of the limit counts as there. A tier that prints no headers
/// steers nobody.
#[derive(Clone, Debug, PartialEq)]
pub struct Steer {
    /// The part of each limit that is left unused, in 0..1.
    pub reserve: Share,
    /// For what it waits.
    pub until: Until,
    /// What it adds to each reset that is printed. Headers are cut to whole seconds or milliseconds, and who comes just before
    /// a window's edge is refused; `huggingface_hub` adds a second.
    pub slack: SimDuration,
    /// Calls under way at most as long as no reply has told anything; without it there is no bound.
    pub blind: Option<u32>,
    /// How answers are guessed.
    pub estimate: Estimate,
}

impl Default for Steer {
    fn default() -> Self {
        let (reserve, until, slack) = (Share::default(), Until::Reset, SimDuration::from_secs(1));
        Steer { reserve, until, slack, blind: None, estimate: Estimate::MaxTokens }
    }
}

impl Parameters for Steer {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("reserve", &mut self.reserve);
        visitor.optional("until", &mut self.until);
        visitor.optional("slack", &mut self.slack);
        visitor.optional("blind", &mut self.blind);
        visitor.optional("estimate", &mut self.estimate);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.reserve >= Share::ONE {
            let message = format!("a reserve of {} leaves nothing to send", self.reserve);
            return Err(Invalid::new("reserve", message, "write a share below `100%`, as in `\"5%\"`"));
        }
        if self.blind == Some(0) {
            let help = "write at least 1, or leave it out";
            return Err(Invalid::new("blind", "without a first call no reply ever comes", help));
        }
        Ok(())
    }
}

/// What a steered client knows. Calls that a provider may count apart, because their labels differ, are steered apart.
#[derive(Clone, Debug)]
pub struct Steering {
    spec: Steer,
    classes: Vec<Class>,
    view_of: Vec<usize>, // by class
    views: Vec<View>,
}

/// What replies to calls with the same labels have told.
#[derive(Clone, Debug, Default)]
struct View {
    limits: Vec<Seen>,
    has_heard: bool,
    under_way: u32,
}

/// One limit, as the last reply told of it.
#[derive(Clone, Copy, Debug)]
struct Seen {
    told: Told,
    at: SimTime,      // when
    sent: u64,        // since then
    full_at: SimTime, // NEVER once that is past
}

impl Steering {
    /// A client that has heard nothing yet.
    pub fn new(spec: &Steer, classes: &[Class]) -> Self {
        let mut known: Vec<&Labels> = Vec::new();
        let mut view_of = |labels| {
            known.iter().position(|other| *other == labels).unwrap_or_else(|| {
                known.push(labels);
                known.len() - 1
            })
        };
        let view_of: Vec<usize> = classes.iter().map(|class| view_of(&class.labels)).collect();
        let views = vec![View::default(); known.len()];
        Steering { spec: spec.clone(), classes: classes.to_vec(), view_of, views }
    }

    /// When a call for `request` may go, `now` or later, as far as is known; [`SimTime::NEVER`] where that is to be asked again
    /// after the next reply. That is said only while calls are under way.
    pub fn ready_at(&mut self, now: SimTime, request: &Request) -> SimTime {
        let Steering { spec, classes, view_of, views } = self;
        let source = usize::from(request.source);
        let (view, class) = (&mut views[view_of[source]], &classes[source]);
        if !view.has_heard && spec.blind.is_some_and(|most| view.under_way >= most) {
            return SimTime::NEVER;
        }
        let ready_at = |seen: &mut Seen| {
            let amount = spec.estimate.amount(seen.told.counts, request, class);
            seen.ready_at(now, amount, spec)
        };
        match view.limits.iter_mut().map(ready_at).max().unwrap_or(now) {
            SimTime::NEVER if view.under_way == 0 => now,
            instant => instant,
        }
    }

    /// What steers calls of `class`.
    pub fn hold_of(&self, class: u16) -> Hold {
        Hold::Told(self.view_of[usize::from(class)] as u32)
    }

    /// A call for `request` goes.
    pub fn take(&mut self, now: SimTime, request: &Request) {
        let Steering { spec, classes, view_of, views } = self;
        let source = usize::from(request.source);
        let view = &mut views[view_of[source]];
        view.under_way += 1;
        for seen in &mut view.limits {
            seen.pass(now);
            let amount = spec.estimate.amount(seen.told.counts, request, &classes[source]);
            seen.sent = seen.sent.saturating_add(amount);
        }
    }

    /// A reply to a call for `request` comes, whatever it says, and its headers tell so much; nothing where it has none.
    pub fn hear(&mut self, now: SimTime, request: &Request, told: &[Told]) {
        let slack = self.spec.slack;
        let view = &mut self.views[self.view_of[usize::from(request.source)]];
        view.under_way = view.under_way.saturating_sub(1);
        if !told.is_empty() {
            let seen = |&told: &Told| {
                let full_at = now.saturating_add(told.full_in.saturating_add(slack));
                Seen { told, at: now, sent: 0, full_at }
            };
            view.limits.clear();
            view.limits.extend(told.iter().map(seen));
            view.has_heard = true;
        }
    }
}

impl Seen {
    /// When the reset is past, all of the limit is there.
    fn pass(&mut self, now: SimTime) {
        if now >= self.full_at {
            self.told.remaining = self.told.limit;
            (self.sent, self.full_at) = (0, SimTime::NEVER);
        }
    }

    fn ready_at(&mut self, now: SimTime, amount: u64, spec: &Steer) -> SimTime {
        self.pass(now);
        let Told { limit, remaining, full_in, .. } = self.told;
        // What is larger than the limit may go when that is full.
        let wanted = amount.saturating_add(spec.reserve.of(limit)).min(limit).saturating_add(self.sent);
        let gained = limit.saturating_sub(remaining);
        match spec.until {
            _ if amount == 0 || wanted <= remaining => now,
            Until::Refill if gained > 0 && self.full_at != SimTime::NEVER => {
                let wait = u128::from(full_in.as_nanos()) * u128::from(wanted - remaining);
                let wait = u64::try_from(wait.div_ceil(u128::from(gained))).unwrap_or(u64::MAX);
                self.at.saturating_add(SimDuration::from_nanos(wait)).min(self.full_at).max(now)
            }
            _ => self.full_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Counts;

    fn secs(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    /// Takes resets as they are printed.
    fn exact() -> Steer {
        Steer { slack: SimDuration::ZERO, ..Steer::default() }
    }

    fn told(limit: u64, remaining: u64, full_in: u64) -> Told {
        Told { counts: Counts::Requests, limit, remaining, full_in: SimDuration::from_secs(full_in) }
    }

    fn steering(spec: Steer) -> Steering {
        Steering::new(&spec, &[Class::default()])
    }

    #[test]
    fn it_sends_what_is_left_and_waits_for_the_reset() {
        let (mut steering, call) = (steering(exact()), Request::default());
        assert_eq!(steering.ready_at(secs(1), &call), secs(1));
        steering.take(secs(1), &call);
        steering.hear(secs(2), &call, &[told(60, 2, 40)]);
        for _ in 0..2 {
            assert_eq!(steering.ready_at(secs(3), &call), secs(3));
            steering.take(secs(3), &call);
        }
        assert_eq!(steering.ready_at(secs(3), &call), secs(42));
        // After the reset a whole limit may go, and no more before a reply.
        for _ in 0..60 {
            assert_eq!(steering.ready_at(secs(42), &call), secs(42));
            steering.take(secs(42), &call);
        }
        assert_eq!(steering.ready_at(secs(42), &call), SimTime::NEVER);
        steering.hear(secs(43), &call, &[told(60, 0, 59)]);
        assert_eq!(steering.ready_at(secs(43), &call), secs(102));
    }

    #[test]
    fn a_reserve_is_kept_and_a_refill_is_waited_for() {
        let reserve = Share::from_hundred_millionths(50_000_000);
        let call = Request::default();
        let ready = |spec: Steer, remaining: u64| {
            let mut steering = steering(spec);
            steering.hear(secs(10), &call, &[told(60, remaining, 60 - remaining)]);
            steering.ready_at(secs(10), &call)
        };
        let kept = |until| Steer { reserve, until, ..exact() };
        assert_eq!(ready(kept(Until::Reset), 31), secs(10));
        assert_eq!(ready(kept(Until::Reset), 30), secs(40));
        assert_eq!(ready(kept(Until::Refill), 30), secs(11));
        assert_eq!(ready(kept(Until::Refill), 20), secs(21));
    }

    #[test]
    fn a_blind_client_sends_few_until_it_hears() {
        let (mut steering, call) = (steering(Steer { blind: Some(1), ..exact() }), Request::default());
        steering.take(secs(1), &call);
        assert_eq!(steering.ready_at(secs(1), &call), SimTime::NEVER);
        // A fault carries no headers, and the next call tries again.
        steering.hear(secs(2), &call, &[]);
        assert_eq!(steering.ready_at(secs(2), &call), secs(2));
        steering.take(secs(2), &call);
        steering.hear(secs(3), &call, &[told(60, 59, 1)]);
        assert_eq!(steering.ready_at(secs(3), &call), secs(3));
    }

    #[test]
    fn it_never_waits_for_a_reply_that_does_not_come() {
        let (mut steering, call) = (steering(exact()), Request::default());
        steering.hear(secs(1), &call, &[told(1, 0, 1)]);
        steering.take(secs(2), &call);
        assert_eq!(steering.ready_at(secs(2), &call), SimTime::NEVER);
        steering.hear(secs(3), &call, &[]);
        assert_eq!(steering.ready_at(secs(3), &call), secs(3));
    }

    #[test]
    fn calls_with_other_labels_are_steered_apart() {
        let model = |model: &str| Class {
            labels: Labels { model: Some(model.to_owned()), ..Labels::default() },
            ..Class::default()
        };
        let mut steering = Steering::new(&exact(), &[model("a"), model("b"), model("a")]);
        let of = |source: u16| Request { source, ..Request::default() };
        steering.hear(secs(1), &of(0), &[told(60, 0, 30)]);
        assert_eq!([0, 1, 2].map(|source| steering.ready_at(secs(1), &of(source))), [secs(31), secs(1), secs(31)]);
    }
}
