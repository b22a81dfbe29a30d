//! Clients that spare calls, by runs small enough to foretell: kept answers, shared calls, batches, answers in parts, prompts
//! that the provider keeps, and the way over the network.

use crate::foretold;
use ratecast::engine::{Cell, Note, Stop, simulate, story};
use ratecast::metrics::Metric;
use ratecast::plan::{Options, forecast};
use ratecast::recorder::{ClassRecord, Failure, Spared};
use ratecast::scenario::{Ready, load_text};
use ratecast::units::{Money, SimDuration};

/// A request each second for ten seconds with 100 tokens both ways, all with the same key; a call takes 2.5 s.
const TRAFFIC: &str = r#"
duration = "10s"
tiers = ["open"]
[tier.open]
price = { input = "1 USD/Mtok", cached-input = "0.1 USD/Mtok", cache-write = "1.25 USD/Mtok" }
[traffic.app]
arrivals.constant = { rate = "1/s" }
input-tokens.constant = { value = 100 }
output-tokens.constant = { value = 100 }
cache-keys = { count = 1 }
[provider]
time-to-first-token.constant = { value = "2.5s" }
time-per-output-token.constant = { value = "0s" }
[strategy.client]
retry.none = {}
"#;

fn ready(keys: &str, set: &[&str]) -> Ready {
    let set: Vec<String> = set.iter().map(|set| set.to_string()).collect();
    load_text("test", &format!("{TRAFFIC}{keys}"), &set).unwrap_or_else(|failure| panic!("{failure:?}"))
}

/// The record of a client with such `keys`.
fn run(keys: &str, set: &[&str]) -> ClassRecord {
    let ready = ready(keys, set);
    let scenario = &ready.scenario;
    let tier = scenario.tier.find(&scenario.tiers[0]).expect("the tier is there");
    let cell = Cell { scenario, tier, strategy: &scenario.strategy[0].1 };
    simulate(cell, 0, Stop::default()).unwrap_or_else(|error| panic!("{error}")).total()
}

fn spared(record: &ClassRecord) -> [u64; 3] {
    [Spared::Cache, Spared::Coalesced, Spared::Batched].map(|how| record.spared[how as usize])
}

fn seconds(nanos: u128) -> f64 {
    nanos as f64 / 1e9
}

#[test]
fn an_answer_is_kept_from_its_end_on_and_given_again() {
    // 0, 1 and 2 call; the first answer comes at 2.5 and lasts until 5.5, so 3, 4 and 5 hit; 6, 7, 8 call, and 9 hits.
    let record = run("cache.shared = { ttl = \"3s\", hit-latency = \"100ms\" }", &[]);
    assert_eq!((record.admitted, spared(&record)), (6, [4, 0, 0]));
    assert_eq!(seconds(record.latency.sum_nanos()), 6.0 * 2.5 + 4.0 * 0.1);
    assert_eq!(record.backed_off(), 0);
    // A hit costs nothing.
    assert_eq!(record.charges.total(), Money::from_billionths(6 * 100 * 1_000));
}

#[test]
fn those_who_ask_the_same_wait_for_one_call() {
    let record = run("cache.shared = { ttl = \"3s\" }\ncoalesce = {}", &[]);
    assert_eq!((record.admitted, spared(&record)), (2, [4, 4, 0]));
    // 1 and 2 wait for the answer to 0 at 2.5, as 7 and 8 do for the one to 6 at 8.5.
    assert_eq!(seconds(record.joining), 2.0 * (1.5 + 0.5));
    assert_eq!(seconds(record.latency.sum_nanos()), 2.0 * 2.5 + 4.0);
    assert_eq!(record.backed_off(), 0);
}

#[test]
fn each_client_keeps_its_own() {
    // Three users ask at once, and ask again each second after their answer.
    let set = [
        "traffic.app.users.closed-loop={count=3,think-time.constant={value=\"1s\"}}",
        "traffic.app.requests=9",
        "provider.time-to-first-token.constant.value=\"100ms\"",
    ];
    let text = TRAFFIC.replace("arrivals.constant = { rate = \"1/s\" }\n", "");
    let run = |keys: &str| {
        let set: Vec<String> = set.iter().map(|set| set.to_string()).collect();
        let ready = load_text("test", &format!("{text}{keys}"), &set).unwrap_or_else(|failure| panic!("{failure:?}"));
        let (scenario, tier) = (&ready.scenario, ready.scenario.tier.find("open").unwrap());
        let cell = Cell { scenario, tier, strategy: &scenario.strategy[0].1 };
        let record = simulate(cell, 0, Stop::default()).unwrap().total();
        (record.offered, record.admitted, spared(&record)[0])
    };
    assert_eq!(run("cache.local = {}"), (9, 3, 6));
    // Those who come while the first call is under way make their own.
    assert_eq!(run("cache.shared = {}"), (9, 3, 6));
    assert_eq!(run("cache.shared = {}\ncoalesce = { among = \"client\" }"), (9, 3, 6));
    assert_eq!(run("cache.shared = {}\ncoalesce = {}"), (9, 1, 6));
    assert_eq!(run("coalesce = { among = \"client\" }"), (9, 9, 0));
}

/// One other request takes all that there is for an hour; each of the six tries twice, five seconds apart.
#[test]
fn a_failure_is_shared_or_the_next_one_tries() {
    let text = TRAFFIC
        .replace("duration = \"10s\"", "duration = \"6s\"")
        .replace("[traffic.app]", "[traffic.aaa]\nrequests = 1\narrivals.constant = { rate = \"1/s\" }\n[traffic.app]")
        .replace("[tier.open]", "[tier.open]\nlimits.hour.fixed-window = { limit = \"1/h\" }");
    let run = |keys: &str| {
        let retry = ["strategy.client.retry.constant={base=\"5s\",attempts=2,honor-retry-after=false}".to_owned()];
        let text = format!("{}{keys}", text.replace("retry.none = {}\n", ""));
        let ready = load_text("test", &text, &retry).unwrap_or_else(|failure| panic!("{failure:?}"));
        let (scenario, tier) = (&ready.scenario, ready.scenario.tier.find("open").unwrap());
        let cell = Cell { scenario, tier, strategy: &scenario.strategy[0].1 };
        let record = simulate(cell, 0, Stop::default()).unwrap();
        let app = &record.classes[1];
        (app.failures[Failure::GaveUp as usize], app.rejected())
    };
    // 0 tries at 0 and 5, and 1 to 4 fail with it; 5 comes after that, and tries at 5 and 10.
    assert_eq!(run("coalesce = {}"), (6, 4));
    assert_eq!(run("coalesce = { on-failure = \"next\" }"), (6, 12));
}

#[test]
fn a_batch_is_one_call_with_the_shared_prompt_once() {
    let keys = "batch = { size = 3, linger = \"1.5s\", shared-input = 60 }";
    let slow = "provider.time-per-output-token.constant.value=\"10ms\"";
    let record = run(keys, &[slow]);
    // 0 and 1 leave at 1.5, 2 and 3 at 3.5, and so on.
    assert_eq!((record.admitted, record.served(), spared(&record)), (5, 10, [0, 0, 5]));
    assert_eq!(seconds(record.joining), 5.0 * (1.5 + 0.5));
    // One time to the first token, and two answers one after the other.
    assert_eq!(seconds(record.service), 10.0 * (2.5 + 2.0));
    assert_eq!(record.backed_off(), 0);
    assert_eq!(record.charges.total(), Money::from_billionths(5 * 140 * 1_000));
    // Full ones leave at once: 0 to 2 at 2, 3 to 5 at 5, 6 to 8 at 8; 9 leaves alone.
    let record = run("batch = { size = 3, linger = \"5s\" }", &[]);
    assert_eq!((record.admitted, spared(&record)[2]), (4, 6));
    assert_eq!(seconds(record.joining), 3.0 * (2.0 + 1.0) + 5.0);
    // By the clock: 0 to 3 at 4, where 4 comes too late; 4 to 7 at 8; 8 and 9 at 12.
    let record = run("batch = { size = 100, every = \"4s\" }", &[]);
    assert_eq!((record.admitted, spared(&record)[2]), (3, 7));
    assert_eq!(seconds(record.joining), 10.0 + 10.0 + 7.0);
}

#[test]
fn all_of_a_batch_fail_together() {
    let keys = "concurrency = 1\nqueue.capacity = 0\nbatch = { size = 2, linger = \"1h\" }";
    let record = run(keys, &["provider.time-to-first-token.constant.value=\"100s\""]);
    assert_eq!((record.served(), record.failures[Failure::Shed as usize]), (2, 8));
}

/// A provider that reserves `max_tokens` reserves them for all that a batch may hold.
#[test]
fn a_batch_states_the_max_tokens_of_all() {
    let limit =
        r#"tier.open.limits.tokens={fixed-window={limit="1000/h"},counts="output-tokens",reserve="max-tokens"}"#;
    let most = "traffic.app.max-tokens=250";
    let refused = |size: u32| run(&format!("batch = {{ size = {size}, linger = \"1h\" }}"), &[limit, most]).rejected();
    assert_eq!([2, 5].map(refused), [3, 2]);
}

/// Reports may wait for one another; the app's requests, which come with them, go at once, each in a call of its own.
#[test]
fn some_classes_are_batched_and_others_not() {
    let reports = r#"traffic.reports={arrivals.constant.rate="1/s",cache-keys.count=1}"#;
    let batch = |size: u32| format!("batch = {{ size = {size}, linger = \"1.5s\", classes = [\"reports\"] }}");
    let classes = |keys: &str, set: &[&str]| {
        let ready = ready(keys, &[&[reports], set].concat());
        foretold::run(&ready.scenario).classes
    };
    let [app, reports] = &classes(&batch(3), &[])[..] else { panic!("two sources") };
    assert_eq!((app.admitted, app.joining, spared(app)[2]), (10, 0, 0));
    assert_eq!((reports.admitted, seconds(reports.joining), spared(reports)[2]), (5, 5.0 * (1.5 + 0.5), 5));
    // Nobody answers five of the app's at once: four of 250 tokens each fit, and its answers may be asked for again.
    let limit = r#"tier.open.limits.tokens={fixed-window={limit="1000/h"},counts="output-tokens",reserve="max-tokens",only.models=["small"]}"#;
    let small = ["traffic.app.model=\"small\"", "traffic.app.max-tokens=250", "traffic.app.re-asks=1"];
    let large = "traffic.reports.model=\"large\"";
    let all = classes(&batch(5), &[&small[..], &[limit, large]].concat());
    assert_eq!((all[0].rejected(), all[1].rejected()), (6, 0));
}

/// Answers of 1,200 tokens that are cut off at 500; a call takes a second and 10 ms a token.
const CUT: [&str; 7] = [
    "traffic.app.output-tokens.constant.value=1200",
    "traffic.app.max-tokens=500",
    "traffic.app.re-asks=3",
    "provider.time-to-first-token.constant.value=\"1s\"",
    "provider.time-per-output-token.constant.value=\"10ms\"",
    "tier.open.price.output=\"2 USD/Mtok\"",
    "traffic.app.requests=2",
];

#[test]
fn max_tokens_may_grow_from_call_to_call() {
    let run = |how: &str| {
        let how = format!("traffic.app.re-asking={{{how}}}");
        run("", &[&CUT[..], &[how.as_str()]].concat())
    };
    let figures = |record: &ClassRecord| {
        let seconds = seconds(record.latency.sum_nanos()) / 2.0;
        (record.admitted / 2, record.continued / 2, record.output_tokens / 2, seconds)
    };
    let cost = |input: u64, output: u64| Money::from_billionths(2 * (input + 2 * output) * 1_000);
    // 500 and 700; what was said goes along as input.
    let record = run("growth=2");
    assert_eq!((figures(&record), record.charges.total()), ((2, 1, 1_200, 6.0 + 8.0), cost(100 + 600, 1_200)));
    // 500, 600 and 100.
    let record = run("growth=2,cap=600");
    assert_eq!((figures(&record), record.charges.total()), ((3, 2, 1_200, 6.0 + 7.0 + 2.0), cost(1_900, 1_200)));
    // 500 and 1,000 for nothing, and all 1,200 of them with 2,000 allowed.
    let record = run("growth=2,from=\"start\"");
    assert_eq!((figures(&record), record.charges.total()), ((3, 2, 1_200, 6.0 + 11.0 + 13.0), cost(300, 2_700)));
    assert_eq!(record.charges.wasted, cost(200, 1_500));
    // With 900 allowed at most the answer stays cut off, and nobody asks for the same once more.
    let record = run("growth=2,cap=900,from=\"start\"");
    assert_eq!((figures(&record), record.charges.total()), ((2, 1, 900, 6.0 + 10.0), cost(200, 1_400)));
}

/// What a provider reserves by `max_tokens` grows with them, wherever the call goes.
#[test]
fn what_is_reserved_grows_too() {
    let is_served = |how: &str, tier: &str, most: u32| {
        let limit = format!(r#"{{fixed-window.limit="{most}/h",counts="output-tokens",reserve="max-tokens"}}"#);
        let limit = format!("tier.{tier}.limits.tokens={limit}");
        let other = "tier.other.max-output=9000".to_owned();
        let route = if tier == "other" { "route.second = { tier = \"other\", first = true }" } else { "" };
        let how = format!("traffic.app.re-asking={{{how}}}");
        let set = [&CUT[..6], &["traffic.app.requests=1", how.as_str(), other.as_str(), limit.as_str()]].concat();
        let record = run(route, &set);
        record.rejected() == 0 && record.served() == 1
    };
    for tier in ["open", "other"] {
        for (how, reserved) in
            [("", 3 * 500), ("growth=2", 500 + 1_000), ("growth=2,from=\"start\"", 500 + 1_000 + 2_000)]
        {
            assert!(is_served(how, tier, reserved), "{tier}: {how}");
            assert!(!is_served(how, tier, reserved - 1), "{tier}: {how}");
        }
    }
}

#[test]
fn an_answer_that_is_cut_off_is_asked_to_go_on() {
    let set = CUT;
    let record = run("", &set);
    assert_eq!((record.served(), record.admitted, record.continued, record.retried), (2, 6, 4, 0));
    assert_eq!(record.output_tokens, 2 * 1_200);
    // Input of 100, 600 and 1,100 tokens, and three times to the first token.
    let cost = 100 + 600 + 1_100 + 2 * 1_200;
    assert_eq!(record.charges.total(), Money::from_billionths(2 * cost * 1_000));
    assert_eq!(record.charges.first, Money::from_billionths(2 * (100 + 2 * 500) * 1_000));
    assert_eq!(seconds(record.latency.sum_nanos()), 2.0 * 15.0);
    assert_eq!((seconds(record.service), record.backed_off()), (2.0 * 15.0, 0));
    // Asked once more only, what is there stands: 1,000 tokens. Never asked, 500.
    for (times, output, calls) in [(1, 1_000, 4), (0, 500, 2)] {
        let times = format!("traffic.app.re-asks={times}");
        let record = run("", &[&set[..], &[&times]].concat());
        assert_eq!((record.output_tokens, record.admitted), (2 * output, calls));
    }
}

#[test]
fn the_provider_keeps_the_beginning_of_prompts() {
    let set = ["traffic.app.input-tokens.constant.value=1000", "provider.time-to-first-token.constant.value=\"500ms\""];
    let cost = |ttl: &str| run(&format!("prompt-cache = {{ prefix = 800, ttl = \"{ttl}\" }}"), &set).charges.total();
    // The first call writes 800 at 1.25, the other nine read them at 0.1; or each writes, because it is gone by then.
    assert_eq!(cost("2s"), Money::from_billionths((1_200 + 9 * 280) * 1_000));
    assert_eq!(cost("500ms"), Money::from_billionths(10 * 1_200 * 1_000));
    // An answer that begins after 2.5 s lets the calls at 1 and 2 write too.
    let slow = run("prompt-cache = { prefix = 800 }", &[set[0]]).charges.total();
    assert_eq!(slow, Money::from_billionths((3 * 1_200 + 7 * 280) * 1_000));
    // What is read counts for nothing where the limit says so.
    let limit = r#"tier.open.limits.input={fixed-window={limit="5000/h"},counts="uncached-input-tokens"}"#;
    assert_eq!(run("", &[&set[..], &[limit]].concat()).rejected(), 5);
    assert_eq!(run("prompt-cache = { prefix = 800 }", &[&set[..], &[limit]].concat()).rejected(), 0);
}

#[test]
fn the_way_over_the_network_takes_time_and_money() {
    let keys = "transfer = { upload = \"1k/s\", compressed-to = \"50%\", price-per-gb = \"0.09 USD\" }";
    let record = run(keys, &[]);
    // 200 bytes of each prompt at 1,000 a second.
    assert_eq!(seconds(record.latency.sum_nanos()), 10.0 * 2.7);
    assert_eq!(record.transfer, Money::from_picos(10 * 200 * 90));
    let ready = ready(keys, &["replications=1"]);
    let forecast = forecast(&ready.scenario, Options::default()).unwrap();
    let mean = |metric| forecast.cells[0].metric(metric).mean.unwrap();
    assert_eq!(mean(Metric::TransferCost), 1.8e-7);
    assert!((mean(Metric::Cost) - 1.8e-7 - 1e-3).abs() < 1e-12, "{}", mean(Metric::Cost));
}

/// The steps in the story of the `number`-th request, apart from its calls.
fn steps(keys: &str, set: &[&str], number: u64) -> Vec<Note> {
    let ready = ready(keys, set);
    let (scenario, tier) = (&ready.scenario, ready.scenario.tier.find("open").unwrap());
    let cell = Cell { scenario, tier, strategy: &scenario.strategy[0].1 };
    let (_, story) = story(cell, 0, Stop::default(), Some(number)).unwrap().expect("there are so many");
    let is_call = |note: &Note| matches!(note, Note::Called { .. } | Note::Accepted { .. });
    let notes: Vec<Note> = story.entries.into_iter().map(|entry| entry.note).collect();
    let calls = notes.iter().filter(|note| matches!(note, Note::Called { .. })).count();
    let others: Vec<Note> = notes.into_iter().filter(|note| !is_call(note)).collect();
    assert_eq!(calls, if others.contains(&Note::CutOff) { 2 } else { usize::from(!is_spared(&others)) });
    others
}

fn is_spared(notes: &[Note]) -> bool {
    notes.iter().any(|note| matches!(note, Note::Follows | Note::Kept { .. }))
}

#[test]
fn stories_say_who_shared_a_call() {
    let kept = Note::Kept { takes: SimDuration::ZERO };
    let both = "cache.shared = { ttl = \"3s\" }\ncoalesce = {}";
    assert_eq!(steps(both, &[], 1), [Note::Served]);
    assert_eq!(steps(both, &[], 2), [Note::Follows, Note::Served]);
    assert_eq!(steps(both, &[], 4), [kept, Note::Served]);
    for member in [1, 2] {
        let pair = [Note::Joins, Note::Leaves { with: 2 }, Note::Served];
        assert_eq!(steps("batch = { size = 2, linger = \"9s\" }", &[], member), pair);
    }
    let cut = ["traffic.app.max-tokens=60", "traffic.app.re-asks=1"];
    assert_eq!(steps("", &cut, 1), [Note::CutOff, Note::Served]);
}

/// Which question a request asks depends on nothing but its number in its class: on no other source, tier or strategy.
#[test]
fn keys_are_the_same_whatever_else_there_is() {
    let keys = |text: &str, class: usize| -> Vec<u32> {
        let ready = load_text("test", text, &[]).unwrap_or_else(|failure| panic!("{failure:?}"));
        let keys = ready.scenario.keys(3)[class].expect("keys are stated");
        (1..=1_000).map(|number| keys.of(number)).collect()
    };
    let text = TRAFFIC.replace("{ count = 1 }", "{ count = 50 }");
    let alone = keys(&text, 0);
    let first = "[traffic.aaa]\narrivals.poisson = { rate = \"9/s\" }\ncache-keys = { count = 50 }\n[traffic.app]";
    let beside = text.replace("[traffic.app]", first).replace("\"10s\"", "\"1h\"");
    assert_eq!(alone, keys(&beside, 1));
    assert_ne!(alone, keys(&beside, 0));
    assert!(alone.iter().all(|key| (1..=50).contains(key)) && alone.contains(&1) && alone.contains(&40));
}

/// What makes no sense is refused where it is written.
#[test]
fn complaints_name_their_place() {
    let complaint = |text: &str, keys: &str, set: &[&str]| {
        let set: Vec<String> = set.iter().map(|set| set.to_string()).collect();
        let failure = load_text("test", &format!("{text}{keys}"), &set).expect_err("it is refused");
        format!("{failure:?}")
    };
    let keyless = TRAFFIC.replace("cache-keys = { count = 1 }\n", "");
    for keys in ["cache.shared = {}", "coalesce = {}"] {
        let said = complaint(&keyless, keys, &[]);
        assert!(said.contains("no two requests ask for the same"), "{said}");
    }
    let said = complaint(
        TRAFFIC,
        "batch = { size = 2, linger = \"1s\" }",
        &["traffic.app.max-tokens=5", "traffic.app.re-asks=1"],
    );
    assert!(said.contains("cannot be asked to go on"), "{said}");
    for (keys, says) in [
        ("cache = {}", "a cache of no layer"),
        ("cache.local = { capacity = 0 }", "a cache of 0"),
        ("cache.local = { refresh = true }", "need no refreshing"),
        ("batch = { size = 1, linger = \"1s\" }", "batches of 1"),
        ("batch = { size = 9 }", "would never leave"),
        ("batch = { size = 9, linger = \"1s\", classes = [] }", "no class is batched"),
        ("batch = { size = 9, linger = \"1s\", classes = [\"app\", \"ap\"] }", "no traffic is called `ap`"),
        ("batch = { size = 9, linger = \"1s\", every = \"1s\" }", "by the clock"),
        ("prompt-cache = { prefix = 0 }", "nothing to keep"),
        ("transfer = { compressed-to = \"120%\" }", "larger than before"),
    ] {
        let said = complaint(TRAFFIC, keys, &[]);
        assert!(said.contains(says), "{keys}: {said}");
    }
    for (set, says) in [
        ("traffic.app.cache-keys.count=0", "0 keys"),
        ("traffic.app.cache-keys.exponent=-1.0", "outside 0 to 10"),
        ("traffic.app.re-asks=2", "no answer is cut off"),
        ("traffic.app.re-asking={growth=2}", "no answer is asked for again"),
        ("traffic.app.re-asking={growth=11}", "11 is outside 1 to 10"),
        ("traffic.app.re-asking={from=\"start\"}", "cut off at the same place"),
        ("traffic.app.re-asking={cap=9}", "needs no bound"),
    ] {
        let said = complaint(TRAFFIC, "", &[set]);
        assert!(said.contains(says), "{set}: {said}");
    }
    let cut = ["traffic.app.max-tokens=60", "traffic.app.re-asks=1"];
    for (set, says) in [("traffic.app.re-asking={growth=2,cap=60}", "do not grow where the cap is 60")] {
        let said = complaint(TRAFFIC, "", &[&cut[..], &[set]].concat());
        assert!(said.contains(says), "{set}: {said}");
    }
}
