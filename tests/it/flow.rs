//! Queues with an order, pacing, steering by headers and message queues, by runs small enough to foretell.

use crate::foretold;
use ratecast::plan::{Options, Warning, forecast};
use ratecast::recorder::{ClassRecord, Failure, Record};
use ratecast::scenario::load_text;
use ratecast::units::SimDuration;

/// Ten requests in the first second; calls take a second.
const TEN: &str = r#"
    name = "ten"
    start = "2025-01-01T00:00:00Z"
    duration = "20min"
    replications = 1
    tiers = ["small"]
    traffic.app.arrivals.constant.rate = "10/s"
    traffic.app.requests = 10
    traffic.app.input-tokens.constant = 900
    traffic.app.output-tokens.constant = 100
    provider.time-to-first-token.constant = "1s"
    provider.time-per-output-token.constant = "0s"
    tier.small.limits.requests.fixed-window.limit = "60/min"
"#;

fn run(text: &str) -> Record {
    foretold::run(&foretold::scenario(TEN, text))
}

fn total(text: &str) -> ClassRecord {
    run(text).total()
}

fn millis(millis: u64) -> SimDuration {
    SimDuration::from_nanos(millis * 1_000_000)
}

fn failed(class: &ClassRecord, why: Failure) -> u64 {
    class.failures[why as usize]
}

/// The k-th of ten arrives at 0.1 k and goes at k.
#[test]
fn stated_requests_go_one_by_one() {
    let class = total(r#"strategy.s = { retry.none = {}, pacing.requests = "1/s" }"#);
    assert_eq!((class.served(), class.rejected(), class.queued), (10, 0, 0));
    assert_eq!((class.paced, class.backed_off()), (40_500_000_000, 0));
    assert_eq!(class.latency.max(), Some(millis(9_100)));
}

/// 1000 tokens each, of which 60,000 may go in a minute; requests could go faster.
#[test]
fn tokens_are_paced_beside_requests() {
    let class = total(r#"strategy.s = { retry.none = {}, pacing = { requests = "5/s", tokens = "60k/min" } }"#);
    assert_eq!((class.served(), class.paced), (10, 40_500_000_000));
    // With a margin of a half one goes every two seconds.
    let text = r#"strategy.s = { retry.none = {}, pacing = { tokens = "60k/min", margin = "50%", burst = "0s" } }"#;
    assert_eq!(total(text).paced, (45 * 2_000 - 45 * 100) * 1_000_000);
}

/// One slot is what holds them back, and not the pace.
#[test]
fn waiting_for_a_slot_is_not_pacing() {
    let text = r#"strategy.s = { retry.none = {}, concurrency = 1, pacing.requests = "2/s" }"#;
    let class = total(text);
    assert_eq!((class.served(), class.paced, class.queued), (10, 0, 40_500_000_000));
    // At half the pace there is a second of each.
    let text = r#"strategy.s = { retry.none = {}, concurrency = 1, pacing.requests = "30/min" }"#;
    let class = total(text);
    assert_eq!(class.paced + class.queued, (90_000 - 4_500) * 1_000_000);
    // The k-th waits while k calls of a second each are under way, less what of the first was over when it came.
    assert_eq!(class.queued, 40_500_000_000);
    assert_eq!(class.backed_off(), 0);
}

/// 300 requests against a window of 60: at the pace that the tier itself names not one is refused.
#[test]
fn the_limits_of_the_tier_are_kept_without_a_refusal() {
    let text = r#"
        set traffic.app.requests=300
        strategy.s = { retry.none = {}, pacing = {} }"#;
    let class = total(text);
    assert_eq!((class.served(), class.rejected()), (300, 0));
    // 6 go at once and those after at 54 a minute: the last of 300, which comes at 29.9 s, has 294 such steps before it.
    let last = SimDuration::from_secs_f64(294.0 / 0.9 - 29.9 + 1.0);
    assert_eq!(class.latency.max().map(|most| most.as_nanos() / 1_000), Some(last.as_nanos() / 1_000));
}

/// 300 requests at three a second; each reply says what is left. 60 go in the first 20 s, and 60 a second after
/// the edge of each minute, as far as headers tell it: the 240th, which came at 80 s, is the first of the last 60 and
/// answered at 242 s.
const STEERED: &str = r#"
    set traffic.app.requests=300
    set traffic.app.arrivals.constant.rate=3/s
    strategy.s = { retry.none = {}, steer = {} }"#;

#[test]
fn a_steered_client_stops_before_it_is_refused() {
    for style in ["anthropic", "openai", "azure", "hugging-face"] {
        let class = total(&format!("{STEERED}\ntier.small.headers = \"{style}\""));
        assert_eq!((class.served(), class.rejected()), (300, 0), "{style}");
        let last = class.latency.max().unwrap();
        assert!(last > millis(161_999) && last < millis(163_000), "{style}: {last}");
    }
    // Nothing steers a client that is told nothing.
    let class = total(STEERED);
    assert_eq!((class.served(), class.rejected()), (120, 180));
}

/// Ten within a second, before any answer: three go, the fourth is refused, and its 429 tells the others to wait.
#[test]
fn a_blind_start_may_be_bounded() {
    let text = r#"
        set tier.small.limits.requests.fixed-window.limit=3/min
        tier.small.headers = "openai"
        "#;
    let class = total(&format!("{text}strategy.s = {{ retry.none = {{}}, steer = {{}} }}"));
    assert_eq!((class.served(), class.rejected()), (9, 1));
    // One goes, and after a second two more; then three a second after each edge of a minute.
    let class = total(&format!("{text}strategy.s = {{ retry.none = {{}}, steer.blind = 1 }}"));
    assert_eq!((class.served(), class.rejected()), (10, 0));
    assert_eq!(class.latency.max(), Some(millis(181_000 - 900 + 1_000)));
}

/// One slot and two places. Of the low ones the first goes and the second is driven out by the second high one; at the
/// third of each everybody there is high.
#[test]
fn a_full_queue_sheds_the_lowest_priority() {
    let text = r#"
        set traffic.app.requests=3
        traffic.high = { arrivals.constant.rate = "10/s", requests = 3, priority = 5 }
        strategy.s = { retry.none = {}, concurrency = 1, queue = { capacity = 2, ORDER, shed = "lowest-priority" } }"#;
    let record = run(&text.replace("ORDER", "order.priority = {}"));
    let outcome = |class: &ClassRecord| (class.served(), failed(class, Failure::Shed));
    assert_eq!((outcome(&record.classes[0]), outcome(&record.classes[1])), ((1, 2), (2, 1)));
}

/// The second starts at 1 s, before its deadline at 1.6 s; the third would at 2 s. The queue's own deadline is earlier.
#[test]
fn requests_expire_by_themselves() {
    let text = r#"
        set traffic.app.requests=3
        traffic.app.deadline = "1500ms"
        strategy.s = { retry.none = {}, concurrency = 1 }"#;
    let class = total(text);
    assert_eq!((class.served(), failed(&class, Failure::Expired)), (2, 1));
    let class = total(&format!("set strategy.s.queue.deadline=500ms\n{text}"));
    assert_eq!((class.served(), failed(&class, Failure::Expired)), (1, 2));
}

/// Three messages and one call a minute. The first is done at once; the second comes back at 30.1 s and at 60.1 s, when the
/// minute is over; the third, 0.1 s behind it, finds that minute taken, and is done at 120.2 s with its fifth delivery.
#[test]
fn what_fails_is_delivered_again_until_it_is_a_dead_letter() {
    let text = |deliveries: u32| {
        format!(
            "set traffic.app.requests=3
             set tier.small.limits.requests.fixed-window.limit=1/min
             strategy.s = {{ retry.none = {{}}, queue.redelivery = {{ deliveries = {deliveries} }} }}"
        )
    };
    let class = total(&text(5));
    assert_eq!((class.served(), class.attempts(), class.latency.max()), (3, 9, Some(millis(121_000))));
    let class = total(&text(4));
    assert_eq!((class.served(), class.attempts(), failed(&class, Failure::GaveUp)), (2, 8, 1));
}

/// A line of 50,000 in which everybody is refused on two ways is worked off one by one, not in one another.
#[test]
fn a_long_line_that_is_refused_does_not_pile_up() {
    let text = r#"
        set duration=2h
        set traffic.app.requests=50000
        set provider.time-to-first-token.constant=1h
        set tier.small.limits.requests.fixed-window.limit=1/2d
        tier.other.limits.requests.fixed-window.limit = "1/2d"
        strategy.s = { retry.none = {}, concurrency = 1, route.second.tier = "other" }"#;
    let class = total(text);
    assert_eq!((class.served(), failed(&class, Failure::GaveUp)), (2, 49_998));
}

/// Calls by another route are not held to the pace of the tier that is judged.
#[test]
fn a_route_to_another_tier_goes_around_the_gate() {
    let text = r#"
        set tier.small.limits.requests.fixed-window.limit=1/min
        tier.other.limits.requests.fixed-window.limit = "60/min"
        strategy.s = { retry.none = {}, pacing.requests = "1/s", route.second.tier = "other" }"#;
    let class = total(text);
    assert_eq!((class.served(), class.rerouted), (10, 9));
    // Each is paced on its first way and goes on at once.
    assert_eq!((class.paced, class.backed_off()), (40_500_000_000, 0));
}

/// As many requests of another model, at the same instants; the first model has a limit of its own, 30 calls a minute of which
/// are left to go, each on its own.
const TWO_MODELS: &str = r#"
    traffic.app.model = "choked"
    traffic.other = { model = "free", arrivals.constant.rate = "10/s", requests = 10 }
    tier.small.limits.requests.only.models = ["choked"]
    "#;

/// The k-th call for the choked model goes at 2 k, and came at 0.1 k. Calls for the other one pass those who wait, as through
/// a line that is full of them.
#[test]
fn a_model_that_is_choked_holds_up_no_other() {
    let paced = r#"strategy.s = { retry.none = {}, pacing = { margin = "50%", burst = "0s" } }"#;
    let record = run(&format!("{TWO_MODELS}{paced}"));
    let [choked, free] = &record.classes[..] else { panic!("two classes") };
    assert_eq!((choked.served(), choked.paced), (10, (45 * 2_000 - 45 * 100) * 1_000_000));
    assert_eq!((free.served(), free.paced, free.queued, free.backed_off()), (10, 0, 0, 0));
    assert_eq!(free.latency.max(), Some(millis(1_000)));
    let record = run(&format!("set strategy.s.queue.capacity=2\n{TWO_MODELS}{paced}"));
    let [choked, free] = &record.classes[..] else { panic!("two classes") };
    assert_eq!((choked.served(), failed(choked, Failure::Shed), free.served()), (3, 7, 10));
}

/// One slot: calls for the other model take turns with nobody while the first one's pace is closed, and are held up by those
/// that it lets go, in the order of arrival.
#[test]
fn a_slot_is_given_to_the_first_who_may_have_it() {
    let text = r#"strategy.s = { retry.none = {}, concurrency = 1, pacing = { margin = "50%", burst = "0s" } }"#;
    let record = run(&format!("{TWO_MODELS}{text}"));
    let [choked, free] = &record.classes[..] else { panic!("two classes") };
    // From 0 on: a call for the choked model in every even second, as long as there are any of the other in the odd ones.
    assert_eq!((choked.served(), free.served()), (10, 10));
    assert_eq!(
        (choked.latency.max(), free.latency.max()),
        (Some(millis(18_000 - 900 + 1_000)), Some(millis(19_000 - 900 + 1_000)))
    );
    // Half of the time that the first ones wait a slot is free for them, and the pace is closed; the others wait for a slot.
    assert_eq!((free.paced, free.queued), (0, (100_000 - 4_500) * 1_000_000));
    assert_eq!(choked.paced + choked.queued, (90_000 - 4_500) * 1_000_000);
}

/// All share 500 tokens a second, of which 501 may go at once; a large request takes 1,000 and a small one 100. At 0 a large
/// one goes, and owes 499: a small one goes at 1.198, when there are 100 again. The second large one waits for its own pace
/// until 2.0, and for 501 tokens until 2.2; the small ones behind it must not eat these before.
#[test]
fn nobody_takes_what_one_before_him_waits_for() {
    let text = r#"
        set traffic.app.requests=3
        set traffic.other.requests=3
        set traffic.other.input-tokens.constant=90
        set traffic.other.output-tokens.constant=10
        tier.small.limits.tokens = { counts = "total-tokens", fixed-window.limit = "60k/min" }
        strategy.s = { retry.none = {}, pacing = { margin = "50%", burst = "1s" } }"#;
    let record = run(&format!("{TWO_MODELS}{text}"));
    let [large, small] = &record.classes[..] else { panic!("two classes") };
    let waits = |class: &ClassRecord| (class.paced / 1_000_000, class.latency.max());
    assert_eq!(waits(large), (2_100 + 4_200, Some(millis(5_200))));
    assert_eq!(waits(small), (1_198 + 3_298 + 5_398, Some(millis(6_398))));
}

/// Two sources of one client and one of another, ten requests each at the same instants, and 30 calls a minute of each client:
/// of the first one's pairs, which come at 0.1 k, one goes at 4 k and one at 4 k + 2; the other's k-th goes at 2 k.
#[test]
fn each_client_keeps_its_own_pace() {
    let source = |first: u32| {
        format!(r#"{{ clients = {{ count = 1, first = {first} }}, arrivals.constant.rate = "10/s", requests = 10 }}"#)
    };
    let text = format!(
        "tier.small.limits.requests.scope = \"client\"
         traffic.app.clients = {{ count = 1, first = 3 }}
         traffic.same = {}
         traffic.other = {}
         strategy.s = {{ retry.none = {{}}, pacing = {{ margin = \"50%\", burst = \"0s\" }} }}",
        source(3),
        source(900)
    );
    let record = run(&text);
    let waits: Vec<_> = record.classes.iter().map(|class| (class.served(), class.paced / 1_000_000)).collect();
    assert_eq!(waits, [(10, 45 * 3_900), (10, 45 * 3_900 + 20_000), (10, 45 * 1_900)]);
    assert_eq!(record.total().rejected(), 0);
    // With one slot and calls of a second all are served in the order in which their clients let them go.
    let record = run(&format!("set strategy.s.concurrency=1\n{text}"));
    assert_eq!((record.total().served(), record.total().rejected()), (30, 0));
    let last = record.classes.iter().filter_map(|class| class.latency.max()).max();
    assert!(last.is_some_and(|last| last < millis(40_000)), "{last:?}");
}

/// 60,000 tokens a minute are reserved, beyond which calls cost more: half of that is one call of 1,000 every two seconds.
#[test]
fn who_keeps_within_what_is_reserved_spills_nothing() {
    let text = |within: &str| {
        format!(
            "set tier.small.limits.requests.fixed-window.limit=600/min
             tier.small.limits.unit = {{ counts = \"total-tokens\", beyond = \"spill\", fixed-window.limit = \"60k/min\" }}
             strategy.s = {{ retry.none = {{}}, pacing = {{ margin = \"50%\", burst = \"0s\"{within} }} }}"
        )
    };
    let paced = |within: &str| total(&text(within)).paced / 1_000_000;
    assert_eq!((paced(""), paced(", within-reserved = true")), (45 * 100, 45 * 1_900));
    let assumed = |within: &str| {
        let plain = text(within).lines().skip(1).collect::<Vec<_>>().join("\n");
        let ready = load_text("flow", &format!("{TEN}{plain}"), &[]).unwrap_or_else(|failure| panic!("{failure}"));
        ready.assumptions.into_iter().filter(|what| what.contains("within-reserved")).collect::<Vec<_>>()
    };
    let told = "`strategy.s.pacing` does not keep below `tier.small.limits.unit`, beyond which calls spill over (`within-reserved`)";
    assert_eq!(assumed(""), [told]);
    assert!(assumed(", within-reserved = true").is_empty() && assumed(", within-reserved = false").is_empty());
    assert!(assumed(", requests = \"1/s\"").is_empty());
}

/// The first calls for each model tell its own limits: one whose window is used up waits for the next minute.
#[test]
fn models_are_steered_past_one_another() {
    let text = r#"
        set tier.small.limits.requests.fixed-window.limit=3/min
        set traffic.app.arrivals.constant.rate=1/2s
        set traffic.other.arrivals.constant.rate=1/2s
        tier.small.headers = "openai"
        tier.small.limits.all = { fixed-window.limit = "1000/min", only.models = ["free"] }
        strategy.s = { retry.none = {}, steer = {} }"#;
    let record = run(&format!("{TWO_MODELS}{text}"));
    let [choked, free] = &record.classes[..] else { panic!("two classes") };
    assert_eq!((choked.served(), choked.rejected()), (10, 0));
    assert_eq!((free.served(), free.latency.max()), (10, Some(millis(1_000))));
}

#[test]
fn who_steers_by_headers_that_nobody_prints_is_told() {
    let warnings = |headers: &str| {
        let text = format!("{TEN}strategy.s.steer = {{}}\ntier.small.price.month = \"0 USD/month\"\n{headers}");
        let scenario = load_text("flow", &text, &[]).unwrap_or_else(|failure| panic!("{failure}")).scenario;
        forecast(&scenario, Options::default()).unwrap_or_else(|error| panic!("{error}")).warnings
    };
    let told = Warning::NoHeaders { tiers: vec!["small".to_owned()] };
    assert!(warnings("").contains(&told));
    assert!(!warnings("tier.small.headers = \"openai\"").contains(&told));
}

/// One slot, and calls of a second: the k-th arrives at 0.1 k and would go at k.
#[test]
fn who_is_out_of_patience_leaves_the_queue() {
    let text = r#"strategy.s = { retry.none = {}, concurrency = 1, queue.patience.constant = "2.5s" }"#;
    let class = total(text);
    // Those of 0.3 s and 0.4 s have left when the slot is free for the fourth time; the turn of the one of 0.5 s comes at 3 s, just in time.
    assert_eq!((class.served(), failed(&class, Failure::Expired)), (4, 6));
    assert_eq!(class.queued, 900_000_000 + 1_800_000_000 + 2_500_000_000);
    // Who never has to wait needs none.
    let text = r#"strategy.s = { retry.none = {}, concurrency = 10, queue.patience.exponential = "1ms" }"#;
    assert_eq!(total(text).served(), 10);
}

/// Eight of ten come back at the reset, after a minute, six of these after another one, and so on. A deadline runs meanwhile,
/// and patience does not.
#[test]
fn patience_is_for_the_queue_alone() {
    let only = |bound: &str| {
        total(&format!(
            "set tier.small.limits.requests.fixed-window.limit=2/min
            strategy.s = {{ retry.constant = {{ base = '60s' }}, concurrency = 10, queue.{bound} }}"
        ))
    };
    assert_eq!(failed(&only("deadline = '2.5s'"), Failure::Expired), 8);
    let class = only("patience.constant = '2.5s'");
    assert_eq!((class.served(), failed(&class, Failure::Expired)), (10, 0));
}
