//! The words and cells that every form of a description shares.

use super::document::{CountsDocument, SizesDocument, TraceDocument};
use crate::report::format::{Figure, number, significant};
use crate::scenario::diagnostic::printable;
use crate::traffic::measure::Concern;
use crate::traffic::replay::Detected;

/// What was found, by name, one line each.
pub(super) fn summary(of: &TraceDocument) -> Vec<(&'static str, String)> {
    let mut lines: Vec<(&'static str, String)> = of.read.iter().map(|read| ("read", read.clone())).collect();
    if let Some(begins) = &of.begins {
        lines.push(("begins", begins.clone()));
    }
    if of.period_s.is_none() {
        gaps(of, &mut lines);
    }
    if let Some(correlation) = of.minute_autocorrelation {
        lines.push(("minutes", format!("each correlates with the next by {}", significant(correlation))));
    }
    lines.extend(tokens(of).map(|text| ("tokens", text)));
    lines.extend(of.weekend_to_weekday.map(|ratio| ("weekend", format!("{} of a weekday", percent(ratio)))));
    lines
}

fn gaps(of: &TraceDocument, lines: &mut Vec<(&'static str, String)>) {
    if let (Some(mean), Some(cv)) = (of.gaps.mean_s, of.gaps.cv) {
        let least = of.gaps.least_s.map_or("-".to_owned(), time);
        let (mean, most) = (time(mean), time(of.gaps.most_s));
        lines.push(("gaps", format!("mean {mean}, CV {}, {least} to {most}", significant(cv))));
    }
    if let Some(step) = of.gaps.clock_step_s {
        let ties = number(of.gaps.ties as f64, Figure::Count);
        lines.push(("clock", format!("all stamps lie on steps of {}; {ties} rows share a stamp", time(step))));
    }
    // A clock that throws rows together makes shapes up.
    let is_fine = of.gaps.ties * 20 <= of.rows;
    if let (true, Some(moments), Some(likelihood)) =
        (is_fine, of.gaps.gamma_shape_moments, of.gaps.gamma_shape_likelihood)
    {
        let (moments, likelihood) = (significant(moments), significant(likelihood));
        lines.push(("gamma shape", format!("{moments} by moments, {likelihood} by likelihood")));
    }
}

fn tokens(of: &TraceDocument) -> Option<String> {
    let busiest = number(of.busiest_tokens_60s? as f64, Figure::Count);
    let minutes = of.tokens_per_minute.as_ref()?;
    let mean = minutes.mean.map(|mean| format!(", {} in the mean", number(mean, Figure::Count)));
    let correlation = of.input_output_correlation.map(|r| format!("; correlation of in and out {}", significant(r)));
    Some(format!("{busiest} in the busiest 60s{}{}", mean.unwrap_or_default(), correlation.unwrap_or_default()))
}

/// How a log was read: the layout (by itself, unless it was `stated`), its columns and clock, what was left out and what was
/// taken for granted.
pub fn read_as(detected: &Detected, stated: bool) -> Vec<String> {
    let columns = detected.columns.iter().map(|(what, name)| format!("{what} `{}`", printable(name)));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let told = if stated { "" } else { ", told by its content" };
    let layout = format!("{} ({}{told}): {columns}", detected.format.word(), detected.container.word());
    let mut lines = vec![layout];
    if detected.is_completion {
        lines.push("stamped when answered; durations taken away".to_owned());
    }
    if detected.has_bare_dates {
        lines.push(match &detected.zone {
            None => "stamps that name no zone are taken for UTC (`zone` states another)".to_owned(),
            Some(zone) => format!("stamps that name no zone are those of {}", printable(zone)),
        });
    }
    let count = |count: u64, what: &str| (count > 0).then(|| format!("{} {what}", number(count as f64, Figure::Count)));
    lines.extend(
        detected.skipped.iter().filter_map(|(why, rows)| count(*rows, &format!("left out: {}", printable(why)))),
    );
    lines.extend(count(detected.repeated, "repeat another record and count once"));
    lines.extend(count(detected.steps_back, "came earlier than the row above and were sorted"));
    lines.extend(count(detected.without_duration, "lack a duration and stand at their completion"));
    lines.extend(detected.assumptions.iter().map(|assumption| format!("assumed: {}", printable(assumption))));
    lines
}

/// The rows of the table of windows: window, bins, mean, peak, peak/mean, variance/mean, empty, busiest sliding.
pub(super) fn windows(of: &TraceDocument) -> Vec<[String; 8]> {
    let sliding = |window_s| of.sliding.iter().find(|sliding| sliding.window_s == window_s);
    let row = |window_s: u64, counts: Option<&CountsDocument>| {
        let of = |figure: &dyn Fn(&CountsDocument) -> Option<f64>| {
            counts.and_then(figure).map_or("-".to_owned(), significant)
        };
        let whole = |figure: &dyn Fn(&CountsDocument) -> u64| {
            counts.map_or("-".to_owned(), |counts| number(figure(counts) as f64, Figure::Count))
        };
        [
            time(window_s as f64),
            whole(&|counts| counts.bins),
            of(&|counts| counts.mean),
            whole(&|counts| counts.peak),
            of(&|counts| counts.peak_to_mean),
            of(&|counts| counts.variance_to_mean),
            whole(&|counts| counts.empty),
            sliding(window_s).map_or(String::new(), |sliding| number(sliding.requests as f64, Figure::Count)),
        ]
    };
    let short = of.sliding.iter().filter(|sliding| !of.counts.iter().any(|counts| counts.window_s == sliding.window_s));
    let counted = of.counts.iter().map(|counts| row(counts.window_s, Some(counts)));
    counted.chain(short.map(|sliding| row(sliding.window_s, None))).collect()
}

/// The rows of the table of tokens: name, rows, mean, p50, p90, p95, p99, max, CV, zeros; `None` where no row has a count.
pub(super) fn sizes(of: &TraceDocument) -> Option<Vec<[String; 10]>> {
    let row = |name: &str, sizes: &SizesDocument| {
        let whole = |value: f64| number(value, Figure::Count);
        [
            name.to_owned(),
            whole(sizes.rows as f64),
            whole(sizes.mean),
            whole(sizes.p50),
            whole(sizes.p90),
            whole(sizes.p95),
            whole(sizes.p99),
            whole(f64::from(sizes.max)),
            sizes.cv.map_or("-".to_owned(), significant),
            whole(sizes.zeros as f64),
        ]
    };
    let kinds = [("input", &of.input_tokens), ("cached", &of.cached_tokens), ("output", &of.output_tokens)];
    let rows: Vec<_> = kinds.iter().filter_map(|(name, sizes)| Some(row(name, sizes.as_ref()?))).collect();
    (!rows.is_empty()).then_some(rows)
}

/// Seconds with their unit.
pub fn time(seconds: f64) -> String {
    match seconds {
        60.0 => "1min".to_owned(),
        3_600.0 => "1h".to_owned(),
        s if s > 0.0 && s < 1e-6 => format!("{}ns", (s * 1e9).round()),
        s => number(s, Figure::Time),
    }
}

fn percent(share: f64) -> String {
    number(share, Figure::Share)
}

/// A concern as a sentence.
pub fn concern(concern: &Concern) -> String {
    match concern {
        Concern::FewRows { rows } => format!("{rows} rows are too few for any law to show"),
        Concern::CoarseClock { ties, step } => format!(
            "{} of rows share the stamp of the row before: what happens within {} was not recorded, and gaps, their CV \
             and windows shorter than some such steps are made up by the clock (`ties = \"even\"` or `\"random\"` plays such \
             rows spread over the step)",
            percent(*ties),
            time(step.as_secs_f64()),
        ),
        Concern::CountsOnly { period } => {
            let period = time(period.as_secs_f64());
            format!(
                "the log counts the requests of each {period}: their places within it are made up, and so are gaps and \
                 whatever is shorter"
            )
        }
        Concern::FewMinutesOfTheHour { minutes } => format!(
            "all stamps lie in {minutes} of the 60 minutes of the hour: the log was thinned or squeezed, and does not show \
             how requests arrive",
        ),
        Concern::NoDay { span } => {
            let span = time(span.as_secs_f64());
            format!("{span} cannot show the course of a day: the daily peak is unknown (two days would show it)")
        }
        Concern::MovingRate { cv, dispersion } => format!(
            "gaps with a CV of {} look like chance, but minutes vary {} times as much as chance would have them: the rate \
             itself moves, and peaks are higher than a Poisson process has",
            significant(*cv),
            significant(*dispersion),
        ),
        Concern::OneSilence { longest, cv, without } => format!(
            "one silence of {} makes most of the CV of {}: without it the CV is {}",
            time(longest.as_secs_f64()),
            significant(*cv),
            significant(*without),
        ),
        Concern::NoTokens { rows } => {
            format!("{} rows lack a count of tokens", number(*rows as f64, Figure::Count))
        }
        Concern::Failed { rows, share, burstiness } => {
            let bursts =
                burstiness.map(|times| format!(", in bursts (minutes vary {} times as by chance)", significant(times)));
            format!(
                "{} rows ({}) failed{}: they came all the same and count as requests; a fit leaves their sizes out, and where \
                 clients tried again the log has every attempt",
                number(*rows as f64, Figure::Count),
                percent(*share),
                bursts.unwrap_or_default(),
            )
        }
        Concern::ZeroTokens { rows } => format!(
            "{} rows have 0 tokens: if these are failed calls, they counted against limits all the same",
            number(*rows as f64, Figure::Count)
        ),
    }
}
