//! What calls and months cost, by hand from published price lists.

use ratecast::metrics::{Metric, Value};
use ratecast::plan::{CellForecast, Forecast, Options, Reason, Verdict, forecast};
use ratecast::protocol::Request;
use ratecast::provider::PriceList;
use ratecast::report::Document;
use ratecast::scenario::{Failure, Ready, load_text};
use ratecast::units::{Money, Tokens};

fn load(text: &str) -> Result<Ready, Failure> {
    load_text("prices.toml", text, &[])
}

/// The prices of a tier with `price` (keys of `tier.it.price`) for a class with the keys `class`.
fn list(price: &str, class: &str) -> PriceList {
    let text = format!(
        "tiers = [\"it\"]\n[traffic.app]\narrivals.poisson = {{ rate = \"1/h\" }}\n{class}\n[tier.it.price]\n{price}\n"
    );
    let ready = load(&text).unwrap_or_else(|failure| panic!("{text}\n{failure}"));
    PriceList::new(&ready.scenario.tier[0].1.price, &ready.scenario.facts())
}

fn call(input: u32, cached: u32, output: u32) -> Request {
    let [input, cached, output] = [input, cached, output].map(Tokens::new);
    Request { input, cached, output, ..Request::default() }
}

/// What a call costs, in dollars.
fn cost(list: &PriceList, call: &Request) -> String {
    list.of(call).to_string()
}

#[test]
fn a_call_costs_what_its_tokens_do() {
    let plain = list("input = \"3 USD/Mtok\"\noutput = \"15 USD/Mtok\"\nrequest = \"0.001 USD/request\"", "");
    // 3,000 + 15,000 + 1,000 millionths; cached input costs what input does.
    assert_eq!(cost(&plain, &call(1_000, 400, 1_000)), "0.019");
    assert!(list("", "").is_free() && list("month = \"20 USD/month\"", "").is_free());
    assert!(!list("free.requests = 5", "").is_free());
}

/// Claude Sonnet 4.5: 3, 3.75 to write (five minutes), 0.30 to read, 15.
const SONNET: &str = "input = \"3 USD/Mtok\"\ncached-input = \"0.30 USD/Mtok\"\ncache-write = \"3.75 USD/Mtok\"\noutput = \"15 USD/Mtok\"\n";

#[test]
fn what_is_read_from_the_cache_and_written_to_it_has_its_price() {
    // Of 10,000 tokens 4,000 are read, half of the rest is written: 3,000 × 3 + 3,000 × 3.75 + 4,000 × 0.30 + 15,000.
    assert_eq!(cost(&list(SONNET, "cache-write = \"50%\""), &call(10_000, 4_000, 1_000)), "0.03645");
    assert_eq!(cost(&list(SONNET, ""), &call(10_000, 4_000, 1_000)), "0.0342");
}

#[test]
fn batches_and_regions_stack_with_the_cache() {
    let price = format!("{SONNET}batch = \"50%\"\nregions.us.factor = \"110%\"");
    let of =
        |labels: &str| cost(&list(&price, &format!("cache-write = \"50%\"\n{labels}")), &call(10_000, 4_000, 1_000));
    assert_eq!(of("endpoint = \"batch\""), "0.018225");
    assert_eq!(of("region = \"us\""), "0.040095");
    assert_eq!(of("endpoint = \"batch\"\nregion = \"us\""), "0.0200475");
    assert_eq!(of("endpoint = \"chat\"\nregion = \"eu\""), "0.03645");
}

#[test]
fn a_long_prompt_reprices_the_whole_call() {
    // Claude Haiku 5.5, up to 100,000 tokens and beyond.
    let haiku = "input = \"0.10 USD/Mtok\"\ncached-input = \"0.01 USD/Mtok\"\ncache-write = \"0.125 USD/Mtok\"\noutput = \"0.50 USD/Mtok\"\n\
                 bands.long = { above = \"100k\", input = \"0.50 USD/Mtok\", cached-input = \"0.05 USD/Mtok\", cache-write = \"0.625 USD/Mtok\", output = \"2.50 USD/Mtok\" }";
    let haiku = list(haiku, "cache-write = \"50%\"");
    // 40,000 × 0.10 + 40,000 × 0.125 + 20,000 × 0.01 + 1,000 × 0.50
    assert_eq!(cost(&haiku, &call(100_000, 20_000, 1_000)), "0.0097");
    // 40,001 × 0.50 + 40,000 × 0.625 + 20,000 × 0.05 + 1,000 × 2.50
    assert_eq!(cost(&haiku, &call(100_001, 20_000, 1_000)), "0.0485005");

    // Gemini 3.1 Pro: 2 and 12, over 200,000 tokens 4 and 18; cached input is a tenth.
    let gemini = "input = \"2 USD/Mtok\"\ncached-input = \"0.20 USD/Mtok\"\noutput = \"12 USD/Mtok\"\n\
                  bands.long = { above = \"200k\", input = \"4 USD/Mtok\", cached-input = \"0.40 USD/Mtok\", output = \"18 USD/Mtok\" }";
    assert_eq!(cost(&list(gemini, ""), &call(200_000, 100_000, 1_000)), "0.232");
    assert_eq!(cost(&list(gemini, ""), &call(300_000, 100_000, 1_000)), "0.858");

    // GPT-5.5: 5, 0.50 and 30, over 272,000 tokens input × 2, cached × 2, output × 1.5; batches half.
    let gpt = "input = \"5 USD/Mtok\"\ncached-input = \"0.50 USD/Mtok\"\noutput = \"30 USD/Mtok\"\nbatch = \"50%\"\n\
               bands.long = { above = \"272k\", input-factor = \"200%\", output-factor = \"150%\" }";
    assert_eq!(cost(&list(gpt, ""), &call(272_000, 100_000, 2_000)), "0.97");
    assert_eq!(cost(&list(gpt, ""), &call(300_000, 100_000, 2_000)), "2.19");
    assert_eq!(cost(&list(gpt, "endpoint = \"batch\""), &call(300_000, 100_000, 2_000)), "1.095");
}

#[test]
fn the_longest_band_that_applies_holds() {
    let bands = "input = \"1 USD/Mtok\"\nbands.b = { above = 2000, input = \"3 USD/Mtok\" }\nbands.a = { above = 1000, input = \"2 USD/Mtok\" }";
    let of = |input| cost(&list(bands, ""), &call(input, 0, 0));
    assert_eq!([of(1_000), of(1_001), of(2_000), of(2_001)], ["0.001", "0.002002", "0.004", "0.006003"]);
}

#[test]
fn models_endpoints_and_regions_differ_in_what_they_state() {
    let price = format!(
        "{SONNET}bands.long = {{ above = \"1k\", input-factor = \"200%\" }}\n\
         models.small = {{ input = \"1 USD/Mtok\" }}\n\
         models.large.factor = \"500%\"\n\
         endpoints.priority = {{ factor = \"200%\", request = \"0.01 USD/request\" }}\n\
         regions.far.output = \"20 USD/Mtok\""
    );
    let of = |labels: &str, call: &Request| cost(&list(&price, labels), call);
    // Its price of input speaks for the cache too, and it has no bands of its own: 2,000 + 15,000.
    assert_eq!(of("model = \"small\"", &call(2_000, 1_000, 1_000)), "0.017");
    // 5 × (1,000 × 6 + 1,000 × 0.60 + 15,000)
    assert_eq!(of("model = \"large\"", &call(2_000, 1_000, 1_000)), "0.108");
    // 10 × (3,000 + 15,000) and 10,000 a call.
    assert_eq!(of("model = \"large\"\nendpoint = \"priority\"", &call(1_000, 0, 1_000)), "0.19");
    assert_eq!(of("model = \"small\"\nregion = \"far\"", &call(1_000, 0, 1_000)), "0.021");
    assert_eq!(of("model = \"unknown\"", &call(1_000, 0, 0)), "0.003");
}

#[test]
fn a_small_call_is_charged_for_the_least() {
    let price = "input = \"2 USD/Mtok\"\noutput = \"10 USD/Mtok\"\nminimum-tokens = 50";
    assert_eq!(cost(&list(price, ""), &call(20, 0, 10)), "0.00018"); // 20 and 20 more at 2, 10 at 10
    assert_eq!(cost(&list(price, ""), &call(40, 0, 10)), "0.00018");
    assert_eq!(cost(&list(price, ""), &call(60, 0, 0)), "0.00012");
}

#[test]
fn what_spills_over_reserved_capacity_has_its_own_price() {
    let reserved = list("reserved = { units = 2, hour = \"12 USD/h\" }\nspill.input = \"3 USD/Mtok\"", "");
    let call = call(1_000, 0, 0);
    assert_eq!(
        [false, true].map(|spilled| reserved.beyond(spilled).of(&call)),
        [Money::ZERO, Money::from_picos(3_000_000_000)]
    );
    assert!(!reserved.is_free());
    let alike = list("input = \"1 USD/Mtok\"", "");
    assert_eq!(alike.beyond(true).of(&call), alike.of(&call));
}

#[test]
fn no_price_is_too_high_for_an_exact_sum() {
    let factors = "factor = \"10000%\"\nmodels.m.factor = \"10000%\"\nendpoints.e.factor = \"10000%\"\nregions.r.factor = \"10000%\"";
    let price = format!("input = \"1000000 USD/tok\"\noutput = \"1000000 USD/tok\"\n{factors}");
    let list = list(&price, "model = \"m\"\nendpoint = \"e\"\nregion = \"r\"");
    assert!(list.of(&call(u32::MAX, 0, u32::MAX)) > Money::ZERO);
}

/// The forecast of one call an hour, in the tier with these prices.
fn month(head: &str, price: &str) -> CellForecast {
    let text = format!(
        "{head}\nreplications = 1\ntiers = [\"it\"]\n[traffic.app]\narrivals.constant = {{ rate = \"1/h\" }}\n[tier.it.price]\n{price}\n"
    );
    let ready = load(&text).unwrap_or_else(|failure| panic!("{text}\n{failure}"));
    forecast(&ready.scenario, Options::default()).expect("it runs").cells.remove(0)
}

fn figure(cell: &CellForecast, metric: Metric) -> f64 {
    match cell.samples[0].get(metric) {
        Value::Is(value) => value,
        other => panic!("{metric:?} is {other:?}"),
    }
}

#[track_caller]
fn near(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-6 * expected.max(1.0), "{value} and not {expected}");
}

#[test]
fn each_whole_month_has_its_own_bill() {
    let price = "month = \"0 USD/month\"\nrequest = \"1 USD/request\"\nfree.requests = 700";
    // January has 744 hours, February 672.
    let january = month("duration = \"31d\"", price);
    near(figure(&january, Metric::Cost), 44.0);
    let both = month("duration = \"59d\"", price);
    near(figure(&both, Metric::Cost), 44.0);
    // A mean month has 730.485 hours, rounded to 730 calls, whatever the month: 30 of 730 are paid.
    let of_month = 730.485 * 30.0 / 730.0;
    near(figure(&january, Metric::MonthlyCost), of_month);
    near(figure(&both, Metric::MonthlyCost), of_month);
}

#[test]
fn months_begin_in_the_zone_of_the_tier() {
    // From 2025-01-01 in UTC it is still December in Los Angeles for eight hours.
    let price = "request = \"1 USD/request\"\nfree.requests = 700\nzone = \"America/Los_Angeles\"";
    let there = month("start = \"2025-01-01T08:00:00Z\"\nduration = \"31d\"", price);
    near(figure(&there, Metric::Cost), 44.0);
}

#[test]
fn part_of_a_month_is_billed_as_a_mean_month_at_its_pace() {
    let hours = 30.436875 * 24.0;
    let week =
        month("duration = \"7d\"", "month = \"20 USD/month\"\nrequest = \"1 USD/request\"\nfree.spend = \"100 USD\"");
    near(figure(&week, Metric::MonthlyCost), 20.0 + hours - 100.0);
    near(figure(&week, Metric::Cost), (20.0 + hours - 100.0) * 7.0 / 30.436875);
    // A week of January and all of February count as so much of a month and one.
    let price = "request = \"1 USD/request\"\ncontract.commitment = \"700 USD/month\"";
    let more = month("start = \"2025-01-25T00:00:00Z\"\nduration = \"35d\"", price);
    let part = 7.0 / 30.436875;
    near(figure(&more, Metric::Cost), 700.0 + hours * part);
    near(figure(&more, Metric::MonthlyCost), hours);
}

#[test]
fn capacity_is_paid_by_the_hour_and_entry_once() {
    let cell = month("duration = \"30d\"", "entry = \"5 USD\"\nreserved = { units = 2, hour = \"0.5 USD/h\" }");
    near(figure(&cell, Metric::Cost), 720.0);
    near(figure(&cell, Metric::MonthlyCost), 30.436875 * 24.0);
    assert_eq!(cell.price.entry, Some(Money::from_usd(5)));
}

/// 744 calls an hour apart, of which an outage turns some away; none is tried again.
#[test]
fn a_month_with_too_many_failures_is_given_back_in_part() {
    let credits = "month = \"20 USD/month\"\nrequest = \"1 USD/request\"\nreserved.hour = \"1 USD/h\"\n\
                   contract.credits.some = { below = \"99%\", credit = \"10%\" }\n\
                   contract.credits.many = { below = \"95%\", credit = \"25%\" }";
    let after = |head: &str, hours: u64| {
        let outage = format!("provider.faults.outage.x = {{ at = \"100.5h\", length = \"{hours}h\" }}");
        month(&format!("{head}\n{outage}\nstrategy.once.retry.none = {{}}"), credits)
    };
    let fixed = 20.0 * 31.0 / 30.436875 + 744.0;
    // 7 of 744 are 0.94 %, 8 are 1.08 %, 38 are 5.1 %.
    for (hours, left) in [(7, 1.0), (8, 0.9), (37, 0.9), (38, 0.75)] {
        let january = after("duration = \"31d\"", hours);
        near(figure(&january, Metric::Availability), (744 - hours) as f64 / 744.0);
        near(figure(&january, Metric::Cost), left * (fixed + (744 - hours) as f64));
    }
    // The February after it has its own, and an outage of 38 h is 5.7 % of it alone: 672 calls.
    let both = after("duration = \"59d\"\nstart = \"2025-01-01T00:00:00Z\"", 8);
    let whole = 20.0 * 59.0 / 30.436875 + 59.0 * 24.0;
    near(figure(&both, Metric::Cost), whole + 59.0 * 24.0 - 8.0 - 0.1 * (fixed + 736.0));
    // A mean month at the pace of each: what January lacks of its bill counts by its part of the time.
    let pace = |days: f64, calls: f64| calls / days * 30.436875;
    let usage = (31.0 * 0.9 * pace(31.0, 736.0) + 28.0 * pace(28.0, 672.0)) / 59.0;
    let fixed_a_month = (whole - 0.1 * fixed) / 59.0 * 30.436875;
    near(figure(&both, Metric::MonthlyCost), usage + fixed_a_month);
}

#[test]
fn calls_that_a_limit_refuses_are_no_failures_of_the_service() {
    let text = "duration = \"31d\"\nreplications = 1\ntiers = [\"it\"]\nstrategy.once.retry.none = {}\n\
                [traffic.app]\narrivals.constant = { rate = \"2/h\" }\n\
                [tier.it.limits.l]\nfixed-window = { limit = \"1/h\" }\n\
                [tier.it.price]\nrequest = \"1 USD/request\"\ncontract.credits.some = { below = \"100%\", credit = \"50%\" }\n";
    let cost = |text: &str| {
        let ready = load(text).unwrap_or_else(|failure| panic!("{text}\n{failure}"));
        figure(&forecast(&ready.scenario, Options::default()).expect("it runs").cells[0], Metric::Cost)
    };
    near(cost(text), 744.0);
    let outage = "provider.faults.outage.x = { at = \"10.1h\", length = \"1h\" }\n";
    // Two calls are turned away; the one of the two that would have passed leaves its place to the next.
    near(cost(&format!("{outage}{text}")), 372.0);
}

#[test]
fn classes_share_the_bill_and_causes_the_cost() {
    let text = "duration = \"31d\"\nreplications = 1\ntiers = [\"it\"]\n\
                [traffic.few]\narrivals.constant = { rate = \"1/h\" }\ninput-tokens.constant = { value = 1000 }\n\
                [traffic.many]\narrivals.constant = { rate = \"3/h\" }\ninput-tokens.constant = { value = 1000 }\n\
                [tier.it.price]\ninput = \"1000 USD/Mtok\"\nfree.spend = \"976 USD\"\n";
    let ready = load(text).unwrap_or_else(|failure| panic!("{failure}"));
    let cell = forecast(&ready.scenario, Options::default()).expect("it runs").cells.remove(0);
    // 2,976 calls at a dollar, less 976: two thirds of what they cost one by one.
    near(figure(&cell, Metric::Cost), 2_000.0);
    let of = |class: usize, metric| match cell.classes[class].1[0].get(metric) {
        Value::Is(value) => value,
        other => panic!("{other:?}"),
    };
    near(of(0, Metric::Cost), 500.0);
    near(of(1, Metric::Cost), 1_500.0);
    near(figure(&cell, Metric::FirstAttemptCost), 2_000.0);
    assert_eq!([Metric::RetryCost, Metric::WastedCost].map(|metric| figure(&cell, metric)), [0.0, 0.0]);
}

#[test]
fn an_account_is_moved_up_as_it_spends() {
    let price =
        "month = \"20 USD/month\"\nentry = \"5 USD\"\nnext = { tier = \"claude-paid\", paid = \"50 USD\", days = 7 }";
    let cell = month("duration = \"30d\"", price);
    let months: Vec<_> = cell.promotions.iter().map(|to| (to.tier.as_str(), to.month)).collect();
    assert_eq!(months, [("claude-paid", Some(3))]);
}

/// A call an hour at 10 cents for the four months from January to April: $288, so $72 or a little more a month, after $5 to enter.
#[test]
fn what_is_paid_adds_up_over_the_months_and_the_account_grows_older() {
    let months = |paid: u32, days: u32| {
        let price = format!(
            "month = \"0 USD/month\"\nrequest = \"0.10 USD/request\"\nentry = \"5 USD\"\n\
             next = {{ tier = \"claude-paid\", paid = \"{paid} USD\", days = {days} }}"
        );
        let cell = month("duration = \"120d\"", &price);
        near(figure(&cell, Metric::Cost), 288.0);
        cell.promotions.iter().map(|to| to.month).collect::<Vec<_>>()
    };
    assert_eq!(months(77, 0), [Some(1)]);
    assert_eq!(months(145, 0), [Some(2)]);
    assert_eq!(months(152, 0), [Some(3)]);
    assert_eq!(months(152, 120), [Some(4)], "121.7 days are the first four months");
    assert_eq!(months(900, 0), [None], "869 or 882 after a year");
}

/// What is paid beforehand is all that a month can cost, whatever the pace of a short run.
#[test]
fn a_month_costs_no_more_than_what_was_paid_beforehand() {
    let credit = "month = \"0 USD/month\"\nrequest = \"1 USD/request\"\n[tier.it.limits.credit]\ncounts = \"spend\"\n\
                  prepaid.credit = \"100 USD\"";
    let cell = month("duration = \"7d\"", credit);
    near(figure(&cell, Metric::Cost), 100.0);
    near(figure(&cell, Metric::MonthlyCost), 100.0);
}

/// A call an hour on a tier at $500 and on a smaller one without a price, as `more` changes them.
fn priced_and_not(more: &str) -> (Ready, Forecast) {
    let text = format!(
        "duration = \"2d\"\nreplications = 3\ntiers = [\"known\", \"open\"]\n[traffic.app]\n\
         arrivals.constant = {{ rate = \"1/h\" }}\ninput-tokens.constant = 1000\n\
         [tier.known]\nlimits.requests.token-bucket = {{ refill = \"600/min\" }}\nprice.month = \"500 USD/month\"\n\
         [tier.open]\nlimits.requests.token-bucket = {{ refill = \"60/min\" }}\n{more}\n"
    );
    let ready = load(&text).unwrap_or_else(|failure| panic!("{text}\n{failure}"));
    let forecast = forecast(&ready.scenario, Options::default()).expect("it runs");
    (ready, forecast)
}

#[test]
fn a_tier_without_a_price_ranks_behind_those_that_have_one() {
    let chosen = |forecast: &Forecast| forecast.recommendation.cell.map(|at| forecast.cells[at].tier.clone());
    let reason = |forecast: &Forecast| forecast.recommendation.excuses[0].reason.clone();
    let (_, both) = priced_and_not("");
    assert_eq!((chosen(&both).as_deref(), reason(&both)), (Some("known"), Reason::PriceUnknown));
    // Where its use alone costs more, that is the better reason.
    let (_, dearer) = priced_and_not("price.input = \"1 USD/ktok\"");
    assert!(matches!(reason(&dearer), Reason::Dearer(_)), "{:?}", reason(&dearer));
    // Once it is stated it is ranked as all others.
    let (_, stated) = priced_and_not("price.month = \"400 USD/month\"");
    assert!(chosen(&stated).as_deref() == Some("open") && matches!(reason(&stated), Reason::Dearer(_)));
    // If nothing else will do it is chosen all the same.
    let (ready, alone) = priced_and_not("[tier.known.limits.few]\ncalendar-window.limit = \"1/day\"");
    assert_eq!(chosen(&alone).as_deref(), Some("open"));
    let because = Document::new(&ready.scenario, &alone, &[]).recommendation.because;
    assert!(because.contains("price unknown: not ranked by cost"), "{because}");
}

#[test]
fn an_unknown_price_keeps_no_bound_on_cost() {
    let judged = |more: &str| priced_and_not(&format!("{more}\n[slo]\nmonthly-cost = \"<= 600 USD\"")).1.cells;
    let cells = judged("");
    assert_eq!([&cells[0], &cells[1]].map(CellForecast::verdict), [Verdict::Meets, Verdict::Unsure { more: None }]);
    assert_eq!(judged("price.input = \"1 USD/ktok\"")[1].verdict(), Verdict::Misses, "$730 without the fee");
    assert_eq!(judged("price.month = \"0 USD/month\"")[1].verdict(), Verdict::Meets);
}

#[test]
fn mistakes_are_shown_with_their_remedy() {
    let cases = [
        ("bands.long = { input = \"1 USD/Mtok\" }", "missing key `above`", "state it"),
        (
            "bands.long = { above = 5, input = \"1 USD/Mtok\", input-factor = \"200%\" }",
            "both a factor and a price",
            "leave one",
        ),
        ("factor = \"20000%\"", "20000% is more than 10000%", "as in `110%`"),
        ("batch = \"50%\"\nendpoints.batch.factor = \"50%\"", "stated twice", "leave it out"),
        ("steps.a = { requests = 5 }", "the price of the calls is missing", "`requests` and `request`"),
        ("steps.a = { requests = 5, factor = \"50%\" }", "one measure and its price", "`spend` and `factor`"),
        ("steps.a = { request = \"1 USD/request\" }", "not stated where the step is", "`requests`"),
        (
            "steps.a = { requests = 5, request = \"1 USD/request\" }\nmodels.m.request = \"2 USD/request\"",
            "it differs by class here",
            "leave `request` out",
        ),
        ("contract.discount = \"101%\"", "more than the price", "up to 100%"),
        ("contract.overage = \"120%\"", "there is no commitment", "`commitment`"),
        ("contract.credits.c.below = \"99%\"", "missing key `credit`", "state it"),
        ("contract.credits.c = { below = \"120%\", credit = \"10%\" }", "`120%` is stated", "as in `99.5%`"),
        ("contract.credits.c = { below = \"99%\", credit = \"110%\" }", "more than the bill", "up to 100%"),
        ("reserved.units = 3", "the price of a reserved unit is missing", "12 USD/h"),
        ("reserved.hour = \"3 USD/day\"", "`day` is not what this price is per", "per hour"),
        ("zone = \"Atlantis\"", "`Atlantis` is not a time zone", "IANA"),
        ("next.paid = \"5 USD\"", "the next tier is missing", "name it"),
        ("next.tier = \"claude-paid\"", "nothing says when", "`days = 7`"),
        ("next = { tier = \"claude-pad\", days = 1 }", "there is no tier `claude-pad`", "did you mean `claude-paid`?"),
        ("minimum-tokens = \"5G\"", "more than a call can have", "4294967295"),
    ];
    for (price, message, help) in cases {
        let text = format!(
            "tiers = [\"it\"]\n[traffic.app]\narrivals.poisson = {{ rate = \"1/h\" }}\n[tier.it.price]\n{price}\n"
        );
        let shown = load(&text).map(|_| ()).expect_err(price).to_string();
        assert!(shown.contains(message) && shown.contains(help), "{price}\n{shown}");
    }
}
