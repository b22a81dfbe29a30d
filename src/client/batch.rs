//! Several requests in one call.

use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::{NOBODY, Request};
use crate::units::{SimDuration, SimTime, Tokens};
use std::mem;

/// Requests of one class are collected and sent as one call, whose answer is everybody's.
///
/// A batch leaves when it has `size` requests, or else `linger` after its first one or at the next multiple of `every`
/// since the start. Its call states the `max_tokens` of its class `size` times, and takes as long as [`carrier`] says.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Requests of one batch at most, in 2..=10000.
    pub size: u32,
    /// How long after its first request a batch leaves at the latest.
    pub linger: Option<SimDuration>,
    /// Batches leave by the clock, at the multiples of this.
    pub every: Option<SimDuration>,
    /// The part of each prompt that all have in common, such as the instructions: a batch has it once.
    pub shared_input: Tokens,
    /// The classes whose requests are batched, by name: a source, or `source/class`. Without it all are.
    pub classes: Option<Vec<String>>,
}

impl Default for Batch {
    fn default() -> Self {
        Batch { size: 10, linger: None, every: None, shared_input: Tokens::new(0), classes: None }
    }
}

impl Parameters for Batch {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("size", &mut self.size);
        visitor.optional("linger", &mut self.linger);
        visitor.optional("every", &mut self.every);
        visitor.optional("shared-input", &mut self.shared_input);
        visitor.optional("classes", &mut self.classes);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(2..=10_000).contains(&self.size) {
            let message = format!("batches of {} are outside 2 to 10000", self.size);
            return Err(Invalid::new("size", message, "write a number from 2 to 10000, as in `10`"));
        }
        if self.classes.as_ref().is_some_and(Vec::is_empty) {
            return Err(Invalid::new("classes", "no class is batched", "name some, or leave it out"));
        }
        match (self.linger, self.every) {
            (None, None) => {
                let help = "say how long its first request waits at most, as in `linger = \"500ms\"`";
                Err(Invalid::new("linger", "a batch that never fills would never leave", help))
            }
            (Some(_), Some(_)) => {
                let help = "leave one of them out";
                Err(Invalid::new("every", "a batch leaves either by its own time, `linger`, or by the clock", help))
            }
            (Some(SimDuration::ZERO), _) => {
                let help = "write a time above zero, as in `\"500ms\"`";
                Err(Invalid::new("linger", "every batch would leave with one request", help))
            }
            (_, Some(SimDuration::ZERO)) => {
                let help = "write a time above zero, as in `\"500ms\"`";
                Err(Invalid::new("every", "a clock of period 0 has no ticks", help))
            }
            _ => Ok(()),
        }
    }
}

impl Batch {
    /// Whether requests of the class called `class` are batched.
    pub fn carries(&self, class: &str) -> bool {
        super::lists(&self.classes, class)
    }
}

/// The batches that are being filled, one for each class. A request is known by a number that the caller gives it.
#[derive(Clone, Debug)]
pub struct Batcher {
    spec: Batch,
    open: Vec<Vec<u32>>, // by class
}

/// What happens when a request joins a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined {
    /// It opens one, which leaves then by [`Batcher::due`], unless it is full before.
    Opened(SimTime),
    /// It waits with others.
    Waits,
    /// The batch is full and leaves at once with these.
    Full(Vec<u32>),
}

impl Batcher {
    /// Nobody waits yet.
    pub fn new(spec: &Batch) -> Self {
        Batcher { spec: spec.clone(), open: Vec::new() }
    }

    /// `request` of `class` joins the batch that is being filled, or opens one.
    pub fn join(&mut self, now: SimTime, class: u16, request: u32) -> Joined {
        let at = usize::from(class);
        if self.open.len() <= at {
            self.open.resize(at + 1, Vec::new());
        }
        let open = &mut self.open[at];
        open.push(request);
        match open.len() {
            1 => Joined::Opened(leaves(&self.spec, now)),
            more if more < self.spec.size as usize => Joined::Waits,
            _ => Joined::Full(mem::take(open)),
        }
    }

    /// The time of the batch of `class` that is being filled has come: who is in it.
    pub fn due(&mut self, class: u16) -> Vec<u32> {
        self.open.get_mut(usize::from(class)).map(mem::take).unwrap_or_default()
    }

    /// The part of each prompt that a batch has once.
    pub fn shared_input(&self) -> Tokens {
        self.spec.shared_input
    }
}

/// When a batch leaves that is opened now. At a tick of the clock what arrives then comes after it.
fn leaves(spec: &Batch, now: SimTime) -> SimTime {
    match (spec.every, spec.linger) {
        (Some(every), _) => {
            let ticks = now.as_nanos() / every.as_nanos().max(1) + 1;
            SimTime::ZERO.saturating_add(every.saturating_mul(ticks))
        }
        (None, linger) => now.saturating_add(linger.unwrap_or_default()),
    }
}

/// The call that carries `members`, none of which has had a call yet, in place of the first one's.
///
/// What all have in common is in it once: `shared` of each prompt, the cached part of it likewise, and of the service
/// times `first`, the mean time to the first token. The answers are written one after the other.
pub fn carrier(members: &[Request], shared: Tokens, first: SimDuration) -> Request {
    let first_member = members.first().copied().unwrap_or_default();
    let tokens = |shared: Tokens, of: &dyn Fn(&Request) -> Tokens| {
        let sum = once(shared.into(), members.iter().map(|member| u64::from(of(member))));
        Tokens::new(u32::try_from(sum).unwrap_or(u32::MAX))
    };
    let service = once(first.as_nanos(), members.iter().map(|member| member.service.as_nanos()));
    Request {
        service: SimDuration::from_nanos(service).min(SimDuration::HORIZON),
        input: tokens(shared, &|member| member.input),
        cached: tokens(shared, &|member| member.cached),
        output: tokens(Tokens::new(0), &|member| member.output),
        thread: NOBODY,
        ..first_member
    }
}

/// The sum of `amounts`, up to `shared` of each counted once.
fn once(shared: u64, amounts: impl Iterator<Item = u64>) -> u64 {
    let (mut common, mut own) = (0, 0u64);
    for amount in amounts {
        common = common.max(amount.min(shared));
        own = own.saturating_add(amount.saturating_sub(shared));
    }
    own.saturating_add(common)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_nanos(millis * 1_000_000)
    }

    fn millis(millis: u64) -> SimDuration {
        SimDuration::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn a_batch_leaves_full_or_when_its_time_has_come() {
        let mut batcher = Batcher::new(&Batch { size: 3, linger: Some(millis(500)), ..Batch::default() });
        assert_eq!(batcher.join(at(0), 0, 1), Joined::Opened(at(500)));
        assert_eq!(batcher.join(at(100), 1, 2), Joined::Opened(at(600)));
        assert_eq!(batcher.join(at(200), 0, 3), Joined::Waits);
        assert_eq!(batcher.join(at(300), 0, 4), Joined::Full(vec![1, 3, 4]));
        assert_eq!(batcher.join(at(400), 0, 5), Joined::Opened(at(900)));
        assert_eq!(batcher.due(1), [2]);
        assert_eq!(batcher.due(0), [5]);
        assert!(batcher.due(0).is_empty() && batcher.due(7).is_empty());
    }

    #[test]
    fn a_clock_ticks_whoever_waits() {
        let mut batcher = Batcher::new(&Batch { size: 2, every: Some(millis(500)), ..Batch::default() });
        assert_eq!(batcher.join(at(499), 0, 1), Joined::Opened(at(500)));
        assert_eq!(batcher.join(at(499), 0, 2), Joined::Full(vec![1, 2]));
        assert_eq!(batcher.join(at(500), 0, 3), Joined::Opened(at(1_000)));
        assert_eq!(batcher.due(0), [3]);
    }

    #[test]
    fn a_carrier_has_what_is_shared_once() {
        let member = |input, cached, output, service| {
            let [input, cached, output] = [input, cached, output].map(Tokens::new);
            Request { input, cached, output, service: millis(service), thread: 4, client: 6, ..Request::default() }
        };
        let members = [member(1_000, 900, 100, 700), member(1_200, 0, 50, 650), member(300, 300, 10, 400)];
        let call = carrier(&members, Tokens::new(800), millis(600));
        assert_eq!(call.input, Tokens::new(800 + 200 + 400));
        assert_eq!(call.cached, Tokens::new(800 + 100));
        assert_eq!(call.output, Tokens::new(160));
        assert_eq!(call.service, millis(600 + 100 + 50));
        assert_eq!((call.thread, call.client), (NOBODY, 6));
        // One alone is what it was, and no sum runs over.
        assert_eq!(carrier(&members[..1], Tokens::new(800), millis(600)), Request { thread: NOBODY, ..members[0] });
        let huge = member(u32::MAX, u32::MAX, u32::MAX, u64::MAX / 1_000_000);
        let call = carrier(&[huge, huge], Tokens::new(0), SimDuration::ZERO);
        assert_eq!((call.input, call.output), (Tokens::new(u32::MAX), Tokens::new(u32::MAX)));
    }
}
