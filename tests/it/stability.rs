//! The same seed gives the same values, in every version: `tests/data/stability.txt` holds the first ones of every stream,
//! sampler, process and policy, and the figures of a small run.

use crate::generate::{self, Dice};
use ratecast::client::retry::{Backoff, RetryPolicy};
use ratecast::client::{Queue, Strategy};
use ratecast::durations::{self, Durations};
use ratecast::engine::{Cell, Stop, simulate};
use ratecast::limiter::{Align, FixedWindow, LimiterSpec, TokenBucket};
use ratecast::params::Choice;
use ratecast::protocol::Counts;
use ratecast::provider::faults::{Call, FaultState, Outage, Spells};
use ratecast::provider::{Faults, LimitSpec, Load, LoadPath, Service, ServiceTimes, Tier};
use ratecast::recorder::{ClassRecord, Record};
use ratecast::rng::{Keyed, Lognormal, MODEL, Seed, Stream, exp};
use ratecast::scenario::{Scenario, load_text};
use ratecast::traffic::arrivals::{Arrivals, Poisson};
use ratecast::traffic::shape::Shape;
use ratecast::traffic::sizes::{self, Sizes};
use ratecast::traffic::users::{Agents, SubAgents, Users};
use ratecast::traffic::{self, Columns, Feed, Setting, SizeStreams, Sizing, Traffic};
use ratecast::units::{Allowance, Civil, Rate, Share, SimDuration, SimTime, Tokens};
use std::fmt::Debug;
use std::path::Path;

fn stream(name: &str) -> Stream {
    Seed(2_025).stream(3, name)
}

/// A line of the snapshot: what, and its values.
fn line(what: &str, values: impl IntoIterator<Item = impl Debug>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| format!("{value:?}")).collect();
    format!("{what}: {}", values.join(" ")).trim_end().to_owned()
}

/// Five values of `draw`, of a fresh stream named after them.
fn drawn<T: Debug>(what: &str, mut draw: impl FnMut(&mut Stream) -> T) -> String {
    let mut stream = stream(what);
    line(what, (0..5).map(|_| draw(&mut stream)))
}

fn streams() -> Vec<String> {
    vec![
        drawn("uniform", Stream::uniform),
        drawn("exponential", Stream::exponential),
        drawn("normal", Stream::normal),
        drawn("index below 1000", |stream| stream.index(1_000)),
        drawn("index below 2^63 + 1", |stream| stream.index((1 << 63) + 1)),
        drawn("lognormal", |stream| {
            let mut out = [0.0];
            Lognormal::new(3.0, 0.5).fill(stream, &mut out);
            out[0]
        }),
        line("exp", [-700.0, -1.5, 0.0, 1e-9, 0.3, 88.0, 709.0].map(exp)),
    ]
}

fn arrivals() -> Vec<String> {
    let process = |arrivals: &Arrivals| {
        let mut out = [SimTime::ZERO; 6];
        arrivals.model().process(stream("arrivals"), &Civil::default()).fill(&mut out);
        line(&format!("arrivals {}", arrivals.kind()), out.map(SimTime::as_nanos))
    };
    generate::completed(Arrivals::registered()).iter().map(process).collect()
}

fn users() -> Vec<String> {
    let (start, folder) = (Civil::default(), Path::new(""));
    let setting = Setting { folder, start: &start, end: SimTime::NEVER, seed: Seed(2_025), replication: 3 };
    let asked = |users: &Users| {
        let source = Traffic { users: Some(users.clone()), ..Traffic::default() };
        let mut crowd = traffic::crowd(&source, "users", &setting).unwrap().unwrap();
        let mut ask = || {
            let prompt = crowd.take();
            crowd.answered(prompt.thread, prompt.at.saturating_add(SimDuration::from_secs(2)), true);
            (prompt.at.as_nanos(), prompt.size.input.get())
        };
        line(&format!("users {}", users.kind()), [(); 8].map(|()| ask()))
    };
    let agents = Users::Agents(Agents {
        sub_agents: Some(SubAgents { share: Share::ONE, ..SubAgents::default() }),
        ..Agents::default()
    });
    generate::completed(Users::registered()).iter().chain([&agents]).map(asked).collect()
}

fn correlated() -> Vec<String> {
    let law = |mean| Sizes::Lognormal(sizes::Lognormal { mean: Tokens::new(mean), cv: 1.0, max: None });
    let traffic = Traffic {
        arrivals: Some(Arrivals::default()),
        input_tokens: law(900),
        output_tokens: law(300),
        correlation: 0.5,
        cached_input: Share::from_hundred_millionths(25_000_000),
        max_tokens: Some(Tokens::new(600)),
        ..Traffic::default()
    };
    let sizing = Sizing::new(&traffic, Path::new("")).unwrap();
    let mut columns = Columns::default();
    sizing.fill(&mut SizeStreams::new(stream), &mut columns);
    let rows = columns.input.iter().zip(&columns.cached).zip(&columns.output);
    vec![line("sizes that go together", rows.map(|((i, c), o)| (i.get(), c.get(), o.get())).take(6))]
}

fn shapes() -> Vec<String> {
    let instants = |shape: &Shape| {
        let arrivals = Some(Arrivals::default());
        let traffic = Traffic { arrivals, shape: Some(shape.clone()), ..Traffic::default() };
        let end = SimTime::from_nanos(1 << 62);
        let setting =
            Setting { folder: Path::new(""), start: &Civil::default(), end, seed: Seed(2_025), replication: 3 };
        let mut columns = Columns::default();
        Feed::new(&traffic, "app", &setting).unwrap().fill(&mut columns).unwrap();
        line(&format!("shape {}", generate::shape_keys(shape)[0]), &columns.arrived.map(SimTime::as_nanos)[..6])
    };
    generate::shapes().iter().map(instants).collect()
}

fn sizes() -> Vec<String> {
    let tokens = Tokens::new;
    let values = [1, 5, 20].map(tokens).to_vec();
    let models = [
        Sizes::constant(7),
        Sizes::Uniform(sizes::Uniform { min: tokens(10), max: tokens(99) }),
        Sizes::Lognormal(sizes::Lognormal { mean: tokens(1_500), cv: 1.2, max: Some(tokens(4_096)) }),
        Sizes::Gamma(sizes::Gamma { mean: tokens(300), cv: 1.5, max: None }),
        Sizes::HeavyTail(sizes::HeavyTail {
            tail: Share::from_hundred_millionths(30_000_000),
            ..sizes::HeavyTail::default()
        }),
        Sizes::Geometric(sizes::Geometric { mean: 6.5, max: None }),
        Sizes::Empirical(sizes::Empirical { values: values.clone(), weights: vec![] }),
        Sizes::Empirical(sizes::Empirical { values, weights: vec![0.7, 0.2, 0.1] }),
    ];
    assert_all_kinds(&Sizes::registered(), &models);
    let fill = |sizes: &Sizes| {
        let mut out = [tokens(0); 8];
        sizes.model().fill(&mut stream("sizes"), &mut out);
        line(&format!("sizes {}", sizes.kind()), out.map(Tokens::get))
    };
    models.iter().map(fill).collect()
}

fn durations() -> Vec<String> {
    let mean = SimDuration::from_secs(2);
    let models = [
        Durations::constant(mean),
        Durations::Exponential(durations::Exponential { mean }),
        Durations::Lognormal(durations::Lognormal { mean, cv: 1.0 }),
    ];
    assert_all_kinds(&Durations::registered(), &models);
    let fill = |durations: &Durations| {
        let mut out = [0.0; 5];
        durations.model().fill(&mut stream("durations"), &mut out);
        line(&format!("durations {}", durations.kind()), out)
    };
    let mut lines: Vec<String> = models.iter().map(fill).collect();
    let service = Service {
        time_to_first_token: models[2].clone(),
        time_per_output_token: models[1].clone(),
        ..Service::default()
    };
    let mut out = [SimDuration::ZERO; 4];
    ServiceTimes::new(&service.others(), stream("first"), stream("per"))
        .fill(&[0, 1, 10, 500].map(Tokens::new), &mut out);
    lines.push(line("service times", out.map(SimDuration::as_nanos)));
    lines
}

fn assert_all_kinds<T: Choice>(registered: &[T], models: &[T]) {
    for kind in registered {
        assert!(models.iter().any(|model| model.kind() == kind.kind()), "add a `{}`", kind.kind());
    }
}

fn retries() -> Vec<String> {
    let delays = |policy: &RetryPolicy| {
        let backoff = Backoff::new(policy);
        let (mut dice, mut previous) = (Dice::new("retries", 1), SimDuration::ZERO);
        let delay = |retry: u32| {
            let delay = backoff.delay(retry, previous, None, SimDuration::ZERO, || dice.uniform())?;
            previous = delay;
            Some(delay.as_nanos())
        };
        line(&format!("retry {}", policy.kind()), (1..9).map_while(delay).collect::<Vec<_>>())
    };
    RetryPolicy::registered().iter().map(delays).collect()
}

/// A small cell in which everything happens: queueing, refusals by two limits, retries, all failures.
fn small_run() -> Record {
    let rate = |n, secs| Rate::new(n, SimDuration::from_secs(secs)).unwrap();
    let source = |n: u64, mean: u32| Traffic {
        arrivals: Some(Arrivals::Poisson(Poisson { rate: rate(n, 1) })),
        input_tokens: Sizes::Lognormal(sizes::Lognormal { mean: Tokens::new(mean), cv: 1.0, max: None }),
        ..Traffic::default()
    };
    let limit = |counts, limiter| LimitSpec { counts, limiter, ..LimitSpec::default() };
    let window = FixedWindow { limit: Allowance::per(60, SimDuration::from_secs(20)), align: Align::Epoch };
    let bucket = TokenBucket { refill: rate(2_000, 1), capacity: Some(5_000) };
    let scenario = Scenario {
        duration: SimDuration::from_secs(300),
        warmup: SimDuration::from_secs(10),
        drain: SimDuration::from_secs(3),
        traffic: vec![("chat".to_owned(), source(3, 800)), ("batch".to_owned(), source(1, 1_500))],
        ..Scenario::default()
    };
    let tier = Tier {
        limits: vec![
            ("requests".to_owned(), limit(Counts::Requests, LimiterSpec::FixedWindow(window))),
            ("tokens".to_owned(), limit(Counts::InputTokens, LimiterSpec::TokenBucket(bucket))),
        ],
        ..Tier::default()
    };
    let queue = Queue { capacity: Some(12), deadline: Some(SimDuration::from_secs(15)), ..Queue::default() };
    let strategy = Strategy { concurrency: Some(14), queue, ..Strategy::default() };
    simulate(Cell { scenario: &scenario, tier: &tier, strategy: &strategy }, 0, Stop::default()).unwrap()
}

/// How the service behaves: the load of others, bad times, and the luck of calls.
fn behaviour() -> Vec<String> {
    let at = |seconds: u64| SimTime::ZERO + SimDuration::from_secs(seconds);
    let mut path = LoadPath::new(&Load { cv: 0.5, ..Load::default() }, stream("load"));
    let (every, length) = (Some(SimDuration::from_secs(3_600)), SimDuration::from_secs(600));
    let mut spells = Spells::new(&Outage { every, length, ..Outage::default() }, &Civil::default(), stream("outage"));
    let mut was_on = false;
    let changes = (0..86_400).filter(|&second| {
        let is_on = spells.are_on(at(second));
        std::mem::replace(&mut was_on, is_on) != is_on
    });
    let luck = Keyed::new(stream("keyed"));
    let part = Share::from_hundred_millionths(30_000_000);
    let faults = Faults { errors: part, drops: part, hangs: part, ..Faults::default() };
    let state = FaultState::new(&faults, &["app".to_owned()], &Civil::default(), &stream);
    let call = |number| Call { class: 0, number, attempt: 1 };
    vec![
        line("load by the minute", (0..6).map(|minute| path.level(at(60 * minute)))),
        line("outages, the seconds at which they begin and end", changes.take(8)),
        line("keyed", [[1, 1, 0], [1, 1, 1], [1, 2, 0], [2, 1, 0], [u64::MAX; 3]].map(|place| luck.uniform(place))),
        line("mishaps", (1..9).map(|number| state.mishap(call(number)))),
    ]
}

/// A service on which everything bears: times by model, the load of others, a queue, faults of every kind.
const BUSY: &str = r#"
duration = "30min"
tiers = ["it"]
traffic.app = { arrivals.poisson = { rate = "1/s" }, class.large = { weight = 1, model = "large" }, class.small = { weight = 2 } }
strategy.it.retry.full-jitter = { base = "1s" }
tier.it.limits.requests.token-bucket = { refill = "70/min" }

[provider]
time-to-first-token.exponential = { mean = "1s" }
models.large.time-per-output-token.lognormal = { mean = "30ms", cv = 0.5 }
congestion = { at = 20 }
servers = 16
load = { cv = 0.4, limits-above = 1.2 }

[provider.faults]
errors = "2%"
drops = "2%"
hangs = "1%"
timeout = "40s"
overload = { at = 30 }
outage.often = { every = "10min", length = "1min", share = "50%" }
"#;

fn busy_run() -> Vec<String> {
    let ready = load_text("busy.toml", BUSY, &[]).unwrap_or_else(|failure| panic!("{failure}"));
    let (scenario, tier) = (&ready.scenario, &ready.scenario.tier[0].1);
    let cell = Cell { scenario, tier, strategy: &scenario.strategy[0].1 };
    let record = simulate(cell, 0, Stop::default()).unwrap();
    let of = |(at, class): (usize, &ClassRecord)| {
        assert!(class.errors.iter().all(|&count| count > 0), "make it one in which everything happens: {class:?}");
        let counts = [class.offered, class.served(), class.rejected(), class.failed()];
        [
            line(&format!("busy run, class {at}: counts"), counts),
            line(&format!("busy run, class {at}: errors"), class.errors),
            line(&format!("busy run, class {at}: times"), [class.latency.sum_nanos(), class.held_up, class.service]),
        ]
    };
    record.classes.iter().enumerate().flat_map(of).collect()
}

/// FNV-1a, so that thousands of counts fit on a line.
fn hash(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}

fn run() -> Vec<String> {
    let record = small_run();
    let mut lines = Vec::new();
    for (at, class) in record.classes.iter().enumerate() {
        let counts =
            [class.offered, class.served(), class.pending, class.admitted, class.input_tokens, class.output_tokens];
        lines.push(line(&format!("run, source {at}: counts"), counts));
        lines.push(line(&format!("run, source {at}: failures"), &class.failures[..4]));
        lines.push(line(&format!("run, source {at}: refusals"), class.rejected_by_attempt));
        lines.push(line(&format!("run, source {at}: times"), [class.latency.sum_nanos(), class.queued, class.service]));
        let latencies = hash(&format!("{:?}", class.latency.cumulative()));
        lines.push(format!("run, source {at}: hash of latencies: {latencies:016x}"));
        let everything = class.failures[..4].iter().chain([&class.pending]).all(|&count| count > 0);
        assert!(
            everything || at > 0,
            "make the run one in which everything happens: {:?} {}",
            class.failures,
            class.pending
        );
    }
    for limit in &record.limits {
        lines.push(format!("run, limit: {} {:?} {}", limit.refused, limit.first_refused, limit.charged));
    }
    let bins = record.timeline.bins().iter().chain([&record.timeline.drain()]).map(counts).collect::<Vec<_>>().concat();
    lines.push(format!("run, hash of the timeline: {:016x}", hash(&bins)));
    lines
}

fn counts(bin: &ratecast::recorder::Bin) -> String {
    format!("{} {} {} {};", bin.offered, bin.admitted, bin.rejected, bin.failed)
}

#[test]
fn values_stay_as_they_are() {
    let mut now = vec![format!("random model {MODEL}")];
    let drawn = [streams(), arrivals(), users(), shapes(), sizes(), correlated(), durations(), behaviour()];
    for part in drawn.into_iter().chain([retries(), run(), busy_run()]) {
        now.extend(part);
    }
    let then: Vec<&str> = include_str!("../data/stability.txt").lines().collect();
    let changed: Vec<&String> = now.iter().filter(|line| !then.contains(&line.as_str())).collect();
    assert!(
        changed.is_empty() && now.len() == then.len(),
        "results for a given seed have changed. If they must, raise `rng::MODEL`, note the change in CHANGELOG.md as \
         value-changing, and replace tests/data/stability.txt. A model that is new only adds lines.\nchanged:\n{changed:#?}\n\
         all lines are now:\n{}",
        now.join("\n")
    );
}
