//! What providers published or printed about how they charge, exactly.

use ratecast::limiter::{Align, FixedWindow, LimiterSpec, Prepaid, TokenBucket};
use ratecast::protocol::{Class, Counts, Reply, Request};
use ratecast::provider::{Admitted, Beyond, Hint, LimitSpec, Override, Price, Quota, Refusal, Reserve, Settle, Tier};
use ratecast::scenario::catalog;
use ratecast::units::{Allowance, Civil, Money, Rate, RequestPrice, Share, SimDuration, SimTime, Tokens};

const MINUTE: SimDuration = SimDuration::from_secs(60);

fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(seconds)
}

fn request(input: u32, cached: u32, output: u32) -> Request {
    let [input, cached, output] = [input, cached, output].map(Tokens::new);
    Request { input, cached, output, ..Request::default() }
}

/// A bucket of `tokens` a minute on input and output together, full at the start, that charges as Bedrock's runtime does.
fn bedrock(tokens: u64, max_output: u32) -> Quota {
    let limit = LimitSpec {
        counts: Counts::TotalTokens,
        reserve: Some(Reserve::MaxTokens),
        settle: Some(Settle::AtEnd),
        cached: Share::default(),
        burndown: 5,
        limiter: LimiterSpec::TokenBucket(TokenBucket { refill: Rate::new(tokens, MINUTE).unwrap(), capacity: None }),
        ..LimitSpec::default()
    };
    let tier =
        Tier { limits: vec![("tokens".to_owned(), limit)], max_output: Tokens::new(max_output), ..Tier::default() };
    Quota::new(&tier, &[Class::default()], &Civil::default(), Hint::Exact)
}

fn charged(quota: &Quota) -> u64 {
    quota.usage().map(|usage| usage.charged).sum()
}

fn admitted(at: SimTime) -> Admitted {
    Admitted { at, generated: Tokens::default(), spilled: false, factor: 1.0 }
}

/// How many calls pass at one instant.
fn at_once(quota: &mut Quota, request: &Request) -> usize {
    (0..).take_while(|_| matches!(quota.call(at(0), request), Reply::Accepted { .. })).count()
}

#[test]
fn bedrock_reserves_36_000_at_arrival_and_settles_at_9_000() {
    // 3,000 tokens of input, 4,000 read from the cache, 1,000 written to it, at most 32,000 of answer, of which come 1,000.
    let (mut quota, call) = (bedrock(200_000, 32_000), request(8_000, 4_000, 1_000));
    assert!(matches!(quota.call(at(0), &call), Reply::Accepted { .. }));
    assert_eq!(charged(&quota), 36_000);
    quota.settle(at(1), &call, &admitted(at(0)), Some(call.output));
    assert_eq!(charged(&quota), 9_000);
}

#[test]
fn an_open_max_tokens_lets_three_calls_through_where_thirty_would_fit() {
    let short = request(1_200, 0, 300);
    assert_eq!(at_once(&mut bedrock(200_000, 64_000), &short), 3);
    assert_eq!(at_once(&mut bedrock(2_000_000, 64_000), &short), 30);
    // With the limit stated, the smaller quota lets 30 through as well.
    assert_eq!(at_once(&mut bedrock(200_000, 5_400), &short), 30);
}

#[test]
fn the_longer_a_call_the_longer_its_reservation_is_away() {
    let short = request(1_000, 0, 100);
    let mut quota = bedrock(60_000, 29_000);
    assert_eq!(at_once(&mut quota, &short), 2);
    // 1,000 tokens come back a second, and from the first call that has ended 30,000 less 1,500.
    let Reply::TooManyRequests { retry_after: Some(wait), .. } = quota.call(at(2), &short) else { panic!("no room") };
    assert_eq!(wait, SimDuration::from_secs(28));
    quota.settle(at(3), &short, &admitted(at(0)), Some(short.output));
    assert!(matches!(quota.call(at(3), &short), Reply::Accepted { .. }));
}

#[test]
fn an_answer_that_is_metered_puts_its_limit_into_debt_and_is_not_cut() {
    let limit = LimitSpec {
        counts: Counts::OutputTokens,
        reserve: Some(Reserve::Nothing),
        settle: Some(Settle::AsGenerated),
        limiter: LimiterSpec::TokenBucket(TokenBucket { refill: Rate::new(600, MINUTE).unwrap(), capacity: None }),
        ..LimitSpec::default()
    };
    let tier = Tier { limits: vec![("output".to_owned(), limit)], ..Tier::default() };
    let mut quota = Quota::new(&tier, &[Class::default()], &Civil::default(), Hint::Exact);
    // 600 tokens are there; both answers begin, and together come to 2,000.
    let long = request(10, 0, 1_000);
    assert_eq!((0..2).filter(|_| matches!(quota.call(at(0), &long), Reply::Accepted { .. })).count(), 2);
    (0..2).for_each(|_| quota.generate(at(10), &long, &admitted(at(0)), Tokens::new(600)));
    let call = Admitted { generated: Tokens::new(600), ..admitted(at(0)) };
    (0..2).for_each(|_| quota.settle(at(20), &long, &call, Some(long.output)));
    // Until 10 s the bucket is full. 600 - 1,200 + 100 - 800 = -1,300, and one token is there 130.1 s later.
    let Reply::TooManyRequests { retry_after: Some(wait), .. } = quota.call(at(20), &long) else { panic!("no debt") };
    assert_eq!(wait, SimDuration::from_nanos(130_100_000_000));
}

/// One call a minute is reserved, at a dollar; beyond it a call costs four. A limit on spend that lets 10 dollars through
/// knows which it is, whether it takes them at once or at the end.
#[test]
fn a_call_that_spills_is_charged_at_its_own_price() {
    let window = FixedWindow { limit: Allowance::per(1, MINUTE), align: Align::Start };
    let units = LimitSpec { beyond: Beyond::Spill, limiter: LimiterSpec::FixedWindow(window), ..LimitSpec::default() };
    let dollars = |dollars| RequestPrice(Money::from_usd(dollars));
    let spill = Override { request: Some(dollars(4)), ..Override::default() };
    let run = |reserve, settle| {
        let limiter = LimiterSpec::Prepaid(Prepaid { credit: Money::from_usd(10) });
        let spend = LimitSpec { counts: Counts::Spend, reserve, settle, limiter, ..LimitSpec::default() };
        let tier = Tier {
            limits: vec![("spend".to_owned(), spend), ("units".to_owned(), units.clone())],
            price: Price { request: dollars(1), spill: spill.clone(), ..Price::default() },
            ..Tier::default()
        };
        let mut quota = Quota::new(&tier, &[Class::default()], &Civil::default(), Hint::Exact);
        let mut spent = |second| {
            let call = request(10, 0, 10);
            let reply = quota.call(at(second), &call);
            if let Reply::Accepted { spilled, .. } = reply {
                quota.settle(at(second), &call, &Admitted { spilled, ..admitted(at(second)) }, Some(call.output));
            }
            let charged = quota.usage().next().unwrap().charged;
            (matches!(reply, Reply::Accepted { .. }), charged / 1_000_000_000)
        };
        [0, 1, 2, 3, 60].map(&mut spent)
    };
    // 1 + 4 + 4, another 4 are too much, and a minute later 1 is just enough.
    let at_once = run(Some(Reserve::Actual), Some(Settle::Never));
    assert_eq!(at_once, [(true, 1), (true, 5), (true, 9), (false, 9), (true, 10)]);
    // While anything is left a call passes.
    assert_eq!(run(None, None), [(true, 1), (true, 5), (true, 9), (true, 13), (false, 13)]);
}

/// Whether cache reads are reserved at arrival is disputed; at the end they are free either way.
#[test]
fn bedrock_may_reserve_cache_reads_at_arrival() {
    let mut tier = catalog::tier("bedrock-runtime").unwrap();
    tier.max_output = Tokens::new(32_000);
    let call = request(8_000, 4_000, 1_000);
    let charged_by = |tier: &Tier| {
        let mut quota = Quota::new(tier, &[Class::default()], &Civil::default(), Hint::Exact);
        assert!(matches!(quota.call(at(0), &call), Reply::Accepted { .. }));
        let arrived = quota.usage().nth(1).unwrap().charged;
        quota.settle(at(5), &call, &admitted(at(0)), Some(call.output));
        (arrived, quota.usage().nth(1).unwrap().charged)
    };
    assert_eq!(charged_by(&tier), (36_000, 9_000));
    tier.limits[1].1.cached_at_arrival = Some(Share::ONE);
    assert_eq!(charged_by(&tier), (40_000, 9_000));
}

/// Mantle: a call passes only where its input and all of `max_tokens` would fit among the input tokens, and takes its input.
#[test]
fn mantle_looks_for_room_for_the_longest_answer() {
    let tier = catalog::tier("bedrock-mantle").unwrap();
    let mut quota = Quota::new(&tier, &[Class::default()], &Civil::default(), Hint::Exact);
    let call = request(10_000, 0, 100);
    // 3M a minute: the n-th call finds 10,000 (n - 1) taken and needs room for 74,000: 293 of them fit.
    assert_eq!(at_once(&mut quota, &call), 293);
    assert_eq!(quota.usage().next().unwrap().charged, 2_930_000);
    // A deficit of 4,000 is there again after 80 ms.
    let refused = Reply::TooManyRequests { limit: 0, retry_after: Some(SimDuration::from_nanos(80_000_000)) };
    assert_eq!(quota.call(at(0), &call), refused);
}

#[test]
fn a_bad_request_is_refused_for_good_until_the_limit_opens() {
    let window = LimiterSpec::FixedWindow(FixedWindow { limit: Allowance::per(2, MINUTE), align: Align::Start });
    let limit = LimitSpec { limiter: window, refusal: Refusal::Bad, ..LimitSpec::default() };
    let tier = Tier { limits: vec![("own".to_owned(), limit)], ..Tier::default() };
    for mute in [false, true] {
        let quota = Quota::new(&tier, &[Class::default()], &Civil::default(), Hint::Exact);
        let mut quota = if mute { quota.muted() } else { quota };
        assert_eq!(at_once(&mut quota, &request(1, 0, 1)), 2);
        assert_eq!(quota.call(at(59), &request(1, 0, 1)), Reply::TooLarge { limit: 0 });
        assert!(matches!(quota.call(at(60), &request(1, 0, 1)), Reply::Accepted { .. }));
    }
}

#[test]
fn openai_charges_the_larger_of_prompt_and_max_tokens() {
    let limit = LimitSpec {
        counts: Counts::TotalTokens,
        reserve: Some(Reserve::Larger),
        counts_refused: true,
        limiter: LimiterSpec::TokenBucket(TokenBucket { refill: Rate::new(30_000, MINUTE).unwrap(), capacity: None }),
        ..LimitSpec::default()
    };
    let tier = Tier { limits: vec![("tokens".to_owned(), limit)], ..Tier::default() };
    let states = |max_tokens| Class { max_tokens, ..Class::default() };
    let classes = [states(Some(Tokens::new(4_000))), states(None)];
    let mut quota = Quota::new(&tier, &classes, &Civil::default(), Hint::Exact);
    quota.call(at(0), &request(8_000, 0, 100));
    quota.call(at(0), &request(1_000, 0, 100));
    assert_eq!(charged(&quota), 12_000);
    // A call that states no `max_tokens` counts its prompt.
    quota.call(at(0), &Request { source: 1, ..request(2_000, 0, 100) });
    assert_eq!(charged(&quota), 14_000);
    // A call that is refused counts too, and 34,307 never fit into 30,000.
    assert!(matches!(quota.call(at(0), &request(20_000, 0, 100)), Reply::TooManyRequests { .. }));
    assert_eq!(charged(&quota), 34_000);
    assert!(matches!(quota.call(at(0), &request(34_307, 0, 100)), Reply::TooLarge { .. }));
}
