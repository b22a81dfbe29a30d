//! Clients around clients, other routes and the lane of batches, by runs small enough to foretell.

use crate::foretold;
use crate::program::Program;
use ratecast::engine::{Cell, Stop, simulate};
use ratecast::metrics::Metric;
use ratecast::plan::{CellForecast, Options, forecast};
use ratecast::protocol::Fault;
use ratecast::recorder::{ClassRecord, Failure, Spared};
use ratecast::scenario::Scenario;
use ratecast::units::SimDuration;

/// Ten requests in the first ten seconds, each of which takes a second; small limits that open when the minute is over.
const TEN: &str = r#"
    name = "ten"
    start = "2025-01-01T00:00:00Z"
    duration = "20min"
    replications = 1
    tiers = ["small"]
    traffic.app.arrivals.constant.rate = "1/s"
    traffic.app.requests = 10
    traffic.app.input-tokens.constant = 1000
    traffic.app.output-tokens.constant = 0
    provider.time-to-first-token.constant = "1s"
    provider.time-per-output-token.constant = "0s"
    tier.small.provider = "one"
    tier.small.limits.requests.fixed-window.limit = "3/min"
    tier.small.price.month = "0 USD/month"
    tier.small.price.input = "1 USD/Mtok"
    tier.other.provider = "two"
    tier.other.limits.requests.fixed-window.limit = "5/min"
    tier.other.price.month = "0 USD/month"
    tier.other.price.input = "4 USD/Mtok"
"#;

fn scenario(text: &str) -> Scenario {
    foretold::scenario(TEN, text)
}

fn total(text: &str) -> ClassRecord {
    foretold::run(&scenario(text)).total()
}

fn cell(text: &str) -> CellForecast {
    let forecast = forecast(&scenario(text), Options::default()).unwrap_or_else(|error| panic!("{error}"));
    forecast.cells.into_iter().next().unwrap()
}

fn usd(cell: &CellForecast) -> f64 {
    cell.metric(Metric::Cost).mean.unwrap()
}

fn secs(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
}

#[test]
fn what_one_tier_refuses_another_one_answers_at_its_price() {
    let text = r#"strategy.s = { retry.none = {}, route.second.tier = "other" }"#;
    let class = total(text);
    assert_eq!((class.served(), class.rerouted, class.failures[Failure::GaveUp as usize]), (8, 5, 2));
    // 7 are refused by the first, and 2 of them by the second too.
    assert_eq!((class.admitted, class.rejected(), class.rejected_by_attempt[1]), (8, 9, 2));
    let cell = cell(text);
    assert!((usd(&cell) - (3.0 * 0.001 + 5.0 * 0.004)).abs() < 1e-12, "{}", usd(&cell));
    let limits: Vec<(&str, f64)> =
        cell.limits.iter().map(|limit| (limit.name.as_str(), limit.refused.mean.unwrap())).collect();
    assert_eq!(limits, [("requests", 7.0), ("other/requests", 2.0)]);
}

/// A retry goes on before the next route comes, and each route has all attempts: 0.5 s and 1 s later the minute is the same.
#[test]
fn every_route_has_all_attempts() {
    let text = r#"strategy.s = { retry.exponential = { base = "500ms", attempts = 3 }, route.second.tier = "other" }
        provider.retry-after = "none""#;
    let class = total(text);
    assert_eq!((class.served(), class.rerouted), (8, 5));
    assert_eq!(class.attempts(), 3 + 7 * 3 + 5 + 2 * 3);
}

#[test]
fn what_nothing_answers_gets_a_canned_answer_at_once() {
    let class = total(r#"strategy.s = { retry.none = {}, route.second.tier = "other", canned = true }"#);
    assert_eq!((class.served(), class.spared[Spared::Canned as usize], class.failed()), (10, 2, 0));
    assert_eq!((class.answered_calls(), class.latency.quantile(0.1)), (8, Some(SimDuration::ZERO)));
}

#[test]
fn only_the_classes_that_may_take_a_route_do() {
    let text = r#"strategy.s = { retry.none = {}, route.second = { tier = "other", classes = ["late"] } }
        traffic.late.arrivals.constant = { rate = "1/s" }
        traffic.late.requests = 10"#;
    let scenario = scenario(text);
    let cell =
        Cell { scenario: &scenario, tier: scenario.tier.find("small").unwrap(), strategy: &scenario.strategy[0].1 };
    let record = simulate(cell, 0, Stop::default()).unwrap();
    // Both come at every second, and the one that is stated first goes first.
    let seen: Vec<(u64, u64)> = record.classes.iter().map(|class| (class.served(), class.rerouted)).collect();
    assert_eq!(seen, [(2, 0), (6, 5)]);
}

#[test]
fn a_request_too_large_for_one_tier_may_fit_another() {
    let class = total(
        r#"strategy.s = { retry.none = {}, route.second.tier = "other" }
        tier.small.limits.input.counts = "input-tokens"
        tier.small.limits.input.fixed-window.limit = "500/min""#,
    );
    assert_eq!((class.rerouted, class.failures[Failure::GaveUp as usize]), (5, 5));
}

/// Regions have limits of their own, and a call that one refuses goes to the other at once.
#[test]
fn calls_are_spread_over_regions_and_leave_those_alone_that_cool_down() {
    let text = |by: &str| {
        format!(
            r#"strategy.s = {{ retry.constant = {{ base = "1s", attempts = 2 }}, spread = {{ by = "{by}", cool-down = "1h" }}, route.eu.region = "eu" }}
            traffic.app.region = "us"
            tier.small.limits.requests.scope = "region"
            provider.retry-after = "none""#
        )
    };
    let class = total(&text("round-robin"));
    // us, eu, us, eu, us, eu: then both have had their three, each is refused once, and cools down.
    assert_eq!((class.served(), class.rerouted), (6, 3));
    assert_eq!((class.rejected_by_attempt[0], class.failed()), (4, 4));
    // One call is under way at a time and ends before the next one comes: the first region stated is never busy.
    let class = total(&text("least-busy"));
    assert_eq!((class.served(), class.rerouted, class.rejected_by_attempt[0]), (6, 3, 5));
}

/// A call that takes longer than its client waits fails as by a 504, is not paid for, and goes on by the next way.
#[test]
fn whoever_loses_patience_first_ends_a_call() {
    let text = r#"strategy.s = { timeout = "400ms", retry.none = {}, route.second.tier = "other" }
        tier.other.time-to-first-token.constant = "100ms""#;
    let class = total(text);
    assert_eq!((class.served(), class.rerouted, class.rejected_by_attempt[1]), (5, 5, 5));
    assert_eq!(class.errors[Fault::Timeout as usize], 3);
    let longest = |text: &str| total(text).latency.max().unwrap();
    assert_eq!(longest(text), SimDuration::from_nanos(500_000_000));
    assert!((usd(&cell(text)) - 5.0 * 0.004).abs() < 1e-12);
    // The provider of the first tier gives up sooner than the client; that of the other has no such limit.
    let sooner = format!("{text}\nprovider.faults.timeout = \"200ms\"");
    assert_eq!(longest(&sooner), SimDuration::from_nanos(300_000_000));
    // The one of the second tier is not waited for either.
    let late = text.replace("100ms", "401ms");
    assert_eq!((total(&late).served(), total(&late).errors[Fault::Timeout as usize]), (0, 8));
    let just = text.replace("100ms", "400ms");
    assert_eq!((total(&just).served(), total(&just).errors[Fault::Timeout as usize]), (5, 3));
}

/// A minute that is shut for longer than a request has time is no reason to give up while there is another way.
#[test]
fn who_has_no_time_to_wait_takes_the_next_way() {
    let alone = r#"set traffic.app.deadline="5s"
        strategy.s = { retry.full-jitter = {} }"#;
    let class = total(alone);
    assert_eq!((class.served(), class.failures[Failure::Expired as usize]), (3, 7));
    let second = alone.replace("full-jitter = {}", "full-jitter = {}, route.second.tier = \"other\"");
    let class = total(&second);
    assert_eq!((class.served(), class.rerouted, class.failures[Failure::Expired as usize]), (8, 5, 2));
    let canned = second.replace("route.", "canned = true, route.");
    let class = total(&canned);
    assert_eq!((class.served(), class.rerouted, class.spared[Spared::Canned as usize]), (10, 5, 2));
    assert_eq!(class.latency.max(), Some(secs(1)));
}

/// What the line turns away, or keeps for too long, gets the canned answer; who has left does not.
#[test]
fn who_comes_to_no_call_gets_a_canned_answer() {
    let slow = "set provider.time-to-first-token.constant=\"1min\"\n";
    let with = |queue: &str| {
        let class = total(&format!("{slow}strategy.s = {{ concurrency = 1, canned = true, queue = {{ {queue} }} }}"));
        (class.answered_calls(), class.spared[Spared::Canned as usize], class.failed())
    };
    assert_eq!(with("capacity = 0"), (1, 9, 0));
    assert_eq!(with("capacity = 1, shed = \"oldest\""), (2, 8, 0));
    assert_eq!(with("deadline = \"10s\""), (1, 9, 0));
    assert_eq!(with("patience.constant = \"10s\""), (1, 0, 9));
}

/// A retry that may go elsewhere waits for nothing, so that its answer is there as soon as any other.
#[test]
fn a_retry_elsewhere_goes_at_once() {
    let class = total(
        r#"strategy.s = { retry.constant = { base = "9s", attempts = 2, honor-retry-after = false }, spread = { by = "least-busy" }, route.second.tier = "other" }"#,
    );
    assert_eq!((class.served(), class.rerouted), (8, 5));
    assert_eq!(class.latency.max(), Some(secs(1)));
}

/// The SDK makes four calls for each of the framework's three tries.
#[test]
fn clients_around_one_another_multiply() {
    let text = r#"strategy.s = { retry.constant = { base = "1s", attempts = 4, honor-retry-after = false }, around.framework.retry.constant = { base = "100ms", attempts = 3, honor-retry-after = false } }
        set tier.small.limits.requests.fixed-window.limit=1/min"#;
    let class = total(text);
    assert_eq!((class.served(), class.failures[Failure::GaveUp as usize]), (1, 9));
    assert_eq!(class.attempts(), 1 + 9 * 12);
}

#[test]
fn what_only_the_outer_client_retries_is_retried() {
    let outage = r#"
        provider.faults.outage.planned.at = "0s"
        provider.faults.outage.planned.length = "1min""#;
    let alone = r#"strategy.s = { retry.constant = { base = "1s", retry-on = ["429"] } }"#;
    let around = r#"strategy.s = { retry.constant = { base = "1s", retry-on = ["429"] }, around.gateway.retry.constant = { base = "100s", attempts = 2, retry-on = ["503"] } }
        set tier.small.limits.requests.fixed-window.limit=100/min"#;
    assert_eq!(total(&format!("{alone}{outage}")).failures[Failure::Error as usize], 10);
    let class = total(&format!("{around}{outage}"));
    assert_eq!((class.served(), class.errors[Fault::Unavailable as usize]), (10, 10));
}

/// Reports go to the lane of batches: half the price, an hour later, past the limit of the minute.
#[test]
fn a_lane_of_batches_takes_its_time_and_costs_half() {
    let text = r#"strategy.s = { retry.none = {}, route.lane = { endpoint = "batch", first = true } }
        provider.batch.turnaround.constant = "1h"
        tier.small.price.batch = "50%"
        tier.small.limits.requests.except.endpoints = ["batch"]"#;
    let class = total(text);
    assert_eq!((class.served(), class.rerouted, class.rejected()), (10, 10, 0));
    assert_eq!((class.latency.max(), class.latency.quantile(0.0)), (Some(secs(3_601)), Some(secs(3_601))));
    assert!((usd(&cell(text)) - 10.0 * 0.0005).abs() < 1e-12);
}

#[test]
fn a_batch_that_is_not_begun_in_time_expires_without_a_charge() {
    let text = r#"strategy.s = { retry.none = {}, route.lane = { endpoint = "batch", first = true, classes = ["app"] } }
        provider.batch = { turnaround.constant = "30h", expires = "1h" }
        tier.small.limits.requests.except.endpoints = ["batch"]"#;
    let class = total(text);
    assert_eq!(class.errors[Fault::Timeout as usize], 10);
    // What the lane does not answer goes where all calls go.
    assert_eq!((class.served(), class.rerouted, class.latency.max()), (3, 0, Some(secs(3_601))));
    assert!((usd(&cell(text)) - 3.0 * 0.001).abs() < 1e-12);
}

#[test]
fn routes_that_lead_nowhere_are_refused_where_they_stand() {
    let refused = |text: &str| {
        let program = Program::new(["check", "s.toml"]).file("s.toml", &format!("{TEN}{text}")).ended();
        assert_eq!(program.status, 2, "{}", program.stderr);
        program.stderr
    };
    let cases = [
        (r#"strategy.s.route.x.tier = "othr""#, "did you mean `other`?"),
        (r#"strategy.s.route.x = { tier = "other", classes = ["apps"] }"#, "no traffic is called `apps`"),
        (r#"strategy.s.route.x = {}"#, "this route leads where every call goes"),
        (r#"strategy.s.spread = {}"#, "there is one way only"),
        (r#"strategy.s.around = { a = {}, b = {}, c = {}, d = {} }"#, "4 clients around this one are too many"),
        (
            r#"strategy.s.route.x.tier = "by-month"
            tier.by-month.price.free.requests = 100"#,
            "`by-month` bills by the month",
        ),
    ];
    for (text, wanted) in cases {
        let said = refused(text);
        assert!(said.contains(wanted) && said.contains("s.toml:2"), "{text}: {said}");
    }
}

/// Ten requests, of which three pass at once. Whoever loses heart after a refusal is done; one around another has its own.
#[test]
fn each_client_has_a_persistence_of_its_own() {
    let refused = |text: &str| {
        let class = total(&format!("strategy.s = {text}"));
        assert_eq!((class.served(), class.failures[Failure::GaveUp as usize]), (3, 7), "{text}");
        class.rejected()
    };
    let hasty = "retry.constant = { base = '0s', attempts = 3, honor-retry-after = false";
    assert_eq!(refused(&format!("{{ {hasty} }} }}")), 21);
    assert_eq!(refused(&format!("{{ {hasty}, persistence = '0%' }} }}")), 7);
    assert_eq!(refused(&format!("{{ {hasty}, persistence = '0%' }}, around.a.{hasty} }} }}")), 21);
    assert_eq!(refused(&format!("{{ {hasty} }}, around.a.{hasty}, persistence = '0%' }} }}")), 21);
    let often = refused(&format!("{{ {hasty} }}, around.a.{hasty} }} }}"));
    assert_eq!(often, 63);
}
