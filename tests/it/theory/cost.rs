//! What a month costs, and when a quota is used up.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{Setup, mean, poisson, secs, traffic, window};
use ratecast::client::retry::{Constant, Persistence, RetryPolicy};
use ratecast::limiter::{Align, LimiterSpec, Prepaid};
use ratecast::metrics::{Metric, Sample, Value};
use ratecast::plan::{Options, forecast};
use ratecast::protocol::{Class, Counts, Request};
use ratecast::provider::{Price, PriceList, Step};
use ratecast::recorder::Record;
use ratecast::rng::Seed;
use ratecast::traffic::arrivals::{Arrivals, Poisson};
use ratecast::traffic::sizes::{Gamma, Lognormal, Sizes};
use ratecast::units::{Money, Share, SimDuration, TokenPrice, Tokens, grammar};
use rayon::prelude::*;

pub const TRIALS: &[Trial] = &[
    Trial::new("P-CO-01", "tokens", tokens),
    Trial::new("P-CO-02", "minimum", minimum),
    Trial::new("P-CO-03", "steps", |case, seed| steps(case, seed, 150)),
    Trial::new("P-CO-04", "start", |case, seed| exhaustion(case, seed, 10_000)),
    Trial::new("P-CO-05", "start", |case, seed| exhaustion(case, seed, 8)),
    Trial::new("P-CO-06", "prepaid", budget),
    Trial::new("P-CO-07", "drops", billed_failures),
];

fn token_price(case: &Case, name: &str) -> TokenPrice {
    grammar::token_price(&format!("{} USD/Mtok", case.number(name))).expect("a price")
}

fn tokens(case: &Case, seed: u64) -> Vec<Estimate> {
    let mut setup = Setup::new(seed, poisson(case.number("lambda")), secs(case.number("days") * 86_400.0));
    let sizes = |mean: &str, cv: &str, max: Option<Tokens>| {
        Sizes::Lognormal(Lognormal { mean: Tokens::new(case.number(mean) as u32), cv: case.number(cv), max })
    };
    let traffic = &mut setup.scenario.traffic[0].1;
    traffic.input_tokens = sizes("mean_tokens_in", "cv_tokens_in", None);
    let cap = Tokens::new(case.number("max_output_tokens") as u32);
    traffic.output_tokens = sizes("mean_tokens_out", "cv_tokens_out", Some(cap));
    traffic.correlation = case.number("log_correlation");
    let (input, output) = (token_price(case, "price_in"), token_price(case, "price_out"));
    setup.tier.price = Price { input, output, ..Price::default() };

    const RUNS: u32 = 4;
    let look = |record: Record| {
        let total = record.total();
        [total.charges.total().as_usd_f64(), total.offered as f64, total.output_tokens as f64]
    };
    let months = setup.runs(RUNS.into(), look);
    let [cost, requests, output] = [0, 1, 2].map(|at| months.iter().map(|month| month[at]).sum::<f64>());
    vec![
        Estimate::new("mean_cost_per_month_usd", cost / f64::from(RUNS), RUNS),
        Estimate::new("mean_cost_per_request_usd", cost / requests, requests),
        Estimate::new("mean_output_tokens_billed", output / requests, requests),
    ]
}

/// The sizes of the case are rounded up, and those of a scenario to the nearest whole count, so they are drawn here.
fn minimum(case: &Case, seed: u64) -> Vec<Estimate> {
    const REQUESTS: u32 = 1_000_000;
    let (input, minimum_tokens) = (token_price(case, "price"), Some(case.count("minimum")));
    let price = Price { input, minimum_tokens, ..Price::default() };
    let list = PriceList::new(&price, &[Class::default()]);
    let [mu, sigma] = case.list("mu_sigma")[..] else { panic!("two parameters") };
    let mut stream = Seed(seed).stream(0, "tokens");
    let costs = (0..REQUESTS).map(|_| {
        let tokens = libm::exp(mu + sigma * stream.normal()).ceil();
        list.of(&Request { input: Tokens::from_f64(tokens), ..Request::default() })
    });
    let cost: Money = costs.sum();
    let (a_token, requests) = (input.0.as_usd_f64(), f64::from(REQUESTS));
    vec![
        Estimate::new("mean_billed_tokens", cost.as_usd_f64() / a_token / requests, requests),
        Estimate::new("mean_cost_per_request_usd", cost.as_usd_f64() / requests, requests),
    ]
}

/// One run is the January of the default start, a whole calendar month.
fn steps(case: &Case, seed: u64, runs: u32) -> Vec<Estimate> {
    let rate = grammar::rate(&format!("{}/31d", case.count("mean_requests"))).expect("a rate");
    let mut setup = Setup::new(seed, traffic(Arrivals::Poisson(Poisson { rate })), secs(31.0 * 86_400.0));
    setup.scenario.replications = runs;
    let request = |at: usize| {
        let text = format!("{} USD/request", case.list("tier_prices")[at]);
        grammar::request_price(&text).expect("a price")
    };
    let bound = case.bounds("tier_upper_bounds")[0];
    let step = Step { requests: Some(bound), request: Some(request(1)), ..Step::default() };
    let price = &mut setup.tier.price;
    price.request = request(0);
    price.terms.free.requests = Some(case.count("free"));
    price.terms.steps = vec![("second".to_owned(), step)];

    let mut scenario = setup.scenario;
    scenario.tiers = vec!["graduated".to_owned()];
    scenario.tier.insert("graduated", setup.tier);
    scenario.strategy = vec![("app".to_owned(), setup.strategy)];
    let forecast = forecast(&scenario, Options::default()).expect("it runs");
    let bill = |sample: &Sample| match sample.get(Metric::Cost) {
        Value::Is(bill) => bill,
        _ => panic!("a month has a cost"),
    };
    let bills: Vec<f64> = forecast.cells[0].samples.iter().map(bill).collect();
    let free = bills.iter().filter(|bill| **bill == 0.0).count() as f64;
    vec![
        Estimate::new("mean_bill_usd", mean(&bills), runs),
        Estimate::new("probability_free_month", free / f64::from(runs), runs),
    ]
}

fn exhaustion(case: &Case, seed: u64, runs: u32) -> Vec<Estimate> {
    let (quota, month) = (case.count("quota"), case.number("days") * 86_400.0);
    // A record knows when the first request was refused: with a quota of one less, the one that uses the quota up. The
    // window is longer than the month, for the run goes on until that happens.
    let mut setup = Setup::new(seed, poisson(case.number("lambda")), secs(4.0 * month)).limit(window(
        quota - 1,
        5.0 * month,
        Align::Start,
    ));
    setup.scenario.traffic[0].1.requests = Some(quota);
    let refused = |record: ratecast::recorder::Record| record.limits[0].first_refused.expect("used up").as_secs_f64();
    let mut times = setup.runs(runs.into(), refused);
    times.sort_by(f64::total_cmp);
    let exhausted = times.iter().filter(|&&at| at < month).count() as f64;
    let blocked: f64 = times.iter().map(|at| (month - at).max(0.0)).sum();
    let runs_made = f64::from(runs);
    let mut estimates = vec![
        Estimate::new("mean_time_of_Qth_request_s", mean(&times), runs),
        Estimate::new("probability_exhausted_in_month", exhausted / runs_made, runs),
        Estimate::new("mean_blocked_s", blocked / runs_made, runs),
    ];
    // A quantile of a few runs is far from normal.
    if runs >= 1_000 {
        for (metric, percent) in case.thresholds("time_of_Qth_request_p", "_s") {
            estimates.push(Estimate::new(metric, times[(percent / 100.0 * runs_made) as usize], runs));
        }
    }
    estimates
}

/// A credit that is charged with what calls cost once they have ended, which is at once here: it lets calls pass while
/// anything is left.
fn budget(case: &Case, seed: u64) -> Vec<Estimate> {
    const RUNS: u32 = 1_000;
    let money = |name: &str| Money::from_usd_f64(case.number(name));
    let credit = money("budget");
    // Costs are whole tokens of a millionth of a dollar.
    let tokens = Tokens::new((case.number("cost_mean") * 1e6).round() as u32);
    let cv = 1.0 / case.number("cost_shape").sqrt();
    let limiter = LimiterSpec::Prepaid(Prepaid { credit });
    // 13 standard deviations beyond the mean time.
    let mut setup =
        Setup::new(seed, poisson(case.number("lambda")), secs(1.4 * case.expected["mean_exhaustion_time_s"]))
            .limit_on(Counts::Spend, limiter);
    setup.scenario.traffic[0].1.input_tokens = Sizes::Gamma(Gamma { mean: tokens, cv, max: None });
    setup.tier.price.input = grammar::token_price("1 USD/Mtok").expect("a price");

    let month = case.number("days") * 86_400.0;
    let look = |replication: u64| {
        let record = setup.run(replication);
        let admitted = record.total().admitted;
        let (mut arrived, mut last) = (0, 0.0);
        setup.each_request(replication, |request, _| {
            arrived += 1;
            last = if arrived == admitted { request.arrived.as_secs_f64() } else { last };
        });
        assert!(record.limits[0].refused > 0, "used up");
        let overshoot = Money::from_billionths(record.limits[0].charged).less(credit);
        [admitted as f64, last, f64::from(u8::from(last < month)), overshoot.as_usd_f64()]
    };
    let seen: Vec<[f64; 4]> = (0..u64::from(RUNS)).into_par_iter().map(look).collect();
    let metrics =
        ["mean_requests_admitted", "mean_exhaustion_time_s", "probability_exhausted_in_month", "mean_overshoot_usd"];
    let average = |at: usize| mean(&seen.iter().map(|run| run[at]).collect::<Vec<_>>());
    metrics.iter().enumerate().map(|(at, metric)| Estimate::new(*metric, average(at), RUNS)).collect()
}

/// A call whose answer ends half-way is paid for as far as it came: of an answer of one token nothing came, so that such a
/// call costs its prompt. Requests that a cache answers never reach the provider; they are a Poisson process of their own.
fn billed_failures(case: &Case, seed: u64) -> Vec<Estimate> {
    const REQUESTS: f64 = 1e6;
    let hits = case.number("hit_probability");
    let part = |share: f64| Setup::measured(seed, share, 0.0, REQUESTS * share);
    let cached = part(hits).run(1).total().offered;

    let mut setup = part(1.0 - hits);
    let persistence = Persistence { attempts: case.count("max_attempts") as u32, ..Persistence::default() };
    setup.strategy.retry = RetryPolicy::Constant(Constant { base: SimDuration::ZERO, persistence });
    let faults = &mut setup.scenario.provider.faults;
    faults.drops = Share::from_hundred_millionths((case.number("failure_probability") * 1e8).round() as u64);
    let traffic = &mut setup.scenario.traffic[0].1;
    (traffic.input_tokens, traffic.output_tokens) = (Sizes::constant(1), Sizes::constant(1));
    let (failed, answered) = (case.number("price_fail"), case.number("price_ok"));
    setup.tier.price.input = TokenPrice(Money::from_usd_f64(failed));
    setup.tier.price.output = TokenPrice(Money::from_usd_f64(answered - failed));

    let total = setup.run(0).total();
    let cost = total.charges.total().as_usd_f64() + cached as f64 * case.number("price_hit");
    let requests = (total.offered + cached) as f64;
    let successes = (total.served() + cached) as f64;
    vec![
        Estimate::new("mean_cost_per_request_usd", cost / requests, requests),
        Estimate::new("mean_cost_per_success_usd", cost / successes, requests),
    ]
}
