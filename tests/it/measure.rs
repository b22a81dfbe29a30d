//! Descriptions of recorded logs, against figures that another program computed once and for all.

use crate::traces::{csv, recorded};
use ratecast::traffic::measure::{Concern, Description, Measure};
use ratecast::traffic::replay::{Replay, TraceFormat, TraceReader};
use ratecast::units::SimDuration;

/// The description of a log of the recorded data; `None` where the data is not there.
fn measured(name: &str, spec: &Replay) -> Option<Description> {
    let mut reader = TraceReader::with_outcomes(&recorded(name)?, spec).unwrap();
    let mut rows = Vec::new();
    reader.read(&mut rows, 1_000).unwrap();
    let mut measure = Measure::new(reader.begins().as_ref());
    while !rows.is_empty() {
        rows.drain(..).for_each(|row| measure.add(&row));
        reader.read(&mut rows, 1_000).unwrap();
    }
    Some(measure.finish(None))
}

/// What is known of one window: seconds, bins, peak, empty bins, variance over mean.
type Window = (u64, u64, u64, u64, f64);

/// `found` printed with as many digits as `expected` has.
fn same(what: &str, found: f64, expected: &str) {
    let decimals = expected.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    // Half a unit of the last digit, and a hair for the rounding of a half.
    let unit = 0.1f64.powi(decimals as i32);
    let number: f64 = expected.parse().unwrap();
    assert!((found - number).abs() <= 0.51 * unit, "{what}: {found} instead of {expected}");
}

fn same_windows(of: &Description, windows: &[Window]) {
    for &(seconds, bins, peak, empty, dispersion) in windows {
        let counts = of.counts(seconds).unwrap();
        assert_eq!((counts.bins(), counts.peak(), counts.empty()), (bins, peak, empty), "{seconds} s");
        let found = counts.dispersion().unwrap();
        assert!((found / dispersion - 1.0).abs() < 5e-4, "{seconds} s: {found} instead of {dispersion}");
    }
}

/// The same hour in two layouts: a wall clock of 100 ns and a relative one of 1 us.
fn is_the_conversation_hour(of: &Description) {
    assert_eq!((of.rows, of.gaps.ties()), (19_366, 0));
    same("span", of.span.as_secs_f64(), "3502");
    same("rate", of.mean_rate().unwrap(), "5.53");
    same("cv", of.gaps.cv().unwrap(), "1.094");
    same("shape by moments", of.gaps.shape_by_moments().unwrap(), "0.8352");
    same("shape by likelihood", of.gaps.shape_by_likelihood().unwrap(), "0.871");
    assert_eq!(of.gaps.least(), Some(SimDuration::from_nanos(2_000)));
    same("largest gap", of.gaps.most().as_secs_f64(), "4.315");
    let windows = [
        (1, 3_501, 16, 38, 1.385_5),
        (10, 350, 98, 0, 3.868),
        (60, 58, 507, 0, 16.411),
        (300, 11, 2_124, 0, 61.705),
        (600, 5, 4_123, 0, 100.4),
    ];
    let known = |&(seconds, bins, _, empty, dispersion): &Window| {
        let peak = of.counts(seconds).unwrap().peak();
        (seconds, bins, peak, empty, dispersion)
    };
    same_windows(of, &windows.iter().map(known).collect::<Vec<_>>());
    for (seconds, peak, ratio) in [(1, 16, "2.893"), (10, 98, "1.771"), (60, 507, "1.521"), (600, 4_123, "1.192")] {
        assert_eq!(of.counts(seconds).unwrap().peak(), peak);
        same("peak over mean", of.counts(seconds).unwrap().peak_to_mean().unwrap(), ratio);
    }
    assert_eq!(of.dispersion(300), None, "eleven windows say nothing about their variance");
    assert_eq!(of.counts(3_600).unwrap().bins(), 0);
    same("autocorrelation", of.autocorrelation().unwrap(), "0.810018");
    assert_eq!(of.sliding, [(1, 19), (10, 112), (60, 522)]);
    assert_eq!(of.busiest_tokens, 830_960);
    same("tokens a minute", of.tokens_a_minute.mean().unwrap() / 10.0, "45536");
    assert_eq!(of.tokens_a_minute.peak(), 800_837);
    same("correlation", of.correlation.unwrap(), "-0.1124");
    let input = ["1155", "1020", "2734", "4083", "4142"];
    let output = ["211.1", "129", "424", "451", "601"];
    for (tally, [mean, p50, p90, p95, p99], max, cv) in
        [(&of.input, input, 14_050, "0.9603"), (&of.output, output, 1_000, "0.7714")]
    {
        same("mean", tally.mean().unwrap(), mean);
        for (q, expected) in [(0.5, p50), (0.9, p90), (0.95, p95), (0.99, p99)] {
            same("quantile", tally.quantile(q).unwrap(), expected);
        }
        assert_eq!((tally.rows(), tally.zeros(), tally.max().get()), (19_366, 0, max));
        same("cv", tally.cv().unwrap(), cv);
    }
}

#[test]
fn an_hour_of_conversations() {
    let Some(of) = measured("azure-llm-2023/AzureLLMInferenceTrace_conv.csv", &Replay::default()) else { return };
    is_the_conversation_hour(&of);
    assert!(matches!(of.concerns[..], [Concern::MovingRate { .. }, Concern::NoDay { .. }]), "{:?}", of.concerns);
}

#[test]
fn the_same_hour_on_another_clock() {
    let spec = Replay { format: TraceFormat::Vidur, ..Replay::default() };
    let Some(of) = measured("vidur/splitwise_conv.csv", &spec) else { return };
    is_the_conversation_hour(&of);
}

#[test]
fn ten_hours_of_bursts() {
    let spec = Replay { format: TraceFormat::BurstGpt, ..Replay::default() };
    let Some(of) = measured("burstgpt/BurstGPT_1_head.csv", &spec) else { return };
    assert_eq!((of.rows, of.gaps.ties()), (400, 4));
    same("rate", of.mean_rate().unwrap(), "0.01071");
    same("cv", of.gaps.cv().unwrap(), "4.567");
    same("shape by moments", of.gaps.shape_by_moments().unwrap(), "0.04795");
    same("shape by likelihood", of.gaps.shape_by_likelihood().unwrap(), "0.4591");
    assert_eq!((of.gaps.least(), of.gaps.most()), (Some(SimDuration::from_secs(1)), SimDuration::from_secs(6_651)));
    assert_eq!(of.gaps.step(), Some(SimDuration::from_secs(1)));
    same_windows(
        &of,
        &[
            (1, 37_269, 2, 36_874, 1.004_4),
            (10, 3_726, 3, 3_389, 1.226_3),
            (60, 621, 8, 432, 2.783_3),
            (600, 62, 45, 22, 16.71),
            (3_600, 10, 161, 1, 74.61),
        ],
    );
    assert_eq!(of.sliding, [(1, 2), (10, 4), (60, 10)]);
    assert_eq!(of.busiest_tokens, 11_100);
    same("tokens a minute", of.tokens_a_minute.mean().unwrap(), "512.6");
    assert_eq!((of.tokens_a_minute.peak(), of.input.zeros(), of.output.zeros()), (9_220, 17, 17));
    same("correlation", of.correlation.unwrap(), "0.2445");
    for (q, input, output) in [(0.5, "314", "229.5"), (0.9, "1418", "570.7"), (0.95, "1637", "813.6")] {
        same("input", of.input.quantile(q).unwrap(), input);
        same("output", of.output.quantile(q).unwrap(), output);
    }
    same("input cv", of.input.cv().unwrap(), "1.058");
    same("output cv", of.output.cv().unwrap(), "1.074");
    let [Concern::OneSilence { without, .. }, Concern::NoDay { .. }, Concern::Failed { rows: 17, .. }] =
        of.concerns[..]
    else {
        panic!("{:?}", of.concerns)
    };
    assert!(without < 3.6, "without its longest silence the log is another one: {without}");
}

#[test]
fn a_log_that_was_flushed_every_three_seconds() {
    let Some(of) = measured("mooncake/conversation_trace.jsonl", &Replay::default()) else { return };
    assert_eq!((of.rows, of.gaps.ties()), (12_031, 10_851));
    same("cv", of.gaps.cv().unwrap(), "3.034");
    assert_eq!(of.gaps.least(), Some(SimDuration::from_nanos(2_997_000_000)));
    assert_eq!(of.gaps.step(), Some(SimDuration::from_nanos(1_000_000)));
    let windows =
        [(1, 3_536, 28, 2_357, 7.9), (10, 353, 67, 0, 2.105), (60, 58, 247, 0, 2.946), (600, 5, 2_192, 0, 16.01)];
    same_windows(&of, &windows);
    assert_eq!((of.sliding[0], of.sliding[2], of.busiest_tokens), ((1, 28), (60, 260), 3_425_705));
    same("correlation", of.correlation.unwrap(), "0.07188");
    assert!(matches!(of.concerns[..], [Concern::CoarseClock { .. }, Concern::NoDay { .. }]), "{:?}", of.concerns);
}

#[test]
fn a_log_that_was_squeezed_into_one_minute_of_each_hour() {
    let Some(of) = measured("elastic-apache/apache_logs", &Replay::default()) else { return };
    assert_eq!((of.rows, of.gaps.ties()), (10_000, 5_638));
    same("cv", of.gaps.cv().unwrap(), "10.75");
    same("shape by likelihood", of.gaps.shape_by_likelihood().unwrap(), "0.1871");
    let windows = [
        (1, 298_859, 9, 294_498, 2.921),
        (10, 29_885, 38, 29_382, 20.46),
        (60, 4_980, 136, 4_897, 118.0),
        (600, 498, 136, 415, 100.3),
        (3_600, 83, 136, 0, 0.551),
    ];
    same_windows(&of, &windows);
    assert_eq!((of.sliding[0], of.sliding[2], of.correlation), ((1, 9), (60, 136), None));
    assert!(matches!(of.concerns[0], Concern::FewMinutesOfTheHour { minutes: 1 }), "{:?}", of.concerns);
}

#[test]
fn calls_that_come_together() {
    let Some(of) = measured("azure-functions-2021/Azure2021_200.csv", &Replay::default()) else { return };
    same("cv", of.gaps.cv().unwrap(), "1.869");
    same("shape by likelihood", of.gaps.shape_by_likelihood().unwrap(), "0.152");
    same_windows(&of, &[(1, 1_200, 22, 1_116, 8.352), (10, 120, 24, 59, 8.44), (60, 20, 42, 0, 10.73)]);
    assert_eq!((of.rows, of.sliding[0], of.sliding[2]), (199, (1, 22), (60, 42)));
}

#[test]
fn a_load_test() {
    let Some(of) = measured("vllm-bench/rtx4090_llama31_8b_requests.jsonl", &Replay::default()) else { return };
    same("cv", of.gaps.cv().unwrap(), "0.9421");
    same("shape by likelihood", of.gaps.shape_by_likelihood().unwrap(), "0.9875");
    same_windows(&of, &[(1, 29, 18, 0, 1.056)]);
    assert_eq!((of.rows, of.sliding[0], of.busiest_tokens), (300, (1, 21), 452_992));
    for (q, input, output) in [(0.5, "731.5", "632"), (0.95, "1749", "773"), (0.99, "2765", "784.1")] {
        same("input", of.input.quantile(q).unwrap(), input);
        same("output", of.output.quantile(q).unwrap(), output);
    }
}

#[test]
fn columns_by_name() {
    let spec = csv("timestamp", None, "", "");
    let Some(of) = measured("nab-cloudwatch/elb_request_count_8c0756.csv", &spec) else { return };
    assert_eq!((of.rows, of.gaps.least()), (4_032, Some(SimDuration::from_secs(300))));
    // Two weeks of one row each five minutes: the profile is flat.
    let profile = of.hours.by_hour().unwrap();
    assert!(profile.iter().all(|weight| (weight - 1.0).abs() < 0.02), "{profile:?}");
    assert!((of.hours.weekend_to_weekday().unwrap() - 1.0).abs() < 0.01);
}
