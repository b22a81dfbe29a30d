//! Answers that do not fit into one call and are asked for again.

use crate::protocol::{ReAsking, Request, Resume};
use crate::units::{SimDuration, Tokens};

/// The call for an answer of which `done` calls were cut off, where the first one states `max_tokens`. If it goes on, what
/// was said so far goes along as input.
///
/// The provider takes `first`, the mean time to the first token, for every call, and the rest of the request's service time
/// in proportion to what the call generates.
pub fn part(request: &Request, max_tokens: Tokens, how: &ReAsking, done: u32, first: SimDuration) -> Request {
    let said = if how.from == Resume::Cut { how.said(max_tokens, done) } else { 0 };
    let whole = u64::from(request.output);
    let output = whole.saturating_sub(said).min(u64::from(how.max_tokens(max_tokens, done)));
    let first = first.min(request.service);
    let rest = u128::from((request.service - first).as_nanos());
    let rest = rest * u128::from(output) / u128::from(whole.max(1));
    Request {
        input: Tokens::new(u32::try_from(u64::from(request.input).saturating_add(said)).unwrap_or(u32::MAX)),
        output: Tokens::new(output as u32), // no more than `max_tokens`
        service: first.saturating_add(SimDuration::from_nanos(rest as u64)), // no more than before
        ..*request
    }
}

/// Whether the answer to `request` is complete after `done` calls.
pub fn is_complete(request: &Request, max_tokens: Tokens, how: &ReAsking, done: u32) -> bool {
    how.said(max_tokens, done) >= u64::from(request.output)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: ReAsking = ReAsking { growth: 1, cap: None, from: Resume::Cut };

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
            assert!(!is_complete(&request, longest, &LEVEL, done));
            let call = part(&request, longest, &LEVEL, done, nanos(600));
            (call.input.get(), call.output.get(), call.service.as_nanos())
        });
        assert_eq!(calls, [(1_000, 500, 5_600), (1_500, 500, 5_600), (2_000, 200, 2_600)]);
        assert!(is_complete(&request, longest, &LEVEL, 3));
        // Doubled, the second one holds 1,000; or it has to say all again, and cannot, and the third one can.
        let double = ReAsking { growth: 2, ..LEVEL };
        let over = ReAsking { from: Resume::Start, ..double };
        let calls = |how: ReAsking| {
            let call = |done| part(&request, longest, &how, done, nanos(600));
            let all = (0..).take_while(|done| !is_complete(&request, longest, &how, *done)).map(call);
            all.map(|call| (call.input.get(), call.output.get(), call.service.as_nanos())).collect::<Vec<_>>()
        };
        assert_eq!(calls(double), [(1_000, 500, 5_600), (1_500, 700, 7_600)]);
        assert_eq!(calls(over), [(1_000, 500, 5_600), (1_000, 1_000, 10_600), (1_000, 1_200, 12_600)]);
    }

    #[test]
    fn one_that_fits_is_one_call() {
        let request = Request { output: Tokens::new(500), service: SimDuration::from_nanos(7), ..Request::default() };
        assert_eq!(part(&request, Tokens::new(500), &LEVEL, 0, SimDuration::from_secs(1)), request);
        assert!(is_complete(&request, Tokens::new(500), &LEVEL, 1));
    }
}
