//! What a client expects a call to take, before it knows the answer.

use crate::protocol::{Class, Counts, Request};

crate::words! {
    /// How a client guesses the length of an answer.
    #[derive(Default)]
    pub enum Estimate {
        /// By the `max_tokens` that the call states, which no answer exceeds; of a call that states none as `actual`.
        #[default]
        MaxTokens = "max-tokens",
        /// At its true length, as if the client knew its traffic perfectly: the best that an estimate can be.
        Actual = "actual",
        /// Not at all: the prompt alone counts.
        Input = "input",
    }
}

impl Estimate {
    /// Completion tokens that the client expects of `request`, which is of `class`.
    pub fn output(self, request: &Request, class: &Class) -> u64 {
        match (self, class.max_tokens) {
            (Estimate::Input, _) => 0,
            (Estimate::MaxTokens, Some(most)) => u64::from(most),
            _ => u64::from(request.output),
        }
    }

    /// Prompt and expected answer together.
    pub fn tokens(self, request: &Request, class: &Class) -> u64 {
        u64::from(request.input) + self.output(request, class)
    }

    /// What the client expects a limit to count of `request`. Of spend it expects nothing: prices are not its business.
    pub fn amount(self, counts: Counts, request: &Request, class: &Class) -> u64 {
        amount(counts, request, self.output(request, class))
    }
}

/// What a limit counts of `request` with so much `output`.
pub fn amount(counts: Counts, request: &Request, output: u64) -> u64 {
    let (input, cached) = (u64::from(request.input), u64::from(request.cached));
    match counts {
        Counts::Requests => 1,
        Counts::InputTokens => input,
        Counts::UncachedInputTokens => input.saturating_sub(cached),
        Counts::OutputTokens => output,
        Counts::TotalTokens => input + output,
        Counts::Spend => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Tokens;

    #[test]
    fn an_answer_is_guessed_by_what_the_call_states() {
        let [input, cached, output] = [100, 40, 7].map(Tokens::new);
        let request = Request { input, cached, output, ..Request::default() };
        let stated = Class { max_tokens: Some(Tokens::new(50)), ..Class::default() };
        let open = Class::default();
        let tokens = |estimate: Estimate| [&stated, &open].map(|class| estimate.tokens(&request, class));
        assert_eq!(tokens(Estimate::MaxTokens), [150, 107]);
        assert_eq!(tokens(Estimate::Actual), [107, 107]);
        assert_eq!(tokens(Estimate::Input), [100, 100]);
        let amount = |counts| Estimate::MaxTokens.amount(counts, &request, &stated);
        assert_eq!(amount(Counts::UncachedInputTokens), 60);
        assert_eq!([Counts::Requests, Counts::OutputTokens, Counts::Spend].map(amount), [1, 50, 0]);
    }
}
