//! Budgets and breakers of a client, by runs small enough to foretell.

use ratecast::engine::{Cell, Stop, simulate};
use ratecast::plan::{Options, forecast};
use ratecast::recorder::{ClassRecord, Failure, Record};
use ratecast::report::figures;
use ratecast::scenario::load_text;

/// Ten requests in the first ten seconds, each of which takes a second; small limits that open when the minute is over.
const TEN: &str = r#"
    name = "ten"
    start = "2025-01-01T00:00:00Z"
    duration = "20min"
    tiers = ["small"]
    traffic.app.arrivals.constant.rate = "1/s"
    traffic.app.requests = 10
    provider.time-to-first-token.constant = "1s"
    provider.time-per-output-token.constant = "0s"
    provider.retry-after = "none"
    tier.small.limits.requests.fixed-window.limit = "3/min"
    tier.other.limits.requests.fixed-window.limit = "5/min"
"#;

/// The ten requests with such a strategy and what is `set` besides.
fn record(strategy: &str, set: &[&str]) -> Record {
    let set: Vec<String> = set.iter().map(|setting| (*setting).to_owned()).collect();
    let text = format!("{TEN}\nstrategy.s = {strategy}");
    let scenario = load_text("storms", &text, &set).unwrap_or_else(|failure| panic!("{failure}")).scenario;
    let (tier, (_, strategy)) = (scenario.tier.find("small").unwrap(), &scenario.strategy[0]);
    let cell = Cell { scenario: &scenario, tier, strategy };
    simulate(cell, 0, Stop::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// What the chart of amplification has of the same.
#[test]
fn the_chart_of_amplification_has_every_call() {
    let retry = "{ retry.constant = { base = '500ms', attempts = 3 } }";
    let forecast = |set: &[&str]| {
        let set: Vec<String> = set.iter().map(|setting| (*setting).to_owned()).collect();
        let ready = load_text("storms", &format!("{TEN}\nstrategy.s = {retry}"), &set).unwrap();
        let forecast = forecast(&ready.scenario, Options::default()).unwrap();
        figures::amplification(&ready.scenario, &forecast)
    };
    // A request in each second of the first half-minute, and none after it.
    let busy = ["duration = '40s'", "traffic.app.requests = 30", "replications = 2"];
    let chart = forecast(&busy).expect("there are retries");
    let [requests, calls] =
        [&chart.curves[0].requests, &chart.curves[0].calls].map(|series| series.iter().sum::<f64>());
    // Three are served, and the others called for three times.
    assert_eq!((chart.interval_s, requests, calls), (1.0, 30.0, 3.0 + 27.0 * 3.0));
    assert_eq!((chart.curves[0].calls[0], chart.curves[0].calls[10]), (1.0, 3.0));
    assert_eq!(forecast(&[]), None, "requests come in ten seconds of twenty minutes");
    let roomy = "tier.small.limits.requests.fixed-window.limit = '300/min'";
    assert_eq!(forecast(&[&busy[..], &[roomy]].concat()), None, "nobody tries again");
}

fn total(strategy: &str, set: &[&str]) -> ClassRecord {
    record(strategy, set).total()
}

fn failures(class: &ClassRecord, why: Failure) -> u64 {
    class.failures[why as usize]
}

/// Each request deposits half a retry. The fourth finds two and uses both; of those after it every second one finds one.
#[test]
fn a_budget_is_shared_by_all_requests() {
    let class = total(
        "{ retry.constant = { base = '500ms', attempts = 3 }, budget.deposit = { share = '50%', bucket = 10 } }",
        &[],
    );
    assert_eq!((class.served(), failures(&class, Failure::GaveUp)), (3, 7));
    assert_eq!((class.attempts(), class.retried, class.denied), (3 + 3 + 1 + 2 + 1 + 2 + 1 + 2, 5, 6));
}

/// Seven of ten knock twenty times a second until the minute is over, four of them another minute, and one a third one.
#[test]
fn who_never_waits_knocks_until_the_door_opens() {
    let class = total("{ preset = 'tenacity' }", &[]);
    let first_minute: u64 = (3..10).map(|arrived| (60 - arrived) * 20).sum();
    assert_eq!((class.served(), class.rejected()), (10, first_minute + 4 * 1_200 + 1_200));
}

/// The fourth and the fifth request fail at 3 s and 4 s, and the breaker opens until 7.5 s; the probe at 8 s fails too.
#[test]
fn an_open_breaker_turns_requests_down_until_a_probe() {
    let class = total("{ retry.none = {}, breaker.consecutive = { failures = 2, open-time = '3.5s' } }", &[]);
    assert_eq!((class.served(), class.attempts()), (3, 6));
    assert_eq!((class.turned_down, class.breaker_openings), (4, 2));
    assert_eq!([Failure::GaveUp, Failure::Shed].map(|why| failures(&class, why)), [3, 4]);
}

/// Four calls end in the seconds from 2 to 4, two of them badly: the breaker opens until 7.5 s. The trial at 8 s fails too.
#[test]
fn a_breaker_may_remember_for_a_time() {
    let window = "last = '3s', minimum = 3, trials = 1, open-time = '3.5s'";
    let class = total(&format!("{{ retry.none = {{}}, breaker.window = {{ {window} }} }}"), &[]);
    assert_eq!((class.served(), class.attempts()), (3, 6));
    assert_eq!((class.turned_down, class.breaker_openings), (4, 2));
}

/// Every call is served and takes a second. The first two open the breaker at 2 s, and the trial at 6 s does so again.
#[test]
fn slow_calls_open_a_breaker_that_minds_them() {
    let served = |slow: &str| {
        let window = format!("calls = 2, trials = 1, open-time = '3.5s', slow-call = '{slow}'");
        let strategy = format!("{{ retry.none = {{}}, breaker.window = {{ {window} }} }}");
        let class = total(&strategy, &["tier.small.limits.requests.fixed-window.limit=60/min"]);
        (class.served(), class.turned_down, class.breaker_openings)
    };
    assert_eq!([served("999ms"), served("1s")], [(3, 7, 2), (10, 0, 0)]);
}

/// A client that changes what its real one remembers.
#[test]
fn a_breaker_counts_calls_or_time_but_not_both() {
    let of = |preset: &str, key: &str| {
        let strategy = format!("{{ preset = '{preset}', breaker.window = {{ {key}, minimum = 3, trials = 1 }} }}");
        total(&strategy, &[]).breaker_openings
    };
    assert_eq!(of("resilience4j-breaker", "last = '3s'"), of("resilience4j-breaker-timed", "last = '3s'"));
    assert_eq!(of("resilience4j-breaker", "calls = 3"), of("resilience4j-breaker-timed", "calls = 3"));
}

/// Of a breaker for 429s alone faults are none of its business: the service is down at all times, and it never opens.
#[test]
fn a_breaker_opens_for_what_it_counts_alone() {
    let down = ["provider.faults.outage.all = { at = '0s', length = '20min' }"];
    let of = |counts: &str| {
        let breaker = format!("breaker.consecutive = {{ failures = 2, counts = [{counts}] }}");
        let class = total(&format!("{{ retry.none = {{}}, {breaker} }}"), &down);
        (class.attempts(), class.breaker_openings)
    };
    assert_eq!([of("'429'"), of("'503'")], [(10, 0), (2, 1)]);
}

/// A breaker of its own before each route: while the first is open all go to the second, which is refused twice in the end.
#[test]
fn what_a_breaker_turns_down_goes_by_the_next_route() {
    let class = total("{ retry.none = {}, route.second.tier = 'other', breaker.consecutive.failures = 2 }", &[]);
    assert_eq!((class.served(), class.rerouted, class.rejected()), (8, 5, 4));
    assert_eq!((class.turned_down, class.breaker_openings), (5, 2));
    assert_eq!([Failure::GaveUp, Failure::Shed].map(|why| failures(&class, why)), [2, 0]);
}

/// Calls that are spread over two tiers leave the one alone whose breaker is open: refused at 6 s, it gets none at 8 s.
#[test]
fn calls_are_spread_over_routes_whose_breakers_are_closed() {
    let class = total(
        "{ retry.none = {}, route.second.tier = 'other', spread.cool-down = '1ms', breaker.consecutive.failures = 1 }",
        &[],
    );
    assert_eq!((class.served(), class.rerouted), (8, 5));
    assert_eq!((class.turned_down, class.breaker_openings), (0, 2));
}

/// One request in ten seconds, one call a minute, one retry at once. The second request has it, and comes back when the only
/// slot is taken: it is shed, and the retry is free again for the eighth. Four between them and the last two have none.
#[test]
fn a_retry_that_is_never_made_is_given_back() {
    let set = [
        "traffic.app.arrivals.constant.rate = '6/min'",
        "tier.small.limits.requests.fixed-window.limit = '1/min'",
        "provider.time-to-first-token.constant = '5s'",
    ];
    let class = total(
        "{ concurrency = 1, queue.capacity = 0, retry.constant = { base = '53s', attempts = 2 },
           budget.envoy = { share = '0%', least = 1 } }",
        &set,
    );
    assert_eq!((class.served(), class.denied), (3, 6));
    assert_eq!([Failure::GaveUp, Failure::Shed].map(|why| failures(&class, why)), [6, 1]);
}

/// No budget, and a breaker and a throttle that have no reason to act.
#[test]
fn what_never_acts_changes_nothing() {
    let retry = "concurrency = 4, retry.full-jitter = { base = '1s', attempts = 5 }";
    let plain = record(&format!("{{ {retry} }}"), &[]);
    let idle = "budget.none = {}, breaker.consecutive.failures = 1000, throttle.k = 100.0";
    let mut guarded = record(&format!("{{ {retry}, {idle} }}"), &[]);
    // The throttle says so itself, once it has seen an answer.
    let levels: Vec<f64> =
        std::mem::take(&mut guarded.learnt).refusal.iter().flat_map(|refusal| refusal.levels().flatten()).collect();
    assert_eq!((levels.len(), levels[0]), (20 * 60, 0.5));
    assert!(levels[1..].iter().all(|level| *level == 0.0));
    assert_eq!(guarded, plain);
    assert!(plain.total().attempts() > 20);
}
