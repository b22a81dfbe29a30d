//! Waits that providers have printed, against limiters of the same figures. All of them come out to the nanosecond.

use ratecast::limiter::{Align, Limiter, LimiterModel, SubWindows, TokenBucket, Verdict};
use ratecast::units::{Allowance, Civil, Rate, SimDuration, SimTime};

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

fn secs(s: u64) -> SimDuration {
    SimDuration::from_secs(s)
}

/// How long `asked` has to wait in a bucket of `limit` per `window` seconds of which `used` were taken just now.
fn wait(limit: u64, window: u64, used: u64, asked: u64) -> SimDuration {
    let refill = Rate::new(limit, secs(window)).unwrap();
    let mut bucket = TokenBucket { refill, capacity: Some(limit) }.start(&Civil::default());
    bucket.charge(SimTime::ZERO, used);
    match bucket.verdict(SimTime::ZERO, asked) {
        Verdict::RetryAt(at) => at - SimTime::ZERO,
        verdict => panic!("{asked} with {used} of {limit} used: {verdict:?}"),
    }
}

/// Bodies of 429 replies that print their state: limit, window, used, requested, and the wait in microseconds, which they
/// print in milliseconds, cut off. OpenAI's and, from the sixth on, Groq's.
#[test]
fn replies_print_the_wait_of_a_token_bucket() {
    let bodies = [
        (50_000, MINUTE, 47_949, 3_006, 1_146_000),
        (200_000, MINUTE, 195_869, 4_412, 84_300),
        (30_000, MINUTE, 22_999, 12_528, 11_054_000),
        (3, MINUTE, 3, 1, 20_000_000),
        (200, DAY, 200, 1, 432_000_000),
        (100_000, DAY, 99_912, 480, 338_688_000),
        (100_000, DAY, 99_833, 1_928, 1_521_504_000),
        (100_000, DAY, 95_514, 7_582, 2_674_944_000),
    ];
    for (limit, window, used, asked, micros) in bodies {
        assert_eq!(wait(limit, window, used, asked).as_nanos(), micros * 1_000, "{asked} with {used} of {limit}");
    }
}

/// Headers state the time until the bucket is full: Anthropic's after one of 50 requests, OpenAI's after 519 of 10,000 and
/// 22 of 200,000 tokens (printed as 3.114s and 6ms), and after one of 10,000 requests per day (8.64s).
#[test]
fn headers_print_the_time_until_the_bucket_is_full() {
    let headers = [
        (50, MINUTE, 1, 1_200_000),
        (10_000, MINUTE, 519, 3_114_000),
        (200_000, MINUTE, 22, 6_600),
        (10_000, DAY, 1, 8_640_000),
    ];
    for (limit, window, used, micros) in headers {
        assert_eq!(wait(limit, window, used, limit).as_nanos(), micros * 1_000, "{used} of {limit}");
    }
}

/// Azure: 600 per minute refuse above 10 in one second; 6 per minute are one in 10 seconds.
#[test]
fn azure_spreads_a_minute_over_shorter_windows() {
    for (per_minute, step, share) in [(600, 1, 10), (6, 10, 1)] {
        let limit = Allowance::per(per_minute, secs(MINUTE));
        let mut windows = SubWindows { limit, step: secs(step), align: Align::Epoch }.start(&Civil::default());
        for _ in 0..share {
            assert_eq!(windows.verdict(SimTime::ZERO, 1), Verdict::Admit);
            windows.charge(SimTime::ZERO, 1);
        }
        assert_eq!(windows.verdict(SimTime::ZERO, 1), Verdict::RetryAt(SimTime::ZERO + secs(step)));
    }
}
