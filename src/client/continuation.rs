//! Answers that do not fit into one call and are asked to go on.

use crate::protocol::Request;
use crate::units::{SimDuration, Tokens};

/// The call for the part of an answer that comes after `done` full ones of `longest` tokens each: what was said so far goes
/// along as input.
///
/// The provider takes `first`, the mean time to the first token, for every call, and the rest of the request's service time
/// in proportion to what the call generates.
pub fn part(request: &Request, longest: Tokens, done: u32, first: SimDuration) -> Request {
    let said = u64::from(longest).saturating_mul(u64::from(done));
    let whole = u64::from(request.output);
    let output = whole.saturating_sub(said).min(u64::from(longest));
    let first = first.min(request.service);
    let rest = u128::from((request.service - first).as_nanos());
    let rest = rest * u128::from(output) / u128::from(whole.max(1));
    Request {
        input: Tokens::new(u32::try_from(u64::from(request.input).saturating_add(said)).unwrap_or(u32::MAX)),
        output: Tokens::new(output as u32), // no more than `longest`
        service: first.saturating_add(SimDuration::from_nanos(rest as u64)), // no more than before
        ..*request
    }
}

/// Whether the answer to `request` is complete after `done` calls of at most `longest` tokens each.
pub fn is_complete(request: &Request, longest: Tokens, done: u32) -> bool {
    u64::from(longest).saturating_mul(u64::from(done)) >= u64::from(request.output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_1200_tokens_takes_three_calls_of_500() {
        let nanos = SimDuration::from_nanos;
        let request = Request {
            input: Tokens::new(1_000),
            cached: Tokens::new(400),
            output: Tokens::new(1_200),
            service: nanos(600 + 12_000),
            ..Request::default()
        };
        let longest = Tokens::new(500);
        let calls = [0, 1, 2].map(|done| {
            assert!(!is_complete(&request, longest, done));
            let call = part(&request, longest, done, nanos(600));
            (call.input.get(), call.output.get(), call.service.as_nanos())
        });
        assert_eq!(calls, [(1_000, 500, 5_600), (1_500, 500, 5_600), (2_000, 200, 2_600)]);
        assert!(is_complete(&request, longest, 3));
    }

    #[test]
    fn one_that_fits_is_one_call() {
        let request = Request { output: Tokens::new(500), service: SimDuration::from_nanos(7), ..Request::default() };
        assert_eq!(part(&request, Tokens::new(500), 0, SimDuration::from_secs(1)), request);
        assert!(is_complete(&request, Tokens::new(500), 1));
    }
}
