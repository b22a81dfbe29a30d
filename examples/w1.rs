use ratecast::{
    client::{retry::*, *},
    engine::*,
    limiter::*,
    provider::{latency::*, *},
    scenario::Scenario,
    traffic::{arrivals::*, *},
    units::*,
};
fn main() {
    let n: u64 = std::env::args().nth(1).map_or(3_000_000, |s| s.parse().unwrap());
    let rate = grammar::rate("1.2/s").unwrap();
    let traffic =
        Traffic { arrivals: Some(Arrivals::Poisson(Poisson { rate })), requests: Some(n), ..Default::default() };
    let mut s = Scenario {
        duration: SimDuration::from_secs(86400 * 365 * 10),
        drain: SimDuration::from_secs(86400),
        traffic: vec![("app".into(), traffic)],
        ..Default::default()
    };
    s.provider = Service {
        time_to_first_token: Durations::Lognormal(ratecast::provider::latency::Lognormal {
            mean: SimDuration::from_secs(2),
            cv: 1.0,
        }),
        time_per_output_token: Durations::constant(SimDuration::ZERO),
        retry_after: Hint::None,
    };
    s.seed = std::env::args().nth(2).map_or(1, |s| s.parse().unwrap());
    let tier = Tier {
        limits: vec![
            (
                "min".into(),
                LimitSpec {
                    counts: ratecast::protocol::Counts::Requests,
                    limiter: LimiterSpec::FixedWindow(FixedWindow {
                        limit: Allowance::per(60, SimDuration::from_secs(60)),
                        align: Align::Epoch,
                    }),
                },
            ),
            (
                "month".into(),
                LimitSpec {
                    counts: ratecast::protocol::Counts::Requests,
                    limiter: LimiterSpec::CalendarWindow(CalendarWindow {
                        limit: Allowance { amount: 1_000_000_000, period: Period::Calendar(CalendarUnit::Month) },
                        zone: "UTC".into(),
                    }),
                },
            ),
        ],
        ..Default::default()
    };
    let p = Persistence { attempts: 6, honor_retry_after: false, ..Default::default() };
    let st = Strategy {
        retry: RetryPolicy::FullJitter(FullJitter { growth: Growth::default(), persistence: p }),
        ..Default::default()
    };
    let t = std::time::Instant::now();
    let r = simulate(Cell { scenario: &s, tier: &tier, strategy: &st }, 0, Stop::default()).unwrap();
    let e = t.elapsed();
    let c = r.total();
    println!(
        "{:.1} ns/req  offered {} attempts/req {:.4} gaveup {:.4} mean {:.3} p50 {:?} p95 {:?} p99 {:?} rej {:?}",
        e.as_nanos() as f64 / n as f64,
        c.offered,
        c.attempts() as f64 / n as f64,
        c.failed() as f64 / n as f64,
        c.latency.mean_s().unwrap(),
        c.latency.quantile(0.5).unwrap(),
        c.latency.quantile(0.95).unwrap(),
        c.latency.quantile(0.99).unwrap(),
        &c.rejected_by_attempt[..6].iter().map(|&x| x as f64 / n as f64).collect::<Vec<_>>()
    );
}
