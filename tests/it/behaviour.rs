//! How the service behaves under load and when it breaks, by runs small enough to foretell.

use ratecast::client::retry::{Constant, NoRetry, Persistence, RetryOn, RetryPolicy};
use ratecast::client::{Route, Strategy};
use ratecast::durations::Durations;
use ratecast::engine::{Cell, Stop, simulate, simulate_in_full};
use ratecast::limiter::{Align, FixedWindow, LimiterSpec, TokenBucket};
use ratecast::params::{Literal, Parameter};
use ratecast::protocol::{Counts, Fault, Labels};
use ratecast::provider::faults::{Outage, Overload};
use ratecast::provider::{
    Congestion, Faults, Hint, LimitSpec, Load, ModelLatency, Price, Reserve, Service, Settle, Tier,
};
use ratecast::recorder::{ClassRecord, Failure, Record};
use ratecast::scenario::{Scenario, load_text};
use ratecast::traffic::arrivals::{self, Arrivals};
use ratecast::traffic::sizes::Sizes;
use ratecast::traffic::{Class, Traffic};
use ratecast::units::{Allowance, Moment, Money, Rate, Share, SimDuration, TokenPrice};

const SECOND: u64 = 1_000_000_000;

fn secs(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
}

fn percent(share: u64) -> Share {
    Share::from_hundred_millionths(share * 1_000_000)
}

/// A request at 0 s, 1 s, … for so many seconds, each of which takes `service` seconds and has 100 tokens both ways.
fn scenario(seconds: u64, service: u64) -> Scenario {
    let arrivals = Arrivals::Constant(arrivals::Constant { rate: Rate::new(1, secs(1)).unwrap() });
    let sizes = Sizes::constant(100);
    let traffic =
        Traffic { arrivals: Some(arrivals), input_tokens: sizes.clone(), output_tokens: sizes, ..Traffic::default() };
    let provider = Service {
        time_to_first_token: Durations::constant(secs(service)),
        time_per_output_token: Durations::constant(secs(0)),
        ..Service::default()
    };
    Scenario { duration: secs(seconds), traffic: vec![("app".to_owned(), traffic)], provider, ..Scenario::default() }
}

fn once() -> Strategy {
    Strategy { retry: RetryPolicy::NoRetry(NoRetry {}), ..Strategy::default() }
}

fn every(base: u64, attempts: u32) -> Strategy {
    let persistence = Persistence { attempts, ..Persistence::default() };
    Strategy { retry: RetryPolicy::Constant(Constant { base: secs(base), persistence }), ..Strategy::default() }
}

fn run(scenario: &Scenario, tier: &Tier, strategy: &Strategy) -> Record {
    let stop = Stop { events: 5_000_000, ..Stop::default() };
    simulate(Cell { scenario, tier, strategy }, 0, stop).unwrap_or_else(|error| panic!("{error}"))
}

fn total(scenario: &Scenario, strategy: &Strategy) -> ClassRecord {
    run(scenario, &Tier::default(), strategy).total()
}

fn errors(class: &ClassRecord) -> [u64; Fault::COUNT] {
    class.errors
}

fn outage(at: u64, length: u64) -> Vec<(String, Outage)> {
    let at = Some(Moment::After(secs(at)));
    vec![("planned".to_owned(), Outage { at, length: secs(length), ..Outage::default() })]
}

#[test]
fn an_outage_fails_what_comes_while_it_lasts() {
    let mut scenario = scenario(60, 1);
    scenario.provider.faults.outage = outage(10, 20);
    let class = total(&scenario, &once());
    assert_eq!((errors(&class), class.served(), class.failures[Failure::Error as usize]), ([0, 20, 0, 0, 0], 40, 20));
    // Whoever comes again every 7 s is served in the end: the first of them at 10, 17, 24, 31 s.
    let class = total(&scenario, &every(7, 9));
    let calls: u64 = (10..30u64).map(|arrived| (30 - arrived).div_ceil(7)).sum();
    assert_eq!((class.served(), errors(&class)[1], class.attempts()), (60, calls, 60 + calls));
    // One that tries again only after a 429 is not.
    let mut strategy = every(7, 9);
    if let RetryPolicy::Constant(policy) = &mut strategy.retry {
        policy.persistence.retry_on = RetryOn::NOTHING;
        policy.persistence.retry_on.read(&Literal::List(vec![Literal::Text("429")])).unwrap();
    }
    assert_eq!(total(&scenario, &strategy).failures[Failure::Error as usize], 20);
}

/// At 10 s to 29 s an outage tells everybody to come again in 7 s: as long as those take who obey, who would wait 2 s by themselves.
#[test]
fn an_outage_may_say_when_to_come_again() {
    let mut scenario = scenario(60, 1);
    scenario.provider.faults.outage = outage(10, 20);
    scenario.provider.faults.outage[0].1.retry_after = Some(secs(7));
    let strategy = |obeys: bool, most: Option<u64>| {
        let max_retry_after = most.map(secs);
        let persistence =
            Persistence { attempts: 20, honor_retry_after: obeys, max_retry_after, ..Persistence::default() };
        Strategy { retry: RetryPolicy::Constant(Constant { base: secs(2), persistence }), ..Strategy::default() }
    };
    let calls = |delay: u64| (10..30u64).map(|arrived| (30 - arrived).div_ceil(delay)).sum::<u64>();
    for (strategy, delay) in [(strategy(true, None), 7), (strategy(false, None), 2), (strategy(true, Some(6)), 2)] {
        let cell = Cell { scenario: &scenario, tier: &Tier::default(), strategy: &strategy };
        let plain = run(&scenario, cell.tier, &strategy).total();
        let full = simulate_in_full(cell, 0, Stop::default()).unwrap_or_else(|error| panic!("{error}")).total();
        for class in [plain, full] {
            assert_eq!((class.served(), errors(&class)[1]), (60, calls(delay)), "{delay}");
        }
    }
    // What breaks off in its course says nothing.
    scenario.provider.faults = Faults { errors: percent(100), outage: outage(0, 5), ..Faults::default() };
    scenario.provider.faults.outage[0].1.retry_after = Some(secs(1_000));
    let late = run(&scenario, &Tier::default(), &strategy(true, None)).total();
    assert_eq!(errors(&late)[1], 5, "they come again long after the end");
    assert!(errors(&late)[0] > 300, "the other 55 come again every few seconds: {:?}", errors(&late));
}

#[test]
fn tiers_and_strategies_meet_the_same_bad_times() {
    let mut scenario = scenario(20_000, 1);
    let random = Outage { every: Some(secs(600)), length: secs(120), share: percent(70), ..Outage::default() };
    scenario.provider.faults =
        Faults { errors: percent(5), outage: vec![("random".to_owned(), random)], ..Faults::default() };
    let over_time = |tier: &Tier, strategy: &Strategy| {
        let record = run(&scenario, tier, strategy);
        record.timeline.bins().iter().map(|bin| bin.errors).collect::<Vec<_>>()
    };
    let idle =
        LimiterSpec::FixedWindow(FixedWindow { limit: Allowance::per(1_000, secs(1)), ..FixedWindow::default() });
    let limited = Tier {
        limits: vec![("idle".to_owned(), LimitSpec { limiter: idle, ..LimitSpec::default() })],
        ..Tier::default()
    };
    let alone = over_time(&Tier::default(), &once());
    assert!(alone.iter().sum::<u64>() > 1_000);
    assert_eq!(alone, over_time(&limited, &Strategy { concurrency: Some(100), ..once() }));
}

#[test]
fn a_queue_that_is_too_long_times_out() {
    // One server, 2 s a call, a call a second: the k-th waits k s. From a wait of 4 s on, half of a call is too late.
    let mut scenario = scenario(60, 2);
    scenario.provider.servers = Some(1);
    let class = total(&scenario, &once());
    let (latencies, waits) = (class.latency.sum_nanos(), class.held_up);
    assert_eq!((class.served(), waits), (60, (0..60u128).sum::<u128>() * u128::from(SECOND)));
    assert_eq!(latencies, waits + 120 * u128::from(SECOND));
    let tier = Tier { servers: Some(2), ..Tier::default() };
    assert_eq!(run(&scenario, &tier, &once()).total().held_up, 0, "two servers of the tier's own are enough");
    scenario.provider.faults.timeout = Some(secs(5));
    let class = total(&scenario, &once());
    assert_eq!(class.served() + errors(&class)[Fault::Timeout as usize], 60);
    // Served are 0 to 3 s. After that one call takes the server until it is given up, 5 s after it came, and the next
    // one starts when 4 s have gone by: it has 1 s, and so on.
    assert_eq!(class.served(), 4);
    assert_eq!(class.latency.max().map(SimDuration::as_nanos), Some(5 * SECOND));
}

#[test]
fn a_crowd_slows_itself_down() {
    // Calls of 10 s, one a second: each finds those of the last seconds still there.
    let mut scenario = scenario(3, 10);
    scenario.provider.congestion = Some(Congestion { at: 2, power: 1.0, most: 100.0 });
    let class = total(&scenario, &once());
    // 10 s, 10 * 1.5 s and 10 * 2 s.
    assert_eq!(class.service, 45 * u128::from(SECOND));
}

#[test]
fn retries_feed_an_overload() {
    let mut scenario = scenario(2_000, 20);
    scenario.provider.faults.overload = Some(Overload { at: 20, power: 1.0, retry_after: None });
    let refused = |strategy: &Strategy| {
        let class = total(&scenario, strategy);
        (class.errors[Fault::Overloaded as usize] as f64 / class.attempts() as f64, class.served())
    };
    let ((alone, once_served), (stormed, served)) = (refused(&once()), refused(&every(1, 4)));
    // Alone n = 20 (1 - n / 20), so that half is refused.
    assert!((alone - 0.5).abs() < 0.06, "{alone}");
    assert!(stormed > alone + 0.1 && served > once_served, "{stormed} {served} {once_served}");
}

#[test]
fn half_an_answer_is_paid_and_counted() {
    let mut scenario = scenario(4_000, 3);
    scenario.provider.faults.drops = percent(50);
    let big = Allowance::per(1_000_000_000, secs(3_600 * 24));
    let window = LimiterSpec::FixedWindow(FixedWindow { limit: big, ..FixedWindow::default() });
    let limit = |reserve, settle| LimitSpec {
        counts: Counts::OutputTokens,
        reserve: Some(reserve),
        settle: Some(settle),
        limiter: window.clone(),
        ..LimitSpec::default()
    };
    let limits = [
        limit(Reserve::MaxTokens, Settle::AtEnd),
        limit(Reserve::Nothing, Settle::AsGenerated),
        limit(Reserve::Actual, Settle::Never),
    ];
    let limits = limits.into_iter().enumerate().map(|(at, limit)| (format!("limit-{at}"), limit)).collect();
    // A billionth of a dollar for each token of an answer, so that charges count them.
    let price = Price { output: TokenPrice(Money::from_billionths(1)), ..Price::default() };
    let record = run(&scenario, &Tier { limits, price, ..Tier::default() }, &once());
    let class = record.total();
    let dropped = errors(&class)[Fault::Dropped as usize];
    let wasted = (class.charges.wasted.as_usd_f64() * 1e9).round() as u64;
    // 2,000 expected with the deviation 32; parts of 100 tokens are 49.5 on average, with the deviation 0.65.
    assert!(dropped.abs_diff(2_000) < 160, "{dropped}");
    let part = wasted as f64 / dropped as f64;
    assert!((part - 49.5).abs() < 3.3, "{part}");
    let generated = class.output_tokens + wasted;
    let charged: Vec<u64> = record.limits.iter().map(|limit| limit.charged).collect();
    assert_eq!(charged, [generated, generated, 400_000], "settled, metered, and as admitted");
}

#[test]
fn calls_that_hang_hold_their_slot_until_the_timeout() {
    let mut scenario = scenario(10, 1);
    scenario.provider.faults = Faults { hangs: Share::ONE, timeout: Some(secs(30)), ..Faults::default() };
    let record = run(&scenario, &Tier::default(), &Strategy { concurrency: Some(1), ..once() });
    let class = record.total();
    assert_eq!((errors(&class)[Fault::Timeout as usize], class.served()), (10, 0));
    // One after the other, the last one begins at 270 s.
    assert_eq!(record.timeline.drain().errors, 10);
}

#[test]
fn a_model_has_times_of_its_own_and_leaves_the_others_alone() {
    let class = |model: &str| Class {
        weight: 1.0,
        labels: Labels { model: Some(model.to_owned()), ..Labels::default() },
        ..Class::default()
    };
    let mut scenario = scenario(1_000, 1);
    scenario.traffic[0].1.class = vec![("small".to_owned(), class("mini")), ("large".to_owned(), class("maxi"))];
    let exponential = Durations::Exponential(ratecast::durations::Exponential { mean: secs(2) });
    scenario.provider.time_to_first_token = exponential;
    let before = run(&scenario, &Tier::default(), &once()).classes;
    let slow = ModelLatency { time_to_first_token: Some(Durations::constant(secs(9))), ..ModelLatency::default() };
    scenario.provider.models = vec![("maxi".to_owned(), slow)];
    let after = run(&scenario, &Tier::default(), &once()).classes;
    assert!(before[0] == after[0] && before[0].served() > 400);
    assert_eq!(after[1].service, u128::from(9 * SECOND * after[1].served()));
}

/// Tiers of different providers answer at their own speed, on the same draws.
#[test]
fn a_tier_has_times_of_its_own() {
    let exponential = |mean: u64| Durations::Exponential(ratecast::durations::Exponential { mean: secs(mean) });
    let mut scenario = scenario(500, 1);
    scenario.provider.time_to_first_token = exponential(2);
    let slow = ModelLatency { time_to_first_token: Some(exponential(6)), ..ModelLatency::default() };
    let slow = Tier { latency: slow, ..Tier::default() };
    let service = |tier: &Tier| run(&scenario, tier, &once()).total().service;
    let (shared, own) = (service(&Tier::default()), service(&slow));
    assert!(own.abs_diff(3 * shared) < 2_000, "three times {shared} to the rounding of 500 calls: {own}");
    // The full client takes them too, and so does a route that leads there.
    let in_full = |scenario: &Scenario, tier: &Tier, strategy: &Strategy| {
        simulate_in_full(Cell { scenario, tier, strategy }, 0, Stop::default()).unwrap().total().service
    };
    assert_eq!(in_full(&scenario, &slow, &once()), own);
    let mut routed = scenario.clone();
    routed.tier.insert("slow", Tier { latency: constant(7), ..Tier::default() });
    let route = Route { tier: Some("slow".to_owned()), first: true, ..Route::default() };
    let strategy = Strategy { route: vec![("there".to_owned(), route)], ..once() };
    assert_eq!(in_full(&routed, &Tier::default(), &strategy), u128::from(500 * 7 * SECOND));
}

fn constant(seconds: u64) -> ModelLatency {
    ModelLatency { time_to_first_token: Some(Durations::constant(secs(seconds))), ..ModelLatency::default() }
}

#[test]
fn a_load_of_others_multiplies_service_times() {
    let mut scenario = scenario(100_000, 1);
    scenario.provider.load = Some(Load { mean: 3.0, cv: 0.5, memory: secs(60), ..Load::default() });
    let class = total(&scenario, &once());
    let mean = class.service as f64 / class.served() as f64 / SECOND as f64;
    // Over 1,667 memories: deviation 1.5 * √(2 / 1,667), about 0.052; five of them.
    assert!((mean - 3.0).abs() < 0.26, "{mean}");
}

/// Half of ten servers, all the time: a queue of five, in every figure. A tier's own servers are nobody else's.
#[test]
fn others_hold_servers() {
    let mut scenario = scenario(3_000, 0);
    scenario.provider.time_to_first_token = Durations::Exponential(ratecast::durations::Exponential { mean: secs(4) });
    let queue = |scenario: &Scenario, servers: u32, load: Option<Load>| {
        let mut scenario = scenario.clone();
        (scenario.provider.servers, scenario.provider.load) = (Some(servers), load);
        total(&scenario, &once())
    };
    let half = |cv| Load { cv, slows: false, servers: Some(percent(50)), ..Load::default() };
    let five = queue(&scenario, 5, None);
    assert!(five.held_up > 0 && five == queue(&scenario, 10, Some(half(0.0))));
    // One that comes and goes makes waits of its own.
    assert!(queue(&scenario, 10, Some(half(0.5))).held_up > five.held_up);
    let slow = Load { mean: 1.2, slows: true, ..half(0.0) };
    // 1.2 of five are six, and four are left of which each is slower.
    assert_eq!(queue(&scenario, 10, Some(slow.clone())), queue(&scenario, 4, Some(Load { servers: None, ..slow })));
    (scenario.provider.servers, scenario.provider.load) = (Some(10), Some(half(0.0)));
    assert_eq!(run(&scenario, &Tier { servers: Some(5), ..Tier::default() }, &once()).total(), five);
}

#[test]
fn others_cannot_hold_servers_where_there_are_none() {
    let text = |servers: &str| {
        format!(
            "[traffic.a]\narrivals.poisson.rate = \"1/s\"\n[provider]\n{servers}load = {{ cv = 0.1, servers = \"40%\" }}\n"
        )
    };
    let failure = load_text("s.toml", &text(""), &[]).unwrap_err().to_string();
    assert!(failure.contains("others cannot hold servers") && failure.contains("s.toml:4:"), "{failure}");
    assert!(load_text("s.toml", &text("servers = 4\n"), &[]).is_ok());
}

fn limited(limiter: LimiterSpec, hint: Option<Hint>) -> Tier {
    let limit = LimitSpec { limiter, hint, ..LimitSpec::default() };
    Tier { limits: vec![("limit".to_owned(), limit)], ..Tier::default() }
}

#[test]
fn limits_tighten_while_others_are_busy() {
    let mut scenario = scenario(6_000, 0);
    let window = LimiterSpec::FixedWindow(FixedWindow { limit: Allowance::per(40, secs(60)), align: Align::Start });
    let bucket = LimiterSpec::TokenBucket(TokenBucket { refill: Rate::new(40, secs(60)).unwrap(), capacity: Some(1) });
    let admitted = |scenario: &Scenario, limiter: &LimiterSpec| {
        run(scenario, &limited(limiter.clone(), None), &once()).total().admitted
    };
    assert_eq!(admitted(&scenario, &window), 4_000);
    // Others keep the service at twice what it takes before limits are tightened.
    scenario.provider.load =
        Some(Load { mean: 2.0, cv: 0.0, slows: false, limits_above: Some(1.0), ..Load::default() });
    assert_eq!(admitted(&scenario, &window), 2_000, "half of each window");
    // A bucket that holds one still lets one through at a time, as soon as it is full: every other second.
    assert_eq!(admitted(&scenario, &bucket), 3_000);
    let bucket = LimiterSpec::TokenBucket(TokenBucket { refill: Rate::new(40, secs(60)).unwrap(), capacity: Some(40) });
    assert!(admitted(&scenario, &bucket).abs_diff(2_000) <= 20, "half of the refill, and the first fill");
}

#[test]
fn a_hint_that_misleads_makes_clients_come_in_vain() {
    let scenario = scenario(2, 0);
    let window = LimiterSpec::FixedWindow(FixedWindow { limit: Allowance::per(1, secs(3_600)), align: Align::Start });
    let attempts = |hint: Option<Hint>, base: u64| {
        let record = run(&scenario, &limited(window.clone(), hint), &every(base, 100));
        assert_eq!(record.total().served(), 2);
        record.total().attempts()
    };
    // The second request comes at 1 s and is told to wait 3599 s; or 59 s, and then a minute again and again.
    assert_eq!(attempts(None, 1), 3);
    assert_eq!(attempts(Some(Hint::WithinMinute), 1), 62);
    // Told nothing, it goes by its own 600 s: at 601, 1201, … 3601 s.
    assert_eq!(attempts(Some(Hint::None), 600), 8);
}
