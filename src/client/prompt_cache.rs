//! A prompt whose beginning the provider keeps.

use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::Request;
use crate::units::{SimDuration, SimTime, Tokens};

/// The client marks the beginning of every prompt of a class as one to keep. A call writes it into the provider's cache, and
/// those in the next `ttl` read it; each use keeps it for another `ttl`.
///
/// What is written can be read once the answer of the call has begun, so calls at one instant all write.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptCache {
    /// How long that beginning is; prompts that are shorter are not marked.
    pub prefix: Tokens,
    /// How long it is kept after each use.
    pub ttl: SimDuration,
}

impl Default for PromptCache {
    fn default() -> Self {
        PromptCache { prefix: Tokens::new(1_024), ttl: SimDuration::from_secs(300) }
    }
}

impl Parameters for PromptCache {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("prefix", &mut self.prefix);
        visitor.optional("ttl", &mut self.ttl);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.prefix == Tokens::new(0) {
            return Err(Invalid::new("prefix", "0 tokens leave nothing to keep", "write at least 1, as in `1200`"));
        }
        if self.ttl.is_zero() {
            let help = "write a time above zero, as in `\"5min\"`";
            return Err(Invalid::new("ttl", "what is written is gone at once", help));
        }
        Ok(())
    }
}

/// What the provider keeps of prompts, by places that the caller numbers: a class at a provider.
#[derive(Clone, Debug)]
pub struct Prefixes {
    spec: PromptCache,
    kept: Vec<Kept>,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    from: SimTime,
    until: SimTime,
}

impl Prefixes {
    /// Nothing is kept yet.
    pub fn new(spec: &PromptCache) -> Self {
        Prefixes { spec: spec.clone(), kept: Vec::new() }
    }

    /// `request` as a call at `now` would be, and how many tokens that call would write: none where it reads.
    pub fn mark(&self, now: SimTime, place: usize, request: &Request) -> (Request, Tokens) {
        let prefix = self.spec.prefix;
        if request.input < prefix || request.cached >= prefix {
            return (*request, Tokens::new(0));
        }
        if self.can_read(now, place) {
            return (Request { cached: prefix, ..*request }, Tokens::new(0));
        }
        (*request, Tokens::new(prefix.get() - request.cached.get()))
    }

    fn can_read(&self, now: SimTime, place: usize) -> bool {
        self.kept.get(place).is_some_and(|kept| kept.from <= now && now < kept.until)
    }

    /// The call that `request` is was admitted at `now`; its answer begins `first` later.
    pub fn used(&mut self, now: SimTime, place: usize, request: &Request, first: SimDuration) {
        if request.input < self.spec.prefix {
            return;
        }
        if self.kept.len() <= place {
            self.kept.resize(place + 1, Kept { from: SimTime::NEVER, until: SimTime::ZERO });
        }
        let from = if self.can_read(now, place) { now } else { now.saturating_add(first) };
        let kept = &mut self.kept[place];
        // What is gone by then is written anew; of several that write at once the first one counts.
        kept.from = if kept.until <= now { from } else { kept.from.min(from) };
        kept.until = kept.until.max(from.saturating_add(self.spec.ttl));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_writes_those_in_time_read_and_keep_it() {
        let at = |secs| SimTime::ZERO + SimDuration::from_secs(secs);
        let spec = PromptCache { prefix: Tokens::new(1_200), ttl: SimDuration::from_secs(300) };
        let mut prefixes = Prefixes::new(&spec);
        let request = Request { input: Tokens::new(2_000), ..Request::default() };
        let mut call = |secs| {
            let (call, written) = prefixes.mark(at(secs), 0, &request);
            prefixes.used(at(secs), 0, &call, SimDuration::from_secs(1));
            (call.cached.get(), written.get())
        };
        assert_eq!(call(0), (0, 1_200));
        assert_eq!(call(0), (0, 1_200)); // the first one's answer has not begun
        assert_eq!(call(1), (1_200, 0));
        assert_eq!(call(300), (1_200, 0)); // kept until 301 by the use at 1
        assert_eq!(call(599), (1_200, 0));
        assert_eq!(call(899), (0, 1_200)); // gone exactly then
        assert_eq!(call(900), (1_200, 0));
    }

    #[test]
    fn short_prompts_and_what_is_cached_anyway_are_left_alone() {
        let prefixes = Prefixes::new(&PromptCache::default());
        let size =
            |input, cached| Request { input: Tokens::new(input), cached: Tokens::new(cached), ..Request::default() };
        for request in [size(1_000, 0), size(4_000, 2_000)] {
            assert_eq!(prefixes.mark(SimTime::ZERO, 0, &request), (request, Tokens::new(0)));
        }
        assert_eq!(prefixes.mark(SimTime::ZERO, 0, &size(4_000, 24)).1, Tokens::new(1_000));
    }
}
