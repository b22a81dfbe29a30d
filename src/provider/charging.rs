//! What a limit takes of a call, and when: at admission, while the answer is generated, at its end.

use crate::protocol::{Counts, Request};
use crate::provider::PriceList;
use crate::units::{Share, Tokens};

crate::words! {
    /// What a call is charged when it is admitted.
    #[derive(Default)]
    pub enum Reserve {
        /// What it will have used in the end, as if that were known.
        #[default]
        Actual = "actual",
        /// Its prompt by an estimate, and nothing of the answer.
        Estimate = "estimate",
        /// Its prompt by an estimate, and `max_tokens` of answer.
        MaxTokens = "max-tokens",
        /// The larger of the two: the estimate of the prompt, or the `max_tokens` that the call states, if it does.
        Larger = "larger",
        /// Its prompt by an estimate; it passes only where there is room for `max_tokens` of answer too.
        RoomForMaxTokens = "room-for-max-tokens",
        /// Nothing: it passes while anything is left.
        Nothing = "nothing",
    }
}

crate::words! {
    /// When a charge is corrected to what was used.
    #[derive(Default)]
    pub enum Settle {
        /// Never.
        #[default]
        Never = "never",
        /// When the call has ended: too much is given back, too little is taken, be there room or not.
        AtEnd = "at-end",
        /// The answer as it is generated, once a second; the prompt when the call has ended.
        AsGenerated = "as-generated",
    }
}

/// How a limit charges.
#[derive(Clone, Debug, PartialEq)]
pub struct Charging {
    /// What it counts.
    pub counts: Counts,
    /// What it takes at admission.
    pub reserve: Reserve,
    /// When that is corrected.
    pub settle: Settle,
    /// The weight of a cached prompt token; 0 exempts them.
    pub cached: Share,
    /// The weight of a cached prompt token in what is reserved.
    pub cached_at_arrival: Share,
    /// The estimate of a prompt, against its true size.
    pub estimate: Share,
    /// How much a completion token that was generated counts.
    pub burndown: u64,
}

/// What bears on the charge of a class's calls besides the request.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The `max_tokens` that the call states.
    pub max_tokens: Option<Tokens>,
    /// The most that an answer can be long.
    pub max_output: Tokens,
}

impl Charging {
    /// What is taken of `request` at admission.
    pub fn reserved(&self, request: &Request, terms: &Terms, prices: &PriceList) -> u64 {
        let estimate = || self.estimated(request);
        let longest = u64::from(terms.max_output);
        let stated = terms.max_tokens.map_or(0, u64::from);
        match self.reserve {
            _ if self.counts == Counts::Requests => 1,
            Reserve::Actual => self.used(request, prices),
            Reserve::Nothing => 0,
            _ if self.counts == Counts::Spend => {
                let is_prompt = matches!(self.reserve, Reserve::Estimate | Reserve::RoomForMaxTokens);
                let output = if is_prompt { Tokens::default() } else { terms.max_output };
                self.used(&Request { output, ..*request }, prices)
            }
            Reserve::Estimate | Reserve::RoomForMaxTokens => self.sum(estimate(), 0),
            Reserve::MaxTokens => self.sum(estimate(), longest),
            Reserve::Larger => self.sum(estimate(), 0).max(self.sum(0, stated)),
        }
    }

    /// What there must be room for at admission under [`Reserve::RoomForMaxTokens`]: prompt and answer, be both counted in the
    /// end or not.
    pub fn room(&self, request: &Request, terms: &Terms, prices: &PriceList) -> u64 {
        if self.counts == Counts::Spend {
            return self.used(&Request { output: terms.max_output, ..*request }, prices);
        }
        self.estimated(request).saturating_add(terms.max_output.into())
    }

    /// What `request` has used when it has ended.
    pub fn used(&self, request: &Request, prices: &PriceList) -> u64 {
        match self.counts {
            Counts::Requests => 1,
            Counts::Spend => prices.of(request).billionths(),
            _ => self.sum(self.input(request), self.burndown.saturating_mul(u64::from(request.output))),
        }
    }

    /// What so many completion tokens count while they are generated.
    pub fn generated(&self, output: u64) -> u64 {
        match self.counts {
            Counts::OutputTokens | Counts::TotalTokens => self.burndown.saturating_mul(output),
            _ => 0,
        }
    }

    /// The provider's estimate of the prompt.
    fn estimated(&self, request: &Request) -> u64 {
        self.estimate.of_up(self.prompt(request, self.cached_at_arrival))
    }

    /// Prompt tokens, the cached ones at their weight.
    fn input(&self, request: &Request) -> u64 {
        self.prompt(request, self.cached)
    }

    fn prompt(&self, request: &Request, cached_weight: Share) -> u64 {
        let (input, cached) = (u64::from(request.input), u64::from(request.cached));
        let weight = if self.counts == Counts::UncachedInputTokens { Share::default() } else { cached_weight };
        input - cached + weight.of_up(cached)
    }

    /// What the limit counts of so much prompt and answer.
    fn sum(&self, input: u64, output: u64) -> u64 {
        match self.counts {
            Counts::InputTokens | Counts::UncachedInputTokens => input,
            Counts::OutputTokens => output,
            Counts::TotalTokens => input.saturating_add(output),
            Counts::Requests | Counts::Spend => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(input: u32, cached: u32, output: u32) -> Request {
        let [input, cached, output] = [input, cached, output].map(Tokens::new);
        Request { input, cached, output, ..Request::default() }
    }

    fn charging(counts: Counts, reserve: Reserve) -> Charging {
        let (estimate, cached) = (Share::ONE, Share::ONE);
        Charging { counts, reserve, settle: Settle::AtEnd, cached, cached_at_arrival: cached, estimate, burndown: 1 }
    }

    fn terms(max_output: u32) -> Terms {
        Terms { max_tokens: Some(Tokens::new(max_output)), max_output: Tokens::new(max_output) }
    }

    #[test]
    fn bedrock_reserves_36_000_and_settles_9_000() {
        // Input 3,000, cache read 4,000, cache write 1,000, at most 32,000, answer 1,000 tokens burnt down five times.
        let call = request(8_000, 4_000, 1_000);
        let charging = Charging {
            cached: Share::default(),
            cached_at_arrival: Share::default(),
            burndown: 5,
            ..charging(Counts::TotalTokens, Reserve::MaxTokens)
        };
        let prices = PriceList::default();
        assert_eq!(charging.reserved(&call, &terms(32_000), &prices), 36_000);
        assert_eq!(charging.used(&call, &prices), 9_000);
    }

    #[test]
    fn each_policy_takes_its_own_part() {
        let (call, prices) = (request(1_000, 200, 50), PriceList::default());
        let reserved = |counts, reserve| charging(counts, reserve).reserved(&call, &terms(4_000), &prices);
        assert_eq!(reserved(Counts::TotalTokens, Reserve::Actual), 1_050);
        assert_eq!(reserved(Counts::TotalTokens, Reserve::MaxTokens), 5_000);
        assert_eq!(reserved(Counts::TotalTokens, Reserve::Larger), 4_000);
        assert_eq!(reserved(Counts::TotalTokens, Reserve::Estimate), 1_000);
        assert_eq!(reserved(Counts::TotalTokens, Reserve::Nothing), 0);
        assert_eq!(reserved(Counts::OutputTokens, Reserve::MaxTokens), 4_000);
        assert_eq!(reserved(Counts::OutputTokens, Reserve::Estimate), 0);
        assert_eq!(reserved(Counts::InputTokens, Reserve::MaxTokens), 1_000);
        assert_eq!(reserved(Counts::UncachedInputTokens, Reserve::Actual), 800);
        assert_eq!(reserved(Counts::Requests, Reserve::Nothing), 1);
    }
}
