//! How an answer that was cut off is asked for again.

use crate::params::{Invalid, Parameters, Visitor};
use crate::units::Tokens;

crate::words! {
    /// Where a further call for an answer that was cut off begins.
    #[derive(Default)]
    pub enum Resume {
        /// Where it was cut off: what was said so far goes along as input, and the answer is the parts together.
        #[default]
        Cut = "cut",
        /// At its beginning: what was said is thrown away, and paid for.
        Start = "start",
    }
}

/// What the further calls state as `max_tokens`, and where they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReAsking {
    /// How much larger each call's `max_tokens` is than that of the call before, in 1..=10.
    pub growth: u32,
    /// The largest that it becomes; without it the largest count of tokens that there is, 4294967295.
    pub cap: Option<Tokens>,
    /// Where they begin.
    pub from: Resume,
}

impl Default for ReAsking {
    fn default() -> Self {
        ReAsking { growth: 1, cap: None, from: Resume::Cut }
    }
}

impl Parameters for ReAsking {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("growth", &mut self.growth);
        visitor.optional("cap", &mut self.cap);
        visitor.optional("from", &mut self.from);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(1..=10).contains(&self.growth) {
            let message = format!("{} is outside 1 to 10", self.growth);
            return Err(Invalid::new("growth", message, "write a whole number from 1 to 10, as in `2`"));
        }
        if self.growth == 1 && self.from == Resume::Start {
            let help = "add `growth = 2`, or go on `from = \"cut\"`";
            let message = "an answer that starts over with the same `max-tokens` is cut off at the same place";
            return Err(Invalid::new("from", message, help));
        }
        if self.growth == 1 && self.cap.is_some() {
            let help = "add `growth = 2`, or leave `cap` out";
            return Err(Invalid::new("cap", "what does not grow needs no bound", help));
        }
        Ok(())
    }
}

impl ReAsking {
    fn grown(&self, max_tokens: Tokens) -> Tokens {
        let most = self.cap.map_or(u32::MAX, Tokens::get).max(max_tokens.get());
        Tokens::new(max_tokens.get().saturating_mul(self.growth).min(most))
    }

    /// What the call states as `max_tokens` before which `done` were cut off, where that is `first` of the first one, at
    /// least 1.
    pub fn max_tokens(&self, first: Tokens, done: u32) -> Tokens {
        self.steps(first, done).last().unwrap_or(first)
    }

    /// How often that has grown by then.
    pub fn step(&self, first: Tokens, done: u32) -> u16 {
        self.steps(first, done).count() as u16 // doubling ends after 32
    }

    /// What it grows to by then, step by step.
    pub fn steps(&self, first: Tokens, done: u32) -> impl Iterator<Item = Tokens> {
        let grown = |before: &Tokens| Some(self.grown(*before)).filter(|after| after > before);
        std::iter::successors(grown(&first), grown).take(done as usize)
    }

    /// Tokens of the answer that are there after `done` calls, if it is longer.
    pub fn said(&self, first: Tokens, done: u32) -> u64 {
        let Some(before) = done.checked_sub(1) else { return 0 };
        let last = u64::from(self.max_tokens(first, before));
        match self.from {
            Resume::Start => last,
            Resume::Cut => {
                let steps: Vec<u64> = [first].into_iter().chain(self.steps(first, before)).map(u64::from).collect();
                let level = u64::from(done) - steps.len() as u64;
                steps.iter().sum::<u64>().saturating_add(last.saturating_mul(level))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_cap() {
        let [first, cap] = [500, 3_000].map(Tokens::new);
        let how = ReAsking { growth: 2, cap: Some(cap), from: Resume::Cut };
        let calls = [0, 1, 2, 3, 4, 1_000];
        assert_eq!(calls.map(|done| how.max_tokens(first, done).get()), [500, 1_000, 2_000, 3_000, 3_000, 3_000]);
        assert_eq!(calls.map(|done| how.step(first, done)), [0, 1, 2, 3, 3, 3]);
        assert_eq!(calls.map(|done| how.said(first, done)), [0, 500, 1_500, 3_500, 6_500, 6_500 + 996 * 3_000]);
        let over = ReAsking { from: Resume::Start, ..how };
        assert_eq!(calls.map(|done| over.said(first, done)), [0, 500, 1_000, 2_000, 3_000, 3_000]);
    }

    #[test]
    fn what_does_not_grow_stays_and_nothing_overflows() {
        let level = ReAsking::default();
        assert_eq!((level.step(Tokens::new(7), 9), level.said(Tokens::new(7), 1_001)), (0, 7_007));
        let fast = ReAsking { growth: 10, ..level };
        assert_eq!((fast.max_tokens(Tokens::new(1), 1_000).get(), fast.step(Tokens::new(1), 1_000)), (u32::MAX, 10));
        assert!(fast.said(Tokens::new(1), 1_001) > 990 * u64::from(u32::MAX));
        // A cap below the first takes nothing back.
        let low = ReAsking { cap: Some(Tokens::new(5)), ..fast };
        assert_eq!(low.max_tokens(Tokens::new(7), 3), Tokens::new(7));
    }
}
